"""Groups: create, and update with rename. One function per verb; what their type says is in ``group_types``.

The common name is what a group is known by and is never numbered: a second one below the group OU is refused. Its
sAMAccountName, which the whole domain shares with users and computers, is made of it and numbered where it is taken.
"""

from connectors.active_directory import naming
from connectors.active_directory.attributes import first_values, texts
from connectors.active_directory.directory import GROUP, Directory, id_of, plain_values
from connectors.active_directory.group_types import GroupType, steps
from connectors.contract import Account, Attributes, Value
from connectors.errors import AlreadyExists, ConnectorError, Misconfigured, Rejected, Unavailable
from connectors.ldap_client.library import MODIFY_REPLACE
from connectors.ldap_client.names import build_rdn, child_dn, parse_known_dn
from connectors.ldap_client.session import Entry
from connectors.ldap_client.values import Texts, value_of

ACCOUNT_NAME = "sAMAccountName"
CLASSES = ("top", "group")

_NAMES = ("cn", "name")
_LONGEST_COMMON_NAME = 64
_TRIES = 5


def create(directory: Directory, attributes: Attributes) -> Account:
    """Add a group below the group OU."""
    wanted = _wanted(directory, attributes)
    name = _name(wanted)
    if name is None:
        raise Rejected(
            "The group has no name.",
            code="ad.nameMissing",
            fix="Map cn from an attribute that every group has.",
            attribute="cn",
        )
    mapped = ACCOUNT_NAME in wanted
    wanted.setdefault(ACCOUNT_NAME, [account_name(name)])
    dn = _add(directory, child_dn("CN", name, directory.settings.group_base), wanted, mapped=mapped)
    try:
        entry = directory.session.read(dn, ["objectGUID"])
        if entry is None:
            raise Unavailable(f"{dn} was created and is gone.", code="ad.goneMeanwhile", fix="It is tried again.")
        remote_id = id_of(entry)
    except ConnectorError as error:
        error.may_have_happened = True
        raise
    standing: dict[str, Value] = {held: value_of(values) for held, values in wanted.items() if values}
    return Account(GROUP, remote_id, entry.dn, {**standing, **attributes, "cn": name})


def update(directory: Directory, remote_id: str, changes: Attributes) -> Account:
    """Write attributes; a new common name renames the group, and its type follows if the settings say so."""
    wanted = _wanted(directory, changes)
    entry = directory.locate(GROUP, remote_id, [*wanted, "groupType"])
    dn = _rename(directory, entry.dn, _name(wanted))
    for _ in range(_TRIES):
        changed = {
            name: [(MODIFY_REPLACE, [value.encode() for value in values])]
            for name, values in wanted.items()
            if name.lower() not in _NAMES and not _stands(directory, entry, name, values)
        }
        if not changed:
            break
        try:
            directory.session.modify(dn, changed)
            break
        except ConnectorError as error:
            if ACCOUNT_NAME not in changed or not _may_number(directory, error, mapped=True):
                raise
            wanted[ACCOUNT_NAME] = [naming.free_account_name(directory, wanted[ACCOUNT_NAME][0])]
    else:
        raise _busy(dn)
    if directory.settings.follow_group_type:
        _follow_type(directory, entry, dn)
    return Account(GROUP, remote_id, dn)


def account_name(name: str) -> str:
    """Return a group's name as its sAMAccountName: words without forbidden characters. Raises ``Rejected``."""
    words = [word for part in name.replace("@", " ").split() if (word := naming.account_name(part))]
    made = " ".join(words)[:_LONGEST_COMMON_NAME].rstrip(". ")
    if not made:
        raise Rejected(
            "No sAMAccountName can be made of the group's name.",
            code="ad.accountNameMissing",
            fix="Map sAMAccountName for groups, or give the group a name with letters or digits.",
            attribute=ACCOUNT_NAME,
        )
    return made


