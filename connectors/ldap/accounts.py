"""Users and groups as entries: find, read, create, update with rename, activate, delete. One function per verb."""

from collections.abc import Mapping

from connectors.contract import Account, Attributes, Match, ObjectKind, Reference
from connectors.errors import AlreadyExists, ConnectorError, Misconfigured, NotFound, Rejected
from connectors.ldap.directory import GROUP, USER, Directory
from connectors.ldap.entries import account_of, accounts_of
from connectors.ldap.holding import LOGIN
from connectors.ldap.posix import additions
from connectors.ldap.references import reference_dn, repoint, repoint_former, repoint_login
from connectors.ldap.structure import in_words
from connectors.ldap_client.library import MODIFY_ADD, MODIFY_REPLACE
from connectors.ldap_client.names import build_rdn, child_dn, equals, folded, parse_dn, parse_known_dn, renamed
from connectors.ldap_client.results import SUCCESS, VALUE_EXISTS
from connectors.ldap_client.session import Entry
from connectors.ldap_client.values import Texts, attribute_name, naming_value, texts_of


def find(directory: Directory, match: Match) -> list[Account]:
    """Return at most two accounts."""
    if not match.value:
        return []
    condition = equals(attribute_name(match.attribute), match.value)
    entries = directory.find(match.kind, condition, directory.readable(match.kind), 2)
    return accounts_of(directory, match.kind, entries)


def read(directory: Directory, kind: ObjectKind, remote_id: str) -> Account:
    """Return one account."""
    return account_of(directory, kind, directory.locate(kind, remote_id, directory.readable(kind)))


def create(directory: Directory, kind: ObjectKind, attributes: Attributes, *, active: bool) -> Account:
    """Add an entry below the base of its kind."""
    naming, classes = directory.naming_attribute(kind), directory.classes(kind)
    wanted = {name: values for name, values in _texts(directory, attributes).items() if values}
    name = naming_value(naming, _values_of(directory, wanted, naming))
    values = {attribute: [text.encode() for text in texts] for attribute, texts in wanted.items()}
    parent = directory.settings.group_base
    if kind is USER:
        for attribute, text in _fallbacks(directory, wanted, name).items():
            values[attribute] = [text.encode()]
        values |= {a: held for a, held in directory.switch.written(active=active).items() if held}
        parent = directory.settings.user_base
        if directory.switch.inactive_base and not active:
            parent = directory.switch.inactive_base
    elif directory.needs_placeholder:
        values[directory.settings.member_attribute] = [directory.settings.placeholder.encode()]
    _must_be_free(directory, kind, naming, name, parent)
    dn = child_dn(naming, name, parent)
    more = additions(directory, kind, wanted)
    values |= {attribute: [text.encode()] for attribute, text in more.values.items()}
    try:
        remote_id = directory.session.add(dn, classes, values, directory.settings.id_attribute)
    except AlreadyExists as taken:
        more.give_back(directory)
        taken.attribute = taken.attribute or naming
        raise
    except ConnectorError as refused:
        more.give_back(directory)
        raise in_words(directory, kind, refused, values) from None
    if remote_id is None:
        try:
            entry = directory.session.read(dn, [directory.settings.id_attribute])
            remote_id = directory.id_of(entry or Entry(dn, {}))
        except ConnectorError as error:
            error.may_have_happened = True
            raise
    return Account(kind, remote_id, dn, {**attributes, **more.values}, active if kind is USER else None)


def update(directory: Directory, kind: ObjectKind, remote_id: str, changes: Attributes) -> Account:
    """Write attributes; where one of them names the entry, rename it.

    A rename takes three steps, so that a crash after any of them is made good by the next run: the new name is given
    while the old one stays as a second value; then references to the old DN are corrected; then the old value goes.
    """
    wanted = _texts(directory, changes)
    entry = directory.locate(kind, remote_id, [directory.settings.id_attribute, *wanted])
    dn = _rename(directory, kind, entry, wanted)
    if kind is USER and directory.settings.holds_logins:
        _rename_in_groups(directory, remote_id, Entry(dn, entry.attributes), wanted)
    changed = {
        name: [(MODIFY_REPLACE, [text.encode() for text in texts])]
        for name, texts in wanted.items()
        if not texts or sorted(texts) != sorted(entry.values(name))
    }
    if changed:
        directory.session.modify(dn, changed)
    return Account(kind, remote_id, dn)


def set_active(directory: Directory, remote_id: str, *, active: bool) -> None:
    """Let a user sign in, or not."""
    switch = directory.switch
    entry = directory.locate(USER, remote_id, [directory.settings.id_attribute, *switch.attributes])
    if switch.inactive_base is not None:
        _move(directory, entry, directory.settings.user_base if active else switch.inactive_base, active=active)
    elif switch.is_active(entry) is not active:
        written = switch.written(active=active)
        directory.session.modify(entry.dn, {name: [(MODIFY_REPLACE, values)] for name, values in written.items()})


def delete(directory: Directory, kind: ObjectKind, remote_id: str) -> None:
    """Delete an entry. What points at it is cleared first: should this end in the middle, nobody would know its DN.

    And once more when it is gone: who was made to point at it meanwhile finds nothing then.
    """
    try:
        entry = directory.locate(kind, remote_id, [LOGIN])
        _forget(directory, kind, remote_id, entry)
        directory.session.delete(entry.dn)
        _forget(directory, kind, remote_id, entry)
    except NotFound:
        return


def _forget(directory: Directory, kind: ObjectKind, remote_id: str, entry: Entry) -> None:
    """Clear what points at an entry."""
    repoint(directory, entry.dn, None)
    if kind is USER and directory.settings.holds_logins:
        for login in entry.values(LOGIN):
            repoint_login(directory, remote_id, login, None)


