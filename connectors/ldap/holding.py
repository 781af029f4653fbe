"""How groups hold their members: by DN (``member``, ``uniqueMember``), or by login (``memberUid``, RFC 2307)."""

from collections.abc import Iterable, Sequence

from connectors.ldap.directory import BATCH, GROUP, USER, Directory
from connectors.ldap_client.names import either, equals, parse_dn, parse_known_dn
from connectors.ldap_client.session import Entry

LOGIN = "uid"


def names_of(directory: Directory, ids: Iterable[str]) -> dict[str, list[str]]:
    """Return by which names groups hold accounts: the one to write first; those who are not there are missing.

    An account may have two logins while it is renamed.
    """
    if directory.settings.holds_logins:
        users = directory.accounts_with(ids, [LOGIN], directory.bases(USER))
        return {remote_id: logins for remote_id, entry in users.items() if (logins := logins_of(directory, entry))}
    found = directory.accounts_with(ids, [], (*directory.bases(USER), *directory.bases(GROUP)))
    return {remote_id: [entry.dn] for remote_id, entry in found.items()}


def logins_of(directory: Directory, entry: Entry) -> list[str]:
    """Return an entry's logins, the one that names it first."""
    naming = {value for name, value in parse_known_dn(entry.dn).rdn if name.lower() in directory.schema.names_of(LOGIN)}
    return sorted(entry.values(LOGIN), key=lambda login: login not in naming)


def ids_of(directory: Directory, held: Sequence[str]) -> dict[str, str]:
    """Return the ids of those whom a group holds by these names; names of nobody are missing from the answer."""
    identifier = directory.settings.id_attribute
    if not directory.settings.holds_logins:
        placeholder = parse_dn(directory.settings.placeholder).normal
        real = [dn for dn in held if parse_known_dn(dn).normal != placeholder]
        return {dn: directory.id_of(entry) for dn, entry in directory.entries_of(real, [identifier]).items()}
    found: dict[str, str] = {}
    for start in range(0, len(held), BATCH):
        asked = set(held[start : start + BATCH])
        condition = directory.of_kind(USER, either(equals(LOGIN, login) for login in asked))
        for base in directory.bases(USER):
            for entry in directory.session.search(base, condition, [identifier, LOGIN]):
                # POSIX compares logins with their case; the directory does not.
                found |= {login: directory.id_of(entry) for login in entry.values(LOGIN) if login in asked}
    return found
