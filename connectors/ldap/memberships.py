"""The members of groups, as DNs in an attribute that may not be empty, or as logins.

``groupOfNames`` demands at least one member (RFC 4519, 3.5). Groups that Lockstep creates therefore carry one DN more,
the placeholder, which stays: if it came and went with the first and last member, two changes at the same time could
leave the group without any. It is filtered from what is read, should name nobody, and so gives nobody a right.
Classes that may be empty (``groupOfMembers``) get none. A group that somebody else made gets it with the removal of its
last member.
"""

from collections.abc import Collection, Sequence

from connectors.contract import MemberFailures
from connectors.errors import ConnectorError, NotFound, Rejected
from connectors.ldap.directory import GROUP, Directory
from connectors.ldap.holding import ids_of, names_of
from connectors.ldap_client.library import MODIFY_ADD, MODIFY_DELETE
from connectors.ldap_client.results import (
    NO_SUCH_ATTRIBUTE,
    NO_SUCH_OBJECT,
    OBJECT_CLASS_VIOLATION,
    SUCCESS,
    VALUE_EXISTS,
    Result,
)

MEMBERS_PER_MODIFY = 500
_CORRECTIONS = 3
_ABOUT_ONE_VALUE = {NO_SUCH_ATTRIBUTE, VALUE_EXISTS, 19, 21, 34, OBJECT_CLASS_VIOLATION}

type _Member = tuple[str, str]
"""Remote id, and the name by which the group holds it."""


def change_members(directory: Directory, group: str, add: Sequence[str], remove: Sequence[str]) -> MemberFailures:
    """Add and remove by remote id. Who does not exist is removed already, and cannot be added."""
    group_dn = directory.locate(GROUP, group, ["1.1"]).dn
    names = names_of(directory, dict.fromkeys([*add, *remove]))
    failed = _cannot_be_members(directory, [member for member in dict.fromkeys(add) if member not in names])
    leaving = [(member, name) for member in dict.fromkeys(remove) for name in names.get(member, ())]
    joining = [(member, names[member][0]) for member in dict.fromkeys(add) if member in names]
    for operation, members in ((MODIFY_DELETE, leaving), (MODIFY_ADD, joining)):
        for start in range(0, len(members), MEMBERS_PER_MODIFY):
            failed |= _apply(directory, group_dn, operation, members[start : start + MEMBERS_PER_MODIFY])
    gone = _corrected(directory, group_dn, {member: name for member, name in joining if member not in failed})
    return MemberFailures(failed | {member: _absent(member) for member in gone})


def _corrected(directory: Directory, group_dn: str, added: dict[str, str]) -> set[str]:
    """Look once more at those who were added, by their names of a moment ago, and return who is gone since.

    Somebody who is deleted or renamed between the look-up and the change would leave a dead name in the group. Whoever
    deletes or renames looks for the old name when that is done, so one of both finds it.
    """
    gone: set[str] = set()
    for _ in range(_CORRECTIONS):
        now = names_of(directory, added) if added else {}
        dead = [(member, name) for member, name in added.items() if name not in now.get(member, ())]
        if not dead:
            break
        _apply(directory, group_dn, MODIFY_DELETE, dead)
        gone |= {member for member, _ in dead if member not in now}
        added = {member: now[member][0] for member, _ in dead if member in now}
        if added:
            _apply(directory, group_dn, MODIFY_ADD, list(added.items()))
    return gone


def _cannot_be_members(directory: Directory, missing: Sequence[str]) -> dict[str, ConnectorError]:
    """Return why each of them cannot be added: nobody, or a group where groups hold logins."""
    groups: Collection[str] = ()
    if missing and directory.settings.holds_logins:
        groups = directory.accounts_with(missing, [], directory.bases(GROUP))
    return {member: _nested(member) if member in groups else _absent(member) for member in missing}


def _absent(member: str) -> NotFound:
    return NotFound(
        f"There is no account {member} in the directory.",
        code="ldap.noSuchMember",
        fix="Nothing to do: it is tried again when the account has been made again.",
    )


def _nested(member: str) -> Rejected:
    return Rejected(
        f"{member} is a group, and groups of this directory hold logins of users only.",
        code="ldap.nestedGroup",
        fix="Assign its members themselves, or choose a profile whose groups hold DNs.",
    )


def members(directory: Directory, group: str) -> list[str]:
    """Return the ids of the direct members that exist."""
    attribute = directory.settings.member_attribute
    held = directory.locate(GROUP, group, [attribute]).values(attribute)
    return list(dict.fromkeys(ids_of(directory, held).values()))


def _apply(directory: Directory, group_dn: str, operation: str, members: list[_Member]) -> dict[str, ConnectorError]:
    """Write some members at once; where that is refused, halve, until only those fail that must."""
    result = _modify(directory, group_dn, operation, members)
    if result.code == SUCCESS:
        return {}
    if result.code == NO_SUCH_OBJECT or result.code not in _ABOUT_ONE_VALUE:
        raise directory.session.error_of(result)
    if len(members) > 1:
        half = len(members) // 2
        return {
            **_apply(directory, group_dn, operation, members[:half]),
            **_apply(directory, group_dn, operation, members[half:]),
        }
    if result.code == (VALUE_EXISTS if operation == MODIFY_ADD else NO_SUCH_ATTRIBUTE):
        return {}
    error = directory.session.error_of(result)
    if not isinstance(error, Rejected):
        raise error
    return {members[0][0]: error}


def _modify(directory: Directory, group_dn: str, operation: str, members: list[_Member]) -> Result:
    attribute = directory.settings.member_attribute
    change = (operation, [name.encode() for _, name in members])
    result = directory.session.try_modify(group_dn, {attribute: [change]})
    if result.code == OBJECT_CLASS_VIOLATION and operation == MODIFY_DELETE:
        placeholder = (MODIFY_ADD, [directory.settings.placeholder.encode()])
        return directory.session.try_modify(group_dn, {attribute: [placeholder, change]})
    return result
