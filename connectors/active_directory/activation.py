"""userAccountControl bit by bit (MS-ADTS 2.2.16): ours are changed, those of others stay as they are.

The value that was read is deleted and the new one added, in one request: where somebody changed it in between, the
controller refuses the deletion and it is read again. (Samba does not refuse.)
"""

from collections.abc import Mapping, Sequence

from connectors.active_directory.directory import USER, Directory, id_of
from connectors.errors import Misconfigured, Unavailable
from connectors.ldap_client.library import MODIFY_ADD, MODIFY_DELETE
from connectors.ldap_client.results import NO_SUCH_ATTRIBUTE, SUCCESS
from connectors.ldap_client.session import Entry

DISABLED, PASSWORD_NOT_REQUIRED = 0x2, 0x20
_TRIES = 3


def flags(entry: Entry) -> int:
    """Return userAccountControl. Raises ``Misconfigured`` where it cannot be read."""
    held = entry.values("userAccountControl")
    if not held:
        raise Misconfigured(
            f"{entry.dn} shows no userAccountControl.",
            code="ad.stateHidden",
            fix="Give the service account the right to read and write account restrictions of users.",
        )
    return int(held[0])


def is_enabled(entry: Entry) -> bool:
    """Whether the user may sign in."""
    return not flags(entry) & DISABLED


def is_unfinished(entry: Entry) -> bool:
    """Whether the account was added and never got a password: the create that did so was cut off."""
    return bool(flags(entry) & PASSWORD_NOT_REQUIRED) and entry.values("pwdLastSet") in ([], ["0"])


def change_flags(
    directory: Directory,
    entry: Entry,
    *,
    on: int = 0,
    off: int = 0,
    along: Mapping[str, Sequence[tuple[str, Sequence[bytes]]]] | None = None,
) -> None:
    """Set and clear bits, with other changes in the same request. Nothing is sent where nothing changes."""
    for _ in range(_TRIES):
        before = flags(entry)
        after = before & ~off | on
        changes = dict(along or {})
        if after != before:
            parts = ((MODIFY_DELETE, before), (MODIFY_ADD, after))
            changes["userAccountControl"] = [(operation, [str(value).encode()]) for operation, value in parts]
        if not changes:
            return
        result = directory.modify(entry, changes)
        if result.code == SUCCESS:
            return
        if result.code != NO_SUCH_ATTRIBUTE:
            raise directory.session.error_of(result)
        entry = directory.locate(USER, id_of(entry), ["userAccountControl"])
    raise Unavailable(
        f"Somebody else changes userAccountControl of {entry.dn} at this moment.",
        code="ad.concurrentChange",
        fix="It is tried again.",
        one_object=True,
    )
