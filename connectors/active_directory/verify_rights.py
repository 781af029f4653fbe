"""Which rights "Verify Credentials" sees without writing: what the domain says that the service account may do.

The constructed attributes ``allowedChildClassesEffective`` and ``allowedAttributesEffective`` (MS-ADTS 3.1.1.4.5) tell
what may be created and written; the rest is in the access control list (``access``). What concerns accounts is seen on
one that is there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.active_directory.access import (
    CONTROL_ACCESS,
    DELETE,
    DELETE_CHILD,
    GET_CHANGES,
    GROUP_CLASS,
    REANIMATE,
    RESET_PASSWORD,
    SECURITY,
    USER_CLASS,
    permits,
)
from connectors.active_directory.defaults import DEFAULTS
from connectors.active_directory.delegation import (
    DIRSYNC_RIGHT,
    REANIMATE_RIGHT,
    Task,
    allow,
    delegate,
    delegate_units,
    grant_dirsync,
    list_deleted,
    no_dirsync,
)
from connectors.active_directory.directory import GROUP, USER, Directory
from connectors.active_directory.passwords import must_be_encrypted
from connectors.active_directory.usn import can_see_deleted
from connectors.contract import Check, Feature, ObjectKind
from connectors.errors import Misconfigured
from connectors.ldap_client.names import parse_dn
from connectors.ldap_client.session import Entry

_UNPROTECTED = "(!(adminCount=1))"
_CLASS_NAMES = {USER: "user", GROUP: "group"}
_CLASSES = {USER: USER_CLASS, GROUP: GROUP_CLASS}
_TASKS = {USER: Task.USERS, GROUP: Task.GROUPS}
_CREATE = {USER: Feature.CREATE_USERS, GROUP: Feature.CREATE_GROUPS}
_UPDATE = {USER: Feature.UPDATE_USERS, GROUP: Feature.UPDATE_GROUPS}
_DELETE = {USER: Feature.DELETE_USERS, GROUP: Feature.DELETE_GROUPS}
_IMPORTS = frozenset({Feature.IMPORT_USERS, Feature.IMPORT_GROUPS})
_READ = ["allowedAttributes", "allowedAttributesEffective", "nTSecurityDescriptor"]


@dataclass(frozen=True, slots=True)
class _Account:
    """An account as it shows what may be done with it."""

    dn: str
    place: str
    known: frozenset[str]
    writable: frozenset[str]
    descriptor: bytes | None


def rights(directory: Directory, features: frozenset[Feature]) -> Iterator[Check]:
    """Look at each right that the features need. The organizational units are known to be there."""
    root = directory.session.read("", ["tokenGroups"])
    sids = frozenset(root.octets("tokenGroups")) if root else frozenset[bytes]()
    for kind, base in ((USER, directory.settings.user_base), (GROUP, directory.settings.group_base)):
        if _CREATE[kind] in features:
            yield _may_create(directory, kind, base)
        wanted = _wanted(directory, kind, features)
        deletes = _DELETE[kind] in features
        resets = kind is USER and bool(features & {Feature.CREATE_USERS, Feature.SYNC_PASSWORDS})
        if not wanted and not deletes and not resets:
            continue
        account = _existing(directory, kind)
        if account is None:
            detail = f"There is no {kind.lower()} in {base} yet: the rights show with the first one, or by a trial."
            yield Check(f"Rights on {kind.lower()}s", ok=True, detail=detail)
            continue
        for name, (attributes, task) in wanted.items():
            yield _may_write(name, account, attributes, task)
        if deletes:
            yield _may_delete(directory, kind, account, sids)
        if resets:
            yield _may_reset(directory, account, sids)
    if directory.settings.create_units and Feature.CREATE_USERS in features:
        yield _may_create_units(directory)
    if directory.settings.inactive_base and Feature.DEACTIVATE_USERS in features:
        yield _may_create(directory, USER, directory.settings.inactive_base, "Right to move deactivated users")
    if features & _IMPORTS:
        yield _may_read_changes(directory, sids)
    if features & {Feature.CREATE_USERS, Feature.CREATE_GROUPS}:
        yield _may_restore(directory, sids)


def _wanted(
    directory: Directory, kind: ObjectKind, features: frozenset[Feature]
) -> Mapping[str, tuple[Sequence[str], Task]]:
    """Return which attributes the features write, by the check's name, and the task that lets them."""
    wanted: dict[str, tuple[Sequence[str], Task]] = {}
    if _UPDATE[kind] in features:
        mapped = [mapping.target for mapping in DEFAULTS[kind].mappings if not mapping.create_only]
        wanted[f"Right to change {kind.lower()}s"] = (mapped, _TASKS[kind])
    if kind is USER and Feature.DEACTIVATE_USERS in features:
        wanted["Right to enable and disable users"] = (["userAccountControl"], Task.USERS)
    if kind is USER and Feature.SYNC_PASSWORDS in features:
        wanted["Right to have passwords changed"] = (["pwdLastSet"], Task.PASSWORDS)
    if kind is USER and Feature.SYNC_PASSWORDS in features and directory.settings.unlock_with_password:
        wanted["Right to unlock users"] = (["lockoutTime"], Task.USERS)
    strips = directory.settings.strip_groups and Feature.DEACTIVATE_USERS in features
    if kind is GROUP and (Feature.MANAGE_MEMBERSHIPS in features or strips):
        wanted["Right to change members"] = (["member"], Task.MEMBERS)
    return wanted


