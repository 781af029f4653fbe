"""What is the same for users and groups: find, read and delete."""

from contextlib import suppress

from connectors.active_directory.attributes import OCTETS, account_of
from connectors.active_directory.directory import GROUP, USER, Directory
from connectors.active_directory.domain import TREE_DELETE
from connectors.active_directory.identifiers import guid_octets, octets_equal, sid_octets
from connectors.active_directory.naming import matched_value
from connectors.contract import Account, Match, ObjectKind
from connectors.errors import NotFound, Rejected, Unavailable
from connectors.ldap_client.names import equals
from connectors.ldap_client.values import attribute_name

_MARKS = ("adminCount", "isCriticalSystemObject")
"""Set for members of administrators' groups (AdminSDHolder, MS-ADTS 3.1.1.6.1), and for what the system came with."""

_TRIES = 5
_OCTETS = {"objectguid": guid_octets, "objectsid": sid_octets}


def find(directory: Directory, match: Match) -> list[Account]:
    """Return at most two accounts. Computers, contacts and deleted objects are none.

    Raises ``Rejected`` for what belongs to the domain itself or to its administrators: who has the right name in a
    source shall not get at it, whatever the service account may do.
    """
    condition = condition_of(directory, match)
    if condition is None:
        return []
    entries = directory.find(match.kind, condition, [*readable(directory, match.kind), *_MARKS], 2)
    for entry in entries:
        if entry.values("adminCount") == ["1"] or entry.values("isCriticalSystemObject") == ["TRUE"]:
            raise Rejected(
                f"{entry.dn} matches, and is protected: it belongs to the domain itself or to its administrators.",
                code="ad.protectedAccount",
                fix="Leave it out of scope, or correct the matching value. If it is no administrator's any more: clear "
                "its adminCount and turn on the inheritance of permissions.",
                attribute=match.attribute,
            )
    return [account_of(match.kind, directory, entry) for entry in entries]


def read(directory: Directory, kind: ObjectKind, remote_id: str) -> Account:
    """Return one account."""
    return account_of(kind, directory, directory.locate(kind, remote_id, readable(directory, kind)))


def delete(directory: Directory, kind: ObjectKind, remote_id: str) -> None:
    """Delete an object; the domain corrects what points at it. Who is moved meanwhile is looked for again."""
    controls = [TREE_DELETE] if kind is USER and directory.settings.delete_subtree else []
    for _ in range(_TRIES):
        try:
            dn = directory.locate(kind, remote_id, ["objectGUID"]).dn
        except NotFound:
            return
        with suppress(NotFound):
            directory.session.delete(dn, controls)
            return
    raise Unavailable(
        f"Somebody else renames or moves {dn} at this moment.",
        code="ad.concurrentChange",
        fix="It is tried again.",
        one_object=True,
    )


def condition_of(directory: Directory, match: Match) -> str | None:
    """Return a question as a filter; ``None`` where no account can have such a value."""
    name = attribute_name(match.attribute)
    if to_octets := _OCTETS.get(name.lower()):
        try:
            return octets_equal(name, to_octets(match.value))
        except ValueError:
            return None
    value = matched_value(directory, match) if match.kind is USER else match.value
    return equals(name, value) if value else None


def readable(directory: Directory, kind: ObjectKind) -> list[str]:
    """Return the attributes that make an account. A group's members are left out: they may be very many."""
    if kind is not GROUP:
        return ["*"]
    allowed = directory.schema.writable(["group"]) - {"member", "objectclass"}
    # Octets are not shown anyway; those that are computed (tokenGroups) cannot be asked for in a search.
    shown = {
        name for name in allowed if directory.schema.syntax(name) not in OCTETS and not directory.schema.is_dn(name)
    }
    return sorted(shown) or ["cn", "sAMAccountName"]
