"""The "Verify Credentials" button: the settings tried for real, one line for each thing, and what to do about it.

Here: every server, the base DNs, and in which order the rest is looked at (``verify_schema``, ``verify_rights``).
"""

from collections.abc import Iterator
from functools import partial

from connectors.contract import GROUP_FEATURES, Check, Feature, Verification
from connectors.errors import ConnectorError
from connectors.ldap.directory import Directory
from connectors.ldap.numbers import Numbers
from connectors.ldap.settings import LdapSettings
from connectors.ldap.verify_rights import rights
from connectors.ldap.verify_schema import offers, schema_checks
from connectors.ldap_client.dialect import STANDARD
from connectors.ldap_client.reach import Tried, failed, verified
from connectors.ldap_client.results import missing_place
from connectors.ldap_client.schema import read_schema
from connectors.ldap_client.session import Session

USER_FEATURES = frozenset(
    {
        Feature.IMPORT_USERS,
        Feature.CREATE_USERS,
        Feature.UPDATE_USERS,
        Feature.DEACTIVATE_USERS,
        Feature.DELETE_USERS,
        Feature.SYNC_PASSWORDS,
        Feature.MANAGE_MEMBERSHIPS,
    }
)


def verify(settings: LdapSettings, features: frozenset[Feature]) -> Verification:
    """Connect to every host, and look at the directory through the first that works. Does not raise for findings."""
    return verified(settings, STANDARD, partial(_look_around, features))


def _look_around(
    features: frozenset[Feature], session: Session, settings: LdapSettings, tried: list[Tried]
) -> Iterator[Check]:
    schema = read_schema(session)
    directory = Directory(session, settings, schema, Numbers())
    for name, base in _bases(settings, features):
        yield _base(directory, name, base)
    for other in tried:
        if other.session is not None and other.session is not session:
            yield _same_directory(directory, other)
    if not schema.known:
        yield Check("Schema", ok=True, detail="The server does not show its schema; classes and attributes unchecked.")
    else:
        yield from schema_checks(directory, features)
    yield from offers(directory, features)
    yield from rights(directory, features)


def _bases(settings: LdapSettings, features: frozenset[Feature]) -> Iterator[tuple[str, str]]:
    if features & USER_FEATURES:
        yield "User base", settings.user_base
    if features & GROUP_FEATURES:
        yield "Group base", settings.group_base
    if features & USER_FEATURES and settings.deactivation == "move" and settings.inactive_base:
        yield "Base of deactivated users", settings.inactive_base


def _base(directory: Directory, name: str, base: str) -> Check:
    entry = directory.session.read(base, [directory.settings.id_attribute])
    if entry is None:
        return failed(name, missing_place(base))
    try:
        directory.id_of(entry)
    except ConnectorError as error:
        return failed(name, error)
    return Check(name, ok=True, detail=f"{base} is there.")


def _same_directory(directory: Directory, other: Tried) -> Check:
    """Look whether another host has the same entries: copies of one another agree on ids."""
    name, settings = f"Same directory at {other.where}", directory.settings
    bases, identifier = (settings.user_base, settings.group_base), settings.id_attribute
    for base in bases:
        mine = directory.session.read(base, [identifier])
        theirs = other.session.read(base, [identifier]) if other.session else None
        if mine is not None and (theirs is None or theirs.values(identifier) != mine.values(identifier)):
            return Check(
                name,
                ok=False,
                detail=f"{other.where} does not have the same {base} as {directory.session.host}.",
                fix="Name only servers that replicate one directory, or look at the replication of this one. Another "
                "directory needs a connection of its own.",
            )
    return Check(name, ok=True, detail=f"{other.where} has the same entries as {directory.session.host}.")
