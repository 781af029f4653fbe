"""The members of groups: written by GUID, so that a rename in between harms nobody; read by range, however many.

Active Directory keeps who is in a group in two places: the link attribute ``member``, and ``primaryGroupID`` of each
user. Both count here. Members that are no users or groups of this connection (computers, contacts, members from other
domains) are neither shown nor touched.
"""

from collections.abc import Iterable, Iterator, Sequence, Set

from connectors.active_directory.dialect import windows_code
from connectors.active_directory.directory import BATCH, CONDITIONS, GROUP, USER, Directory, id_of
from connectors.active_directory.domain import EXTENDED_DN
from connectors.active_directory.identifiers import guid_base, guids_equal, parse_extended_dn, sid_text
from connectors.active_directory.ours import Places
from connectors.active_directory.ranges import piece_of, ranged_values
from connectors.contract import MemberFailures
from connectors.errors import ConnectorError, NotFound, Rejected
from connectors.ldap_client.library import MODIFY_ADD, MODIFY_DELETE
from connectors.ldap_client.names import both, either, equals
from connectors.ldap_client.results import (
    INSUFFICIENT_ACCESS,
    NO_SUCH_OBJECT,
    SUCCESS,
    Result,
)
from connectors.ldap_client.session import Controls, Entry

MEMBERS_PER_MODIFY = 500
"""Values in one request; a controller takes 5,000 in one transaction by default."""

PERMISSIVE_MODIFY = "1.2.840.113556.1.4.1413"
"""To add what is there and to remove what is not are successes (MS-ADTS 3.1.1.3.4.1.8). Samba does not heed it."""

ACCOUNT = either(CONDITIONS.values())
"""What is a user or a group."""

_NESTING = range(0x2142, 0x2149)
"""ERROR_DS_GLOBAL_CANT_HAVE_LOCAL_MEMBER and the like (MS-ERREF 2.2): the scopes of group and member do not fit."""

_FEW = 300
"""Up to so many members are looked up themselves; with more, those are asked for who are neither users nor groups."""


def change_members(directory: Directory, group: str, add: Sequence[str], remove: Sequence[str]) -> MemberFailures:
    """Add and remove by remote id. Who does not exist is removed already, and cannot be added.

    After a change of controllers nobody is taken for removed who is not there.
    """
    entry = directory.locate(GROUP, group, ["objectSid"])
    add, remove = list(dict.fromkeys(add)), list(dict.fromkeys(remove))
    known = directory.dns_of([*add, *remove])
    unknown = [member for member in [*add, *(remove if directory.moved else [])] if member not in known]
    failed: dict[str, ConnectorError] = {member: directory.missing(_absent(member)) for member in unknown}
    primary = set(_primary(directory, entry, list(known)))
    failed |= {member: _by_primary_group(member) for member in remove if member in primary}
    for operation, ids in ((MODIFY_DELETE, remove), (MODIFY_ADD, add)):
        members = [member for member in ids if member in known and member not in primary]
        for start in range(0, len(members), MEMBERS_PER_MODIFY):
            failed |= _apply(directory, entry, operation, members[start : start + MEMBERS_PER_MODIFY])
    return MemberFailures(failed)


def members(directory: Directory, group: str) -> list[str]:
    """Return the ids of the direct members that are users or groups of this connection."""
    entry = directory.locate(GROUP, group, ["objectSid"])
    primary = primary_members(directory, [entry]).get(id_of(entry), ())
    return list(dict.fromkeys([*linked_members(directory, entry, frozenset()), *primary]))


def linked_members(directory: Directory, group: Entry, known: Set[str]) -> list[str]:
    """Return the ids in ``member`` that are users or groups of this connection; who is ``known`` is not looked at.

    ``group`` may hold the first of its members already, as a search returns them.
    """
    first = piece_of(group, "member")
    following = first.following if first.values else 0
    dn = guid_base(id_of(group))
    rest = ranged_values(directory.session, dn, "member", [EXTENDED_DN], following)
    found = within(directory, [*first.values, *(value for values in rest for value in values)])
    unknown = [guid for guid in found if guid not in known]
    if len(unknown) <= _FEW:
        accounts = accounts_among(directory, unknown)
        strangers = {guid for guid in unknown if guid not in accounts}
    else:
        strangers = set(_linked(directory, group, f"(!{ACCOUNT})"))
    return [guid for guid in found if guid not in strangers]


def within(directory: Directory, values: Iterable[str]) -> list[str]:
    """Return the ids of those extended DNs that lie where the connection has its users and groups."""
    places = Places([*directory.bases(USER), *directory.bases(GROUP)])
    members = (parse_extended_dn(value) for value in values)
    return [member.guid for member in members if member is not None and places.hold(member.dn)]


def accounts_among(directory: Directory, ids: Sequence[str]) -> set[str]:
    """Return those of the ids that are users or groups."""
    return set(_among(directory, directory.base, ACCOUNT, ids))


