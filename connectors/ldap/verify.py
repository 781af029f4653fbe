"""The "Verify Credentials" button: the settings tried for real, one line for each thing, and what to do about it."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

from connectors.contract import Check, ObjectKind, Verification
from connectors.errors import ConnectorError, Unavailable
from connectors.ldap.defaults import DEFAULTS
from connectors.ldap.directory import GROUP, USER, Directory
from connectors.ldap.settings import LdapSettings
from connectors.ldap_client.dialect import STANDARD
from connectors.ldap_client.library import MODIFY_DELETE
from connectors.ldap_client.names import equals
from connectors.ldap_client.opening import bind, close, connect
from connectors.ldap_client.results import INSUFFICIENT_ACCESS, NO_SUCH_ATTRIBUTE
from connectors.ldap_client.schema import Schema, read_schema
from connectors.ldap_client.session import ConnectionLost, Session
from connectors.ldap_client.tls import client_context


def verify(settings: LdapSettings) -> Verification:
    """Connect to every host, and look at the directory through the first that works. Does not raise for findings."""
    checks: list[Check] = []
    context: ssl.SSLContext | None = None
    if settings.security != "plain":
        try:
            context = client_context(settings)
        except ConnectorError as error:
            return Verification((_failed("CA certificate", error),))
    session: Session | None = None
    for host in settings.hosts:
        opened, found = _try_host(settings, context, host)
        checks += found
        if session is None:
            session = opened
        elif opened is not None:
            opened.close()
    if session is not None:
        try:
            checks += _look_around(session, settings)
        except ConnectionLost:
            checks.append(_failed("Connection", Unavailable("The server broke off the connection.", code="ldap.lost")))
        except ConnectorError as error:
            checks.append(_failed("Directory", error))
        finally:
            session.close()
    return Verification(tuple(check if check.ok else _with_fix(check) for check in checks))


def _try_host(settings: LdapSettings, context: ssl.SSLContext | None, host: str) -> tuple[Session | None, list[Check]]:
    where = f"{host}:{settings.effective_port}"
    try:
        connection = connect(settings, context, host)
    except ConnectorError as error:
        return None, [_failed(f"Connection to {where}", error)]
    how = {"ldaps": "over LDAPS", "starttls": "with StartTLS", "plain": "without encryption"}[settings.security]
    checks = [Check(f"Connection to {where}", ok=True, detail=f"The server answers {how}.")]
    try:
        bind(connection, settings, STANDARD)
    except ConnectorError as error:
        close(connection)
        return None, [*checks, _failed(f"Sign-in at {where}", error)]
    checks.append(Check(f"Sign-in at {where}", ok=True, detail=f"Bound as {settings.bind_dn}."))
    return Session(connection, settings.response_timeout), checks


def _look_around(session: Session, settings: LdapSettings) -> Iterator[Check]:
    schema = read_schema(session)
    directory = Directory(session, settings, schema)
    bases = {"User base": settings.user_base, "Group base": settings.group_base}
    if settings.deactivation == "move" and settings.inactive_base:
        bases["Base of deactivated users"] = settings.inactive_base
    for name, base in bases.items():
        yield _base(directory, name, base)
    if not schema.known:
        yield Check("Schema", ok=True, detail="The server does not show its schema; classes and attributes unchecked.")
    else:
        yield from _schema(directory, schema)
    for kind in (USER, GROUP):
        yield _rights(directory, kind)


def _base(directory: Directory, name: str, base: str) -> Check:
    identifier = directory.settings.id_attribute
    entry = directory.session.read(base, [identifier])
    if entry is None:
        fix = "Create it, correct the DN, or give the service account the right to read it."
        return Check(name, ok=False, detail=f"{base} is not there, or may not be read.", fix=fix)
    if not entry.values(identifier):
        fix = f"Give the service account the right to read {identifier}, or choose another id attribute."
        return Check(name, ok=False, detail=f"{base} shows no {identifier}.", fix=fix)
    return Check(name, ok=True, detail=f"{base} is there.")


def _schema(directory: Directory, schema: Schema) -> Iterator[Check]:
    settings = directory.settings
    for kind in (USER, GROUP):
        classes = directory.classes(kind)
        unknown = [name for name in classes if not schema.has_class(name)]
        if unknown:
            fix = "Load the schema on the server, or correct the object classes of the connection."
            detail = f"The server does not know {', '.join(unknown)}."
            yield Check(f"Object classes of {kind}s", ok=False, detail=detail, fix=fix)
            continue
        yield Check(f"Object classes of {kind}s", ok=True, detail=f"{', '.join(classes)} is known.")
        allowed = {alias for name in schema.allowed(classes) for alias in schema.names_of(name)}
        needed = {mapping.target: "is mapped by default" for mapping in DEFAULTS[kind].mappings}
        needed[directory.naming_attribute(kind)] = "names new entries"
        if kind is GROUP:
            needed[settings.member_attribute] = "holds the members"
        lacking = [f"{name} ({why})" for name, why in needed.items() if name.lower() not in allowed]
        yield _attributes(f"Attributes of {kind}s", lacking)
    operational = [name for name in (*directory.switch.attributes, settings.id_attribute) if name]
    lacking = [name for name in operational if not schema.has_attribute(name)]
    if lacking:
        fix = (
            "Turn on the server's password policy (OpenLDAP: overlay ppolicy), or choose another deactivation."
            if settings.deactivation == "password-lock"
            else "Correct the attribute of deactivation and the id attribute."
        )
        detail = f"The server does not know {', '.join(lacking)}."
        yield Check("Deactivation and identity", ok=False, detail=detail, fix=fix)
    else:
        yield Check("Deactivation and identity", ok=True, detail=f"{', '.join(operational)} is known.")


def _attributes(name: str, lacking: list[str]) -> Check:
    if not lacking:
        return Check(name, ok=True, detail="All attributes of the built-in mappings are allowed.")
    fix = "Add an object class that allows them, or map to other attributes."
    return Check(name, ok=False, detail=f"The object classes do not allow {', '.join(lacking)}.", fix=fix)


def _rights(directory: Directory, kind: ObjectKind) -> Check:
    """Tell whether existing entries may be written, without writing.

    The server is asked to remove a value that nobody has. It checks the right first and then finds nothing to remove
    (noSuchAttribute): the entry stays as it is. Whether new entries may be added cannot be asked so.
    """
    name, attribute = f"Right to write {kind}s", "description"
    if kind is USER and "description" not in directory.schema.allowed(directory.classes(kind)):
        attribute = "cn"
    found = directory.find(kind, equals("objectClass", directory.classes(kind)[0]), ["1.1"], 1)
    if not found:
        detail = f"There is no {kind} yet, so this shows with the first one that is created."
        return Check(name, ok=True, detail=detail)
    change = (MODIFY_DELETE, [f"lockstep-probe-{uuid4().hex}".encode()])
    result = directory.session.try_modify(found[0].dn, {attribute: [change]})
    if result.code == INSUFFICIENT_ACCESS:
        base = directory.bases(kind)[0]
        fix = f"Give {directory.settings.bind_dn} the right to add, change, rename and delete entries below {base}."
        return Check(name, ok=False, detail="The service account may read but not write.", fix=fix)
    if result.code == NO_SUCH_ATTRIBUTE:
        return Check(name, ok=True, detail="Existing entries may be changed; adding shows with the first new one.")
    return Check(name, ok=True, detail=f"It could not be found out ({result.description}).")


def _failed(name: str, error: ConnectorError) -> Check:
    return Check(name, ok=False, detail=str(error), fix=error.fix)


def _with_fix(check: Check) -> Check:
    return check if check.fix else replace(check, fix="Try again; if it persists, look at the server's log.")