def _wanted(directory: Directory, attributes: Attributes) -> Texts:
    wanted = {
        ACCOUNT_NAME if name.lower() == ACCOUNT_NAME.lower() else name: values
        for name, values in texts(directory, attributes).items()
    }
    if ACCOUNT_NAME in wanted:
        if wanted[ACCOUNT_NAME]:
            wanted[ACCOUNT_NAME] = [account_name(wanted[ACCOUNT_NAME][0])]
        else:
            del wanted[ACCOUNT_NAME]  # no group may be without one
    return wanted


def _name(wanted: Texts) -> str | None:
    """Return the wanted common name, if there is one. Raises ``Rejected``."""
    values = first_values([wanted])
    name = next((values[held].strip() for held in _NAMES if values.get(held, "").strip()), None)
    if name is None:
        return None
    if len(name) > _LONGEST_COMMON_NAME:
        raise Rejected(
            f"The group's name is longer than {_LONGEST_COMMON_NAME} characters.",
            code="ad.nameTooLong",
            fix="Give it a shorter name, or map cn from a shorter one and displayName from the whole.",
            attribute="cn",
        )
    return naming.fitting_common_name(name)


def _add(directory: Directory, dn: str, wanted: Texts, *, mapped: bool) -> str:
    """Add the group, under the next free sAMAccountName where that may be; return its DN."""
    kind = GroupType.of(directory.settings.group_scope, directory.settings.group_category)
    for _ in range(_TRIES):
        values = {
            name: [value.encode() for value in held]
            for name, held in wanted.items()
            if held and name.lower() not in _NAMES
        }
        try:
            directory.session.add(dn, CLASSES, {**values, "groupType": [kind.text.encode()]}, "objectGUID")
        except AlreadyExists as taken:
            if not _may_number(directory, taken, mapped=mapped):
                raise
            wanted[ACCOUNT_NAME] = [naming.free_account_name(directory, wanted[ACCOUNT_NAME][0])]
        else:
            return dn
    raise _busy(dn)


def _may_number(directory: Directory, error: ConnectorError, *, mapped: bool) -> bool:
    return error.code == "ad.accountNameTaken" and (not mapped or directory.settings.account_name_taken == "number")


def _rename(directory: Directory, dn: str, name: str | None) -> str:
    old = parse_known_dn(dn)
    if name is None or old.rdn[0][1] == name:
        return dn
    directory.session.rename(dn, build_rdn((("CN", name),)))
    return child_dn("CN", name, old.parent)


def _stands(directory: Directory, entry: Entry, name: str, values: list[str]) -> bool:
    """Whether an attribute is as wanted; a numbered sAMAccountName is, where the settings let it be numbered."""
    held = plain_values(entry, name)
    if name == ACCOUNT_NAME and held and directory.settings.account_name_taken == "number":
        if held[0].casefold() == values[0].casefold():
            return held == values
        return naming.is_numbered(held[0], values[0], naming.LONGEST_ACCOUNT_NAME, "")
    return sorted(values) == sorted(held)


def _follow_type(directory: Directory, entry: Entry, dn: str) -> None:
    """Give the group scope and category of new ones. From global to domain-local the way is over universal."""
    held = entry.values("groupType")
    if not held:
        return
    wanted = GroupType.of(directory.settings.group_scope, directory.settings.group_category)
    for step in steps(GroupType(int(held[0])), wanted):
        try:
            directory.session.modify(dn, {"groupType": [(MODIFY_REPLACE, [step.text.encode()])]})
        except (Rejected, Misconfigured) as refused:
            raise Rejected(
                f"The domain does not let {dn} become a {step.words} group.",
                code="ad.groupType",
                fix="Look at its members and at the groups it is in: a global group takes users and global groups "
                "only. Or turn off 'Change the type of existing groups'.",
                attribute="groupType",
            ) from refused


def _busy(dn: str) -> Unavailable:
    return Unavailable(
        f"Others take the free names for {dn} at this moment.",
        code="ad.concurrentChange",
        fix="It is tried again.",
        one_object=True,
    )