def _texts(directory: Directory, attributes: Attributes) -> Texts:
    """Return the values as texts, references as DNs, and no value twice."""
    texts: Texts = {}
    for name, value in attributes.items():
        attribute_name(name)
        if isinstance(value, Reference):
            texts[name] = [reference_dn(directory, name, value)]
        else:
            texts[name] = directory.schema.distinct(name, texts_of(name, value))
    return texts


def _values_of(directory: Directory, wanted: Mapping[str, list[str]], attribute: str) -> list[str]:
    """Return the wanted values of an attribute, by whichever of its names they are given."""
    names = directory.schema.names_of(attribute)
    return next((values for name, values in wanted.items() if name.lower() in names), [])


def _fallbacks(directory: Directory, wanted: Mapping[str, list[str]], name: str) -> dict[str, str]:
    """Return values for ``cn`` and ``sn`` where a person demands them (RFC 4519, 3.12) and nobody gave any."""
    demanded = directory.schema.demanded(directory.classes(USER)) if directory.schema.known else {"cn", "sn"}
    shown = next(iter(_values_of(directory, wanted, "displayName")), name)
    missing = {"cn", "sn"} & demanded
    return {attribute: shown for attribute in sorted(missing) if not _values_of(directory, wanted, attribute)}


def _rename(directory: Directory, kind: ObjectKind, entry: Entry, wanted: Texts) -> str:
    """Give the entry its new name, if it gets one, and correct what points at old ones; return its DN."""
    old, given = parse_known_dn(entry.dn), dict[str, str]()
    held: dict[str, list[str]] = {}
    for name, value in old.rdn:
        aliases = directory.schema.names_of(name)
        for attribute in [attribute for attribute in wanted if attribute.lower() in aliases]:
            naming_value(attribute, wanted[attribute])
            given[name.lower()] = value if value in wanted[attribute] else wanted[attribute][0]
            held[name] = [*entry.values(attribute), value]
    rdn = renamed(old.rdn, given)
    new_dn = f"{build_rdn(rdn)},{old.parent}"
    if rdn == old.rdn:
        new_dn = entry.dn
    elif parse_dn(new_dn).normal == old.normal:
        directory.session.rename(entry.dn, build_rdn(rdn))  # another case: no reference notices
    else:
        _must_be_free(directory, kind, rdn[0][0], rdn[0][1], old.parent)
        _give_name(directory, entry.dn, build_rdn(rdn))
    if len(old.rdn) == 1:
        # Values beside the name that are to go are names from before, of which one may still be pointed at.
        for former in {folded(value): value for name in held for value in held[name]}.values():
            if folded(former) not in {folded(value) for value in _values_of(directory, wanted, old.rdn[0][0])}:
                repoint_former(directory, child_dn(old.rdn[0][0], former, old.parent), new_dn)
    elif new_dn != entry.dn:
        repoint(directory, entry.dn, new_dn)
    return new_dn


def _rename_in_groups(directory: Directory, remote_id: str, entry: Entry, wanted: Texts) -> None:
    """Where groups hold logins, have them hold the new one; until that is done the account has both."""
    logins = _values_of(directory, wanted, LOGIN)
    former = [login for login in entry.values(LOGIN) if login not in logins]
    if not logins or not former:
        return
    if LOGIN not in {name.lower() for name, _ in parse_known_dn(entry.dn).rdn}:
        beside = {LOGIN: [(MODIFY_ADD, [logins[0].encode()])]}
        result = directory.session.try_modify(entry.dn, beside)
        if result.code not in (SUCCESS, VALUE_EXISTS):
            raise directory.session.error_of(result)
    for login in former:
        repoint_login(directory, remote_id, login, logins[0])


def _give_name(directory: Directory, dn: str, rdn: str) -> None:
    try:
        try:
            directory.session.rename(dn, rdn, keep_old_value=True)
        except Rejected:
            directory.session.rename(dn, rdn)  # the attribute takes one value only
    except AlreadyExists as taken:
        taken.attribute = taken.attribute or parse_dn(rdn).rdn[0][0]
        raise


def _move(directory: Directory, entry: Entry, parent: str, *, active: bool) -> None:
    """Move a user to the place of active or of deactivated users; memberships and references follow."""
    dn = parse_known_dn(entry.dn)
    rdn, elsewhere = build_rdn(dn.rdn), directory.switch.inactive_base if active else directory.settings.user_base
    if directory.switch.is_active(entry) is active:
        # The run that moved it may have ended before references were corrected.
        repoint_former(directory, f"{rdn},{elsewhere}", entry.dn)
        return
    try:
        directory.session.rename(entry.dn, rdn, parent=parent)
    except NotFound:
        if directory.session.read(entry.dn, ["1.1"]) is None:
            raise
        raise Misconfigured(
            f"There is no place {parent} in the directory to move users to.",
            code="ldap.noSuchObject",
            fix="Create it, or correct the base DNs of the connection.",
        ) from None
    repoint(directory, entry.dn, f"{rdn},{parent}")


def _must_be_free(directory: Directory, kind: ObjectKind, naming: str, name: str, parent: str) -> None:
    """Raise ``AlreadyExists`` where a user of that name stands in the other one of the two places of users."""
    switch, settings = directory.switch, directory.settings
    if kind is GROUP or switch.inactive_base is None:
        return
    for place in (settings.user_base, switch.inactive_base):
        if parse_dn(place).normal == parse_dn(parent).normal:
            continue
        if (other := directory.session.read(child_dn(naming, name, place), ["1.1"])) is not None:
            raise AlreadyExists(
                f"There is an entry {other.dn} already.",
                code="ldap.entryAlreadyExists",
                fix="Let the matching attributes find it, or rename or remove it.",
                attribute=naming,
            )