def _may_create(directory: Directory, kind: ObjectKind, place: str, name: str = "") -> Check:
    name = name or f"Right to create {kind.lower()}s"
    if _CLASS_NAMES[kind] in _creatable(directory, place):
        return Check(name, ok=True, detail=f"The service account may create {kind.lower()}s in {place}.")
    detail = f"The service account may not create {kind.lower()}s in {place}."
    return Check(name, ok=False, detail=detail, fix=delegate(place, _TASKS[kind]))


def _may_create_units(directory: Directory) -> Check:
    name, place = "Right to create OUs", directory.settings.user_base
    if "organizationalunit" in _creatable(directory, place):
        return Check(name, ok=True, detail=f"The service account may create OUs in {place}.")
    detail = f"The service account may not create OUs in {place}, and 'Create missing OUs' is on."
    return Check(name, ok=False, detail=detail, fix=delegate_units(place))


def _creatable(directory: Directory, place: str) -> set[str]:
    entry = directory.session.read(place, ["allowedChildClassesEffective"])
    return {name.lower() for name in entry.values("allowedChildClassesEffective")} if entry else set()


def _existing(directory: Directory, kind: ObjectKind) -> _Account | None:
    """Return an account on which rights show; protected ones of administrators have others."""
    found = directory.find(kind, _UNPROTECTED, ["1.1"], 1)
    entry = directory.session.read(found[0].dn, _READ, controls=[SECURITY]) if found else None
    if entry is None:
        return None
    known, writable = (frozenset(name.lower() for name in entry.values(which)) for which in _READ[:2])
    return _Account(entry.dn, parse_dn(entry.dn).parent, known, writable, _descriptor(entry))


def _descriptor(entry: Entry | None) -> bytes | None:
    return next(iter(entry.octets("nTSecurityDescriptor")), None) if entry else None


def _may_write(name: str, account: _Account, attributes: Sequence[str], task: Task) -> Check:
    lacking = [each for each in attributes if each.lower() in account.known - account.writable]
    if not lacking:
        return Check(name, ok=True, detail=f"The service account may write what is needed of {account.dn}.")
    named = ", ".join(lacking[:5]) + (f" and {len(lacking) - 5} more attributes" if len(lacking) > 5 else "")
    detail = f"The service account may not write {named} of {account.dn}."
    return Check(name, ok=False, detail=detail, fix=delegate(account.place, task))


