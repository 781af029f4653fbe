"""Deleted accounts: found by what they still hold, and brought back under their objectGUID and SID.

With the recycle bin they hold everything for 180 days. Without it a tombstone has little more than identifiers, name
and sAMAccountName (MS-ADTS 3.1.1.5.5.1.1); what it lost is written by the update that follows a restore. Links, with
them memberships and managers, come back from the recycle bin only.
"""

from dataclasses import replace

from connectors.active_directory import naming
from connectors.active_directory.accounts import condition_of, read
from connectors.active_directory.activation import DISABLED
from connectors.active_directory.directory import GROUP, USER, Directory, id_of, plain
from connectors.active_directory.domain import EXTENDED_DN, SHOW_DELETED
from connectors.active_directory.identifiers import guid_base, parse_extended_dn
from connectors.active_directory.passwords import give_first_password
from connectors.contract import Account, Match, ObjectKind
from connectors.errors import AlreadyExists, NotFound, Rejected
from connectors.ldap_client.library import MODIFY_DELETE, MODIFY_REPLACE
from connectors.ldap_client.names import both, child_dn, either, equals, parse_dn, parse_known_dn
from connectors.ldap_client.results import SUCCESS, Operation
from connectors.ldap_client.session import Entry

CLASSES = {USER: "(objectClass=user)(!(objectClass=computer))", GROUP: "(objectClass=group)"}
"""objectCategory is not kept by a tombstone."""

_READ = ["sAMAccountName", "userPrincipalName", "lastKnownParent", "msDS-LastKnownRDN", "name"]
_WHEN = ["whenChanged", "uSNChanged"]
_MOST = 200
_CONTROLS = [SHOW_DELETED, EXTENDED_DN]


def find_deleted(directory: Directory, match: Match) -> list[Account]:
    """Return at most two accounts that stood where ``find`` looks, the last deleted first."""
    condition = condition_of(directory, match)
    if condition is None:
        return []
    question = both(CLASSES[match.kind], _restorable(directory), condition)
    found = directory.session.first(directory.base, question, [*_READ, *_WHEN], _MOST, _CONTROLS)
    entries = [plain(entry) for entry in found]
    places = [parse_dn(base) for base in directory.bases(match.kind)]
    mine = [entry for entry in entries if any(parse_known_dn(_parent(entry)).is_under(place) for place in places)]
    mine.sort(key=_when, reverse=True)
    return [_account(match.kind, entry) for entry in mine[:2]]


def restore(directory: Directory, kind: ObjectKind, remote_id: str) -> Account:
    """Reanimate an object where it stood, or in the OU of its kind where that place is gone.

    Raises ``NotFound`` for what is gone for good, also where this server cannot reanimate: a new one is made then.
    """
    entry = _deleted(directory, kind, remote_id)
    if entry is None:
        return read(directory, kind, remote_id)
    _must_be_free(directory, entry)
    parent = _parent(entry)
    if not parent or directory.session.read(parent, ["1.1"]) is None:
        parent = directory.settings.user_base if kind is USER else directory.settings.group_base
    name = _name(entry)
    try:
        _reanimate(directory, entry, child_dn("CN", name, parent))
    except AlreadyExists as taken:
        if taken.code != "ad.nameTaken" or kind is not USER or directory.settings.cn_taken != "number":
            raise
        _reanimate(directory, entry, child_dn("CN", naming.free_common_name(directory, name, parent), parent))
    if kind is USER and not directory.domain.recycle_bin:
        _close(directory, remote_id)
    return read(directory, kind, remote_id)


