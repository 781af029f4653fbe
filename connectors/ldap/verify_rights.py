"""Which rights "Verify Credentials" can see without writing: existing entries are asked to lose what they do not have.

The server checks the right first and then finds nothing to remove (noSuchAttribute): the entry stays as it is. Whether
entries may be added, renamed and deleted shows only by doing it: that is the trial.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

from connectors.contract import Check, Feature, ObjectKind
from connectors.errors import Misconfigured
from connectors.ldap.directory import GROUP, USER, Directory
from connectors.ldap_client.library import MODIFY_DELETE
from connectors.ldap_client.names import child_dn, equals
from connectors.ldap_client.results import INSUFFICIENT_ACCESS, NO_SUCH_ATTRIBUTE
from connectors.ldap_client.session import Entry

_LONG_AGO = b"19700101000000Z"
_WRITES = {
    USER: frozenset({Feature.CREATE_USERS, Feature.UPDATE_USERS, Feature.DELETE_USERS}),
    GROUP: frozenset({Feature.CREATE_GROUPS, Feature.UPDATE_GROUPS, Feature.DELETE_GROUPS}),
}
_READS = {USER: Feature.IMPORT_USERS, GROUP: Feature.IMPORT_GROUPS}


@dataclass(frozen=True, slots=True)
class _Probe:
    """One attribute of an existing entry, and a value that it surely does not have."""

    name: str
    attribute: str
    value: bytes


def rights(directory: Directory, features: frozenset[Feature]) -> Iterator[Check]:
    """Ask for each right that the features need, on one existing user and group."""
    for kind in (USER, GROUP):
        probes = list(_probes(directory, kind, features))
        reads = _READS[kind] in features
        if not probes and not reads:
            continue
        entry = _existing(directory, kind)
        if reads:
            yield _timestamp(directory, kind, entry)
        for probe in probes:
            yield _ask(directory, kind, probe, entry)


def _probes(directory: Directory, kind: ObjectKind, features: frozenset[Feature]) -> Iterator[_Probe]:
    nobody = f"lockstep-probe-{uuid4().hex}"
    if features & _WRITES[kind]:
        attribute = "description" if "description" in directory.schema.allowed(directory.classes(kind)) else "cn"
        yield _Probe(f"Right to write {kind.lower()}s", attribute, nobody.encode())
    if kind is GROUP and Feature.MANAGE_MEMBERSHIPS in features:
        member = nobody if directory.settings.holds_logins else child_dn("cn", nobody, directory.settings.group_base)
        yield _Probe("Right to change members", directory.settings.member_attribute, member.encode())
    if kind is USER and Feature.DEACTIVATE_USERS in features:
        for attribute in directory.switch.attributes:
            value = _LONG_AGO if directory.settings.deactivation == "password-lock" else nobody.encode()
            yield _Probe("Right to deactivate users", attribute, value)
    if kind is USER and Feature.SYNC_PASSWORDS in features:
        yield _Probe("Right to set passwords", "userPassword", nobody.encode())


def _existing(directory: Directory, kind: ObjectKind) -> Entry | None:
    wanted = ["modifyTimestamp", directory.settings.id_attribute]
    found = directory.find(kind, equals("objectClass", directory.classes(kind)[0]), wanted, 1)
    return found[0] if found else None


def _ask(directory: Directory, kind: ObjectKind, probe: _Probe, entry: Entry | None) -> Check:
    if entry is None:
        detail = f"There is no {kind.lower()} yet, so this shows with the first one, or by a trial."
        return Check(probe.name, ok=True, detail=detail)
    result = directory.session.try_modify(entry.dn, {probe.attribute: [(MODIFY_DELETE, [probe.value])]})
    if result.code == NO_SUCH_ATTRIBUTE:
        detail = f"The service account may write {probe.attribute}. Adding and deleting shows by doing it, or by a "
        "trial."
        return Check(probe.name, ok=True, detail=detail)
    error = directory.session.error_of(result)
    if result.code == INSUFFICIENT_ACCESS or isinstance(error, Misconfigured):
        return Check(probe.name, ok=False, detail=str(error), fix=error.fix)
    return Check(probe.name, ok=True, detail=f"It could not be found out ({result.description}).")


def _timestamp(directory: Directory, kind: ObjectKind, entry: Entry | None) -> Check:
    """Look whether an import can tell what changed."""
    name = f"Right to read {kind.lower()}s"
    if entry is None:
        base = directory.bases(kind)[0]
        detail = f"There is no {kind.lower()} below {base} that the service account may read."
        return Check(name, ok=True, detail=detail)
    if entry.values("modifyTimestamp"):
        return Check(name, ok=True, detail=f"{kind}s can be read, and when they changed.")
    return Check(
        name,
        ok=False,
        detail=f"{entry.dn} shows no modifyTimestamp, by which an import knows what changed.",
        fix="Give the service account the right to read operational attributes (modifyTimestamp) below the base; "
        "OpenLDAP keeps them unless 'lastmod off' is set.",
    )