def primary_members(directory: Directory, groups: Sequence[Entry]) -> dict[str, list[str]]:
    """Return the users of this connection whose primary group is one of the groups, by the group's id."""
    by_rid = {_rid(group): id_of(group) for group in groups if group.octets("objectSid")}
    found: dict[str, list[str]] = {}
    rids = list(by_rid)
    for start in range(0, len(rids), BATCH):
        condition = both(CONDITIONS[USER], either(equals("primaryGroupID", rid) for rid in rids[start : start + BATCH]))
        for base in directory.bases(USER):
            for user in directory.session.search(base, condition, ["objectGUID", "primaryGroupID"]):
                found.setdefault(by_rid["".join(user.values("primaryGroupID"))], []).append(id_of(user))
    return found


def still_primary(directory: Directory, group: Entry, ids: Sequence[str]) -> set[str]:
    """Return those of the ids whose primary group it is: they are members without being linked."""
    return set(_primary(directory, group, ids))


def _rid(group: Entry) -> str:
    """Return the relative identifier by which ``primaryGroupID`` names the group."""
    return sid_text(group.octets("objectSid")[0]).rpartition("-")[2]


def _primary(directory: Directory, group: Entry, ids: Sequence[str]) -> list[str]:
    if not ids or not group.octets("objectSid"):
        return []
    return _among(directory, directory.base, equals("primaryGroupID", _rid(group)), ids)


def _linked(directory: Directory, group: Entry, condition: str) -> Iterator[str]:
    """Yield the ids of linked members that fulfil a filter; those of other domains are not found."""
    linked = both(equals("memberOf", group.dn), condition)
    for entry in directory.session.search(directory.base, linked, ["objectGUID"]):
        yield id_of(entry)


def _among(directory: Directory, base: str, condition: str, ids: Sequence[str]) -> list[str]:
    found: list[str] = []
    for start in range(0, len(ids), BATCH):
        asked = either(guids_equal(ids[start : start + BATCH]))
        found += [id_of(entry) for entry in directory.session.search(base, both(condition, asked), ["objectGUID"])]
    return found


def _apply(directory: Directory, group: Entry, operation: str, members: list[str]) -> dict[str, ConnectorError]:
    """Write some members at once. Where that is refused, leave out those who are as wanted; then halve."""
    result = _modify(directory, group, operation, members)
    if result.code == SUCCESS:
        return {}
    if result.code == INSUFFICIENT_ACCESS:
        raise directory.session.error_of(result)
    directory.locate(GROUP, id_of(group), ["1.1"])  # the same code tells that a member is gone, or the group
    linked = set(_among(directory, directory.base, equals("memberOf", group.dn), members))
    wanted = [member for member in members if (member in linked) is (operation == MODIFY_DELETE)]
    if not wanted:
        return {}
    if len(wanted) < len(members):
        return _apply(directory, group, operation, wanted)
    if len(members) > 1:
        half = len(members) // 2
        return {
            **_apply(directory, group, operation, members[:half]),
            **_apply(directory, group, operation, members[half:]),
        }
    return _refusal(directory, operation, members[0], result)


def _refusal(directory: Directory, operation: str, member: str, result: Result) -> dict[str, ConnectorError]:
    """Return what the refusal of a single member means."""
    if member not in directory.dns_of([member]):
        return {} if operation == MODIFY_DELETE else {member: _absent(member)}
    error = directory.session.error_of(result)
    if result.code == NO_SUCH_OBJECT:
        return {member: _absent(member)}  # it has come back this moment, or cannot be seen by the controller
    if not isinstance(error, Rejected):
        raise error
    return {member: _not_this_member(member) if windows_code(result.diagnostic) in _NESTING else error}


def _modify(directory: Directory, group: Entry, operation: str, members: Sequence[str]) -> Result:
    controls: Controls = ()
    if PERMISSIVE_MODIFY in directory.domain.controls:
        controls = [(PERMISSIVE_MODIFY, False, None)]
    change = (operation, [guid_base(member).encode() for member in members])
    return directory.modify(group, {"member": [change]}, controls)


def _absent(member: str) -> NotFound:
    return NotFound(
        f"There is no account {member} in the domain.",
        code="ad.noSuchMember",
        fix="Nothing to do: it is tried again when the account has been made again.",
    )


def _by_primary_group(member: str) -> Rejected:
    return Rejected(
        f"The user {member} is a member because this group is the user's primary group.",
        code="ad.primaryGroup",
        fix="Give the user another primary group (usually Domain Users) in the domain, then remove the membership.",
        attribute="member",
    )


def _not_this_member(member: str) -> Rejected:
    return Rejected(
        f"The domain does not let {member} be a member of this group.",
        code="ad.memberNotAllowed",
        fix="Look at the scopes: a global group takes users and global groups only, and a universal group no "
        "domain-local ones.",
        attribute="member",
    )