def _deleted(directory: Directory, kind: ObjectKind, remote_id: str) -> Entry | None:
    """Return the deleted object; ``None`` where it stands. Raises ``NotFound``."""
    try:
        base = guid_base(remote_id)
    except ValueError:
        raise _gone(kind, remote_id) from None
    condition = both(CLASSES[kind], either(("(!(isDeleted=TRUE))", both(_restorable(directory)))))
    entry = directory.session.read(base, [*_READ, "isDeleted"], search_filter=condition, controls=_CONTROLS)
    if entry is None:
        raise _gone(kind, remote_id)
    return plain(entry) if entry.values("isDeleted") == ["TRUE"] else None


def _restorable(directory: Directory) -> str:
    """Return conditions for what can come back. Every tombstone says isRecycled where there is no recycle bin."""
    return "(isDeleted=TRUE)(!(isRecycled=TRUE))" if directory.domain.recycle_bin else "(isDeleted=TRUE)"


def _must_be_free(directory: Directory, entry: Entry) -> None:
    """Raise ``AlreadyExists`` where somebody has one of the names meanwhile. Samba would let both have it."""
    for attribute, code in (("sAMAccountName", "ad.accountNameTaken"), ("userPrincipalName", "ad.principalNameTaken")):
        for value in entry.values(attribute):
            if directory.session.first(directory.base, equals(attribute, value), ["1.1"], 1):
                raise AlreadyExists(
                    f"Another account has the {attribute} of the deleted {_name(entry)} now.",
                    code=code,
                    fix="Let the matching attributes find that account, or rename it.",
                    attribute=attribute,
                )


def _reanimate(directory: Directory, entry: Entry, dn: str) -> None:
    changes: dict[str, list[tuple[str, list[bytes]]]] = {
        "isDeleted": [(MODIFY_DELETE, [])],
        "distinguishedName": [(MODIFY_REPLACE, [dn.encode()])],
    }
    result = directory.session.try_modify(entry.dn, changes, [SHOW_DELETED])
    if result.code == SUCCESS:
        return
    error = directory.session.error_of(replace(result, operation=Operation.RENAME, dn=dn))
    if isinstance(error, Rejected) and error.code != "ad.insufficientRights":
        raise NotFound(
            f"{dn} was deleted and this domain controller does not bring it back.", code="ad.cannotRestore"
        ) from error
    if isinstance(error, Rejected):
        error.fix = (
            "Grant the service account 'Reanimate tombstones' on the domain, and rights to write in the account's OU."
        )
    raise error


def _close(directory: Directory, remote_id: str) -> None:
    """Keep somebody who came back without a password from being enabled without one: Samba would allow it."""
    entry = directory.locate(USER, remote_id, ["userAccountControl", "pwdLastSet"])
    if entry.values("pwdLastSet") in ([], ["0"]):
        give_first_password(directory, entry, on=DISABLED, off=0)


def _account(kind: ObjectKind, entry: Entry) -> Account:
    held = {name: entry.values(name) for name in ("sAMAccountName", "userPrincipalName")}
    attributes = {name: values[0] for name, values in held.items() if values}
    name = child_dn("CN", _name(entry), _parent(entry))
    return Account(kind, id_of(entry), name, {**attributes, "cn": _name(entry)}, False if kind is USER else None)


def _name(entry: Entry) -> str:
    """Return the name from before the deletion, which put a line feed, ``DEL:`` and the GUID behind it."""
    return next(iter(entry.values("msDS-LastKnownRDN")), "") or "".join(entry.values("name")[:1]).partition("\n")[0]


def _when(entry: Entry) -> tuple[str, int]:
    """Return the time of the deletion in whole seconds, and its number on this controller."""
    number = "".join(entry.values("uSNChanged"))
    return "".join(entry.values("whenChanged")), int(number) if number.isdigit() else 0


def _parent(entry: Entry) -> str:
    held = next(iter(entry.values("lastKnownParent")), "")
    extended = parse_extended_dn(held)
    return extended.dn if extended else held


def _gone(kind: ObjectKind, remote_id: str) -> NotFound:
    return NotFound(f"There is no {kind} with objectGUID {remote_id}, deleted or not.", code="ad.noSuchObject")