def _may_delete(directory: Directory, kind: ObjectKind, account: _Account, sids: frozenset[bytes]) -> Check:
    name = f"Right to delete {kind.lower()}s"
    parent = _descriptor(directory.session.read(account.place, _READ[2:], controls=[SECURITY]))
    itself = _permitted(account.descriptor, sids, DELETE, None)
    by_place = _permitted(parent, sids, DELETE_CHILD, _CLASSES[kind])
    if itself is None and by_place is None:
        return Check(name, ok=True, detail="It may not be seen; it shows by deleting, or by a trial.")
    if itself or by_place:
        return Check(name, ok=True, detail=f"The service account may delete {account.dn}.")
    detail = f"The service account may not delete {account.dn}."
    return Check(name, ok=False, detail=detail, fix=delegate(account.place, _TASKS[kind]))


def _may_reset(directory: Directory, account: _Account, sids: frozenset[bytes]) -> Check:
    name = "Right to set passwords"
    try:
        must_be_encrypted(directory)
    except Misconfigured as error:
        return Check(name, ok=False, detail=str(error), fix=error.fix)
    permitted = _permitted(account.descriptor, sids, CONTROL_ACCESS, RESET_PASSWORD)
    if permitted is None:
        return Check(name, ok=True, detail="It may not be seen; it shows by setting one, or by a trial.")
    if permitted:
        return Check(name, ok=True, detail=f"The service account may reset the password of {account.dn}.")
    detail = f"The service account may not reset the password of {account.dn}; new users need one, too."
    return Check(name, ok=False, detail=detail, fix=delegate(account.place, Task.PASSWORDS))


def _may_read_changes(directory: Directory, sids: frozenset[bytes]) -> Check:
    """See whether DirSync may be used, without using it: with an empty cookie it would read the whole domain."""
    name, base, import_by = "Right to read changes", directory.domain.base, directory.settings.import_by
    descriptor = _descriptor(directory.session.read(base, _READ[2:], controls=[SECURITY]))
    permitted = _permitted(descriptor, sids, CONTROL_ACCESS, GET_CHANGES)
    deleted = can_see_deleted(directory)
    if import_by != "usn" and permitted:
        return Check(name, ok=True, detail="Imports read changes and deletions by DirSync.")
    if import_by == "dirsync":
        if permitted is None:
            return Check(name, ok=True, detail=f"Whether there is the right '{DIRSYNC_RIGHT}' may not be seen.")
        return Check(name, ok=False, detail=no_dirsync(base), fix=grant_dirsync(base))
    if deleted:
        return Check(name, ok=True, detail="Imports read changes by uSNChanged, and deletions in Deleted Objects.")
    if permitted is None:
        return Check(name, ok=True, detail="It may not be seen; imports find out which way is open.")
    container = directory.domain.deleted_objects
    return Check(
        name,
        ok=False,
        detail=f"The service account may neither use DirSync nor read {container}: deletions show only by comparing "
        "everything, with every import.",
        fix=f"{allow(DIRSYNC_RIGHT, base)} Or let it read deleted objects. {list_deleted(container)}",
    )


def _may_restore(directory: Directory, sids: frozenset[bytes]) -> Check:
    """Tell whether who was deleted can come back. It is no fault where not: a new account is made then."""
    name, base = "Right to restore", directory.domain.base
    descriptor = _descriptor(directory.session.read(base, _READ[2:], controls=[SECURITY]))
    reads, reanimates = can_see_deleted(directory), _permitted(descriptor, sids, CONTROL_ACCESS, REANIMATE)
    if reads and reanimates is not False:
        return Check(name, ok=True, detail="Deleted accounts can be found, and brought back.")
    needed = [] if reads else [f"Let it read deleted objects. {list_deleted(directory.domain.deleted_objects)}"]
    needed += [allow(REANIMATE_RIGHT, base)] if reanimates is False else []
    detail = f"Deleted accounts are not brought back: who returns gets a new one. To change that: {' '.join(needed)}"
    return Check(name, ok=True, detail=detail)


def _permitted(descriptor: bytes | None, sids: frozenset[bytes], right: int, of: str | None) -> bool | None:
    """Return whether a descriptor permits; ``None`` where that cannot be seen."""
    if descriptor is None or not sids:
        return None
    try:
        return permits(descriptor, sids, right, of)
    except ValueError:
        return None
