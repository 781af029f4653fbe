"""Users: create, update with rename and move, activate, deactivate. One function per verb.

A create takes three requests, and any of them can be the last one before a crash: the account is added disabled and
without a password (userAccountControl 546, which is what a controller gives it by itself); it is read; and one request
sets a random password together with the wanted flags. Who comes back finds the account by its matching attributes: an
update writes the rest, and ``activate`` sees by flag and pwdLastSet that there never was a password, and gives one.
Until then the account is disabled.
"""

from collections.abc import Mapping
from dataclasses import replace

from connectors.active_directory import naming, places
from connectors.active_directory.activation import DISABLED, change_flags, flags, is_unfinished
from connectors.active_directory.addresses import addresses
from connectors.active_directory.attributes import first_values, texts
from connectors.active_directory.directory import USER, Directory, id_of, plain_values
from connectors.active_directory.identifiers import guid_base
from connectors.active_directory.passwords import give_first_password
from connectors.contract import Account, Attributes, Value
from connectors.errors import AlreadyExists, ConnectorError, Misconfigured, NotFound, Rejected, Unavailable
from connectors.ldap_client.library import MODIFY_ADD, MODIFY_DELETE, MODIFY_REPLACE
from connectors.ldap_client.names import parse_known_dn
from connectors.ldap_client.results import NO_SUCH_ATTRIBUTE, REFERRAL, SUCCESS, VALUE_EXISTS
from connectors.ldap_client.session import Entry
from connectors.ldap_client.values import Texts, value_of

CLASSES = ("top", "person", "organizationalPerson", "user")
_TRIES = 5
_NAMES = ("cn", "name")
ACCOUNT_NAME, PRINCIPAL_NAME, ADDRESSES = "sAMAccountName", "userPrincipalName", "proxyAddresses"
_OWN_FORMS = (ACCOUNT_NAME, PRINCIPAL_NAME, ADDRESSES)
"""What is written in another form than it was given."""

type _Modification = dict[str, list[tuple[str, list[bytes]]]]


def create(directory: Directory, attributes: Attributes, *, active: bool) -> Account:
    """Add a user where the placement says, or among the deactivated ones."""
    wanted = _wanted(directory, attributes)
    values = first_values([wanted])
    name = naming.common_name(values)
    if ADDRESSES in wanted:
        wanted[ADDRESSES] = addresses([], wanted[ADDRESSES], directory.settings.proxy_addresses, values.get("mail"))
    mapped = ACCOUNT_NAME in wanted
    if not mapped:
        wanted[ACCOUNT_NAME] = [naming.generated_account_name(directory.settings, values)]
    aside = directory.settings.inactive_base if not active else None
    parent = aside or places.place(directory, values)
    try:
        dn = _add(directory, wanted, name, parent, mapped=mapped)
    except Misconfigured as refused:
        if refused.code != "ad.placeMissing" or aside:
            raise
        places.make_units(directory, values)
        dn = _add(directory, wanted, name, parent, mapped=mapped)
    try:
        entry = _finish(directory, dn, active=active)
    except ConnectorError as error:
        error.may_have_happened = True  # the account is there, whatever became of the rest
        raise
    names: dict[str, Value] = {held: value_of(wanted[held]) for held in _OWN_FORMS if wanted.get(held)}
    names["cn"] = parse_known_dn(entry.dn).rdn[0][1]
    return Account(USER, id_of(entry), entry.dn, {**attributes, **names}, active)


def _finish(directory: Directory, dn: str, *, active: bool) -> Entry:
    """Give a user that was added a moment ago a password and its flags."""
    entry = directory.session.read(dn, ["objectGUID", "userAccountControl", "pwdLastSet"])
    if entry is None:
        raise Unavailable(f"{dn} was created and is gone.", code="ad.goneMeanwhile", fix="It is tried again.")
    try:
        give_first_password(directory, entry, on=0 if active else DISABLED, off=DISABLED if active else 0)
    except (Rejected, Misconfigured) as refused:
        refused.created = Account(USER, id_of(entry), entry.dn, active=False)
        raise
    return entry


def update(directory: Directory, remote_id: str, changes: Attributes) -> Account:
    """Write attributes; a new common name renames the user, and a new placement moves it if the settings say so."""
    wanted = _wanted(directory, changes)
    placement = places.placement_of(directory)
    follows = directory.settings.follow_placement and bool(
        set(placement.attributes) & {name.lower() for name in wanted}
    )
    asked = {*wanted, "userAccountControl", *(["mail"] if ADDRESSES in wanted else [])}
    entry = directory.locate(USER, remote_id, sorted(asked | (set(placement.attributes) if follows else set())))
    dn = _settle(directory, entry, wanted, follows=follows)
    for _ in range(_TRIES):
        modification = _modification(directory, entry, wanted)
        if not modification:
            break
        result = directory.modify(replace(entry, dn=dn), modification)
        if result.code == SUCCESS:
            break
        if ADDRESSES in modification and result.code in (NO_SUCH_ATTRIBUTE, VALUE_EXISTS):
            entry = directory.locate(USER, remote_id, sorted(asked))  # somebody else changed them meanwhile
            continue
        error = directory.session.error_of(result)
        if not _may_number(directory, error, mapped=True) or ACCOUNT_NAME not in modification:
            raise error
        wanted[ACCOUNT_NAME] = [naming.free_account_name(directory, wanted[ACCOUNT_NAME][0])]
    else:
        raise Unavailable(
            f"Somebody else changes {dn} at this moment.",
            code="ad.concurrentChange",
            fix="It is tried again.",
            one_object=True,
        )
    return Account(USER, remote_id, dn)


def set_active(directory: Directory, remote_id: str, *, active: bool) -> None:
    """Let a user sign in, or not. What comes first leaves the user disabled if this ends in the middle."""
    settings = directory.settings
    asked = ["userAccountControl", "pwdLastSet"]
    if settings.inactive_base:
        asked += places.placement_of(directory).attributes
    if settings.strip_groups and not active:
        asked.append("memberOf")
    entry = directory.locate(USER, remote_id, asked)
    if active:
        _come_back(directory, remote_id, entry, asked)
        return
    change_flags(directory, entry, on=DISABLED)
    if settings.strip_groups:
        _strip_groups(directory, remote_id, entry)
    if settings.inactive_base and not places.is_put_away(directory, entry.dn):
        places.settle(directory, entry.dn, parent=settings.inactive_base)


def _wanted(directory: Directory, attributes: Attributes) -> Texts:
    """Return the wanted texts with names in the form in which they are written. Raises ``Rejected``."""
    spelled = {name.lower(): name for name in _OWN_FORMS}
    wanted = {spelled.get(name.lower(), name): values for name, values in texts(directory, attributes).items()}
    if ACCOUNT_NAME in wanted:
        name = naming.account_name(wanted[ACCOUNT_NAME][0]) if wanted[ACCOUNT_NAME] else ""
        if name:
            wanted[ACCOUNT_NAME] = [name]
        else:
            del wanted[ACCOUNT_NAME]  # nobody may be without one
    if wanted.get(PRINCIPAL_NAME):
        principal = naming.principal_name(directory, wanted[PRINCIPAL_NAME][0])
        if principal is None:
            raise Rejected(
                "The userPrincipalName has a suffix that the connection does not allow.",
                code="ad.principalNameSuffix",
                fix="Add the suffix to those of the connection, have it replaced, or correct the user name.",
                attribute=PRINCIPAL_NAME,
            )
        wanted[PRINCIPAL_NAME] = [principal]
    return wanted


def _add(directory: Directory, wanted: Texts, name: str, parent: str, *, mapped: bool) -> str:
    """Add the account, under the next free names where the settings let them be numbered; return its DN."""
    for _ in range(_TRIES):
        values = {
            held: [text.encode() for text in texts]
            for held, texts in wanted.items()
            if texts and held.lower() not in _NAMES
        }
        dn = naming.user_dn(name, parent)
        try:
            directory.session.add(dn, CLASSES, values, "objectGUID")
        except AlreadyExists as taken:
            if _may_number(directory, taken, mapped=mapped):
                wanted[ACCOUNT_NAME] = [naming.free_account_name(directory, wanted[ACCOUNT_NAME][0])]
            elif taken.code == "ad.nameTaken" and directory.settings.cn_taken == "number":
                name = naming.free_common_name(directory, name, parent)
            else:
                raise
        else:
            return dn
    raise Unavailable(
        f"Others take the free names for {dn} at this moment.",
        code="ad.concurrentChange",
        fix="It is tried again.",
        one_object=True,
    )


def _may_number(directory: Directory, error: ConnectorError, *, mapped: bool) -> bool:
    return error.code == "ad.accountNameTaken" and (not mapped or directory.settings.account_name_taken == "number")


def _settle(directory: Directory, entry: Entry, wanted: Texts, *, follows: bool) -> str:
    """Rename and move as far as the wanted values say so; return the DN."""
    parent = None
    if follows and not places.is_put_away(directory, entry.dn):
        held = {name: entry.values(name) for name in places.placement_of(directory).attributes}
        values = first_values([held, wanted])
        parent = places.place(directory, values)
        if directory.session.read(parent, ["1.1"]) is None:
            places.make_units(directory, values)
    given = [values[0] for name, values in wanted.items() if name.lower() in _NAMES and values]
    name = naming.fitting_common_name(given[0]) if given else None
    return places.settle(directory, entry.dn, name=name, parent=parent)


def _modification(directory: Directory, entry: Entry, wanted: Texts) -> _Modification:
    """Return what differs from what stands."""
    changed: _Modification = {}
    for name, values in wanted.items():
        held = plain_values(entry, name)
        if name.lower() in _NAMES or (values and sorted(values) == sorted(held)) or (not values and not held):
            continue
        if name == ACCOUNT_NAME and held and _keeps_number(directory, held[0], values[0]):
            continue
        if name == ADDRESSES:
            changed |= _addresses(directory, entry, wanted)
        else:
            changed[name] = [(MODIFY_REPLACE, [value.encode() for value in values])]
    return changed


def _addresses(directory: Directory, entry: Entry, wanted: Texts) -> _Modification:
    """Take away what goes and add what comes, so that what others add at this moment stays."""
    held = entry.values(ADDRESSES)
    mail = first_values([{"mail": entry.values("mail")}, wanted]).get("mail")
    after = addresses(held, wanted[ADDRESSES], directory.settings.proxy_addresses, mail)
    parts: tuple[tuple[str, list[bytes]], ...] = (
        (MODIFY_DELETE, [value.encode() for value in held if value not in after]),
        (MODIFY_ADD, [value.encode() for value in after if value not in held]),
    )
    changed = [(operation, values) for operation, values in parts if values]
    return {ADDRESSES: changed} if changed else {}


def _keeps_number(directory: Directory, held: str, wanted: str) -> bool:
    if directory.settings.account_name_taken != "number" or held.casefold() == wanted.casefold():
        return False
    return naming.is_numbered(held, wanted, naming.LONGEST_ACCOUNT_NAME, "")


def _come_back(directory: Directory, remote_id: str, entry: Entry, asked: list[str]) -> None:
    if places.is_put_away(directory, entry.dn):
        values: Mapping[str, str] = first_values([{name: entry.values(name) for name in asked}])
        parent = places.place(directory, values)
        if directory.session.read(parent, ["1.1"]) is None:
            places.make_units(directory, values)
        places.settle(directory, entry.dn, parent=parent)
        entry = directory.locate(USER, remote_id, asked)
    if is_unfinished(entry):
        give_first_password(directory, entry, on=0, off=DISABLED)
        return
    try:
        change_flags(directory, entry, off=DISABLED)
    except Rejected as refused:
        # An account that lost its password (restored without the recycle bin) cannot be enabled before it has one.
        if refused.code != "ad.passwordPolicy" or not flags(entry) & DISABLED:
            raise
        give_first_password(directory, entry, on=0, off=DISABLED)


def _strip_groups(directory: Directory, remote_id: str, entry: Entry) -> None:
    """Remove a user from all groups of the domain but the primary one, which memberOf does not name (MS-ADA2 2.45)."""
    refusal: ConnectorError | None = None
    done: set[str] = set()
    while groups := [dn for dn in directory.ids_of(_member_of(entry)).values() if dn not in done]:
        for group in groups:
            done.add(group)
            try:
                _leave(directory, group, remote_id)
            except (Rejected, NotFound) as refused:
                refusal = refusal or refused
        entry = directory.locate(USER, remote_id, ["memberOf"])
    if isinstance(refusal, Rejected):
        raise refusal


def _member_of(entry: Entry) -> list[str]:
    return [value for name in entry.attributes if name.lower().startswith("memberof") for value in entry.values(name)]


def _leave(directory: Directory, group: str, member: str) -> None:
    leaving = (MODIFY_DELETE, [guid_base(member).encode()])
    result = directory.session.try_modify(guid_base(group), {"member": [leaving]})
    if result.code in (SUCCESS, NO_SUCH_ATTRIBUTE, REFERRAL):  # a group of another domain is that domain's affair
        return
    error = directory.session.error_of(result)
    if error.code != "ad.notMember":
        raise error
