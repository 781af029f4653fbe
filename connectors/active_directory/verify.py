"""The "Verify Credentials" button: the settings tried for real, one line for each thing, and what to do about it.

Here: every controller, the domain, the organizational units. ``verify_rights`` sees the rights. Nothing is written.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

from connectors.active_directory.dialect import ACTIVE_DIRECTORY, other_domain, read_only_controller
from connectors.active_directory.directory import Directory, id_of
from connectors.active_directory.domain import Domain, read_domain
from connectors.active_directory.settings import ActiveDirectorySettings
from connectors.active_directory.verify_rights import rights
from connectors.contract import GROUP_FEATURES, Check, Feature, Verification
from connectors.errors import ConnectorError
from connectors.ldap_client.names import parse_dn
from connectors.ldap_client.reach import Tried, failed, verified
from connectors.ldap_client.results import missing_place
from connectors.ldap_client.schema import read_schema
from connectors.ldap_client.session import Entry, Session

GLOBAL_CATALOGUE_PORTS = (3268, 3269)
CLOCK_MINUTES = 5
"""What Kerberos tolerates, and so every domain keeps to."""

READ_ONLY = "1.2.840.113556.1.4.1920"
"""LDAP_CAP_ACTIVE_DIRECTORY_PARTIAL_SECRETS_OID (MS-ADTS 3.1.1.3.4.3.6): the controller is an RODC."""

_LEVELS = {
    0: "Windows 2000", 1: "Windows Server 2003 interim", 2: "Windows Server 2003", 3: "Windows Server 2008",
    4: "Windows Server 2008 R2", 5: "Windows Server 2012", 6: "Windows Server 2012 R2", 7: "Windows Server 2016",
    10: "Windows Server 2025",
}  # fmt: skip
_PASSWORD_FEATURES = frozenset({Feature.CREATE_USERS, Feature.SYNC_PASSWORDS})
_COMPLEX = 0x1
_ROOT = ["currentTime", "isSynchronized", "supportedCapabilities", "domainFunctionality"]


def verify(settings: ActiveDirectorySettings, features: frozenset[Feature]) -> Verification:
    """Connect to every controller, and look at the domain through the first that works. Does not raise for findings."""
    return verified(settings, ACTIVE_DIRECTORY, partial(_look_around, features))


def _look_around(
    features: frozenset[Feature], session: Session, settings: ActiveDirectorySettings, tried: list[Tried]
) -> Iterator[Check]:
    domain = read_domain(session)
    for each in tried:
        if each.session is not None:
            yield from _controller(each.session, each.where, settings, domain)
    directory = Directory(session, settings, domain, read_schema(session))
    yield _domain(directory)
    if features & _PASSWORD_FEATURES:
        yield _password_policy(directory)
    found = [_unit(directory, name, unit) for name, unit in _units(settings, features)]
    yield from found
    if all(check.ok for check in found):
        yield from rights(directory, features)


def _controller(session: Session, where: str, settings: ActiveDirectorySettings, domain: Domain) -> Iterator[Check]:
    """Look at one of the controllers. Another server than a controller is an error that ``read_domain`` tells."""
    try:
        own = read_domain(session)
        root = session.read("", _ROOT) or Entry("", {})
    except ConnectorError as error:
        yield failed(f"Domain controller {where}", error)
        return
    base = settings.base or domain.base
    yield controller_check(where, settings.effective_port, own, root, base)
    if (clock := clock_check(where, root, datetime.now(UTC))) is not None:
        yield clock


def controller_check(where: str, port: int, own: Domain, root: Entry, base: str) -> Check:
    """Return whether it is a writable controller of the domain with this DN. Pure."""
    name = f"Domain controller {where}"
    if port in GLOBAL_CATALOGUE_PORTS:
        return Check(
            name,
            ok=False,
            detail=f"{where} is the global catalogue, which nobody can write and which knows part of each object only.",
            fix="Leave the port of the connection empty: 636 for LDAPS, 389 for StartTLS.",
        )
    if parse_dn(own.base).normal != parse_dn(base).normal:
        return Check(
            name,
            ok=False,
            detail=f"{where} is a controller of the domain {own.base}, not of {base}.",
            fix="Name controllers of one domain only, and make another connection for the other domain.",
        )
    if READ_ONLY in root.values("supportedCapabilities"):
        return failed(name, read_only_controller(where))
    if root.values("isSynchronized") == ["FALSE"]:
        return Check(
            name,
            ok=False,
            detail=f"{where} has not finished its first replication since it was started.",
            fix="Wait, and verify again. If it persists: repadmin /showrepl on the controller.",
        )
    return Check(name, ok=True, detail=f"{where} is a writable controller of {own.dns_name}.")


def clock_check(where: str, root: Entry, now: datetime) -> Check | None:
    """Return how the controller's clock stands to ours; ``None`` where it does not tell. Pure."""
    told = next(iter(root.values("currentTime")), "")
    try:
        theirs = datetime.strptime(told, "%Y%m%d%H%M%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    name, apart = f"Clock of {where}", abs(theirs - now)
    if apart <= timedelta(minutes=CLOCK_MINUTES):
        return Check(name, ok=True, detail="It agrees with the hub's.")
    minutes = round(apart.total_seconds() / 60)
    return Check(
        name,
        ok=False,
        detail=f"The clocks of {where} and of the hub are {minutes} minutes apart.",
        fix="Set the clock of the controller (w32tm /resync), and look at its time source (w32tm /query /status).",
    )


def _domain(directory: Directory) -> Check:
    root = directory.session.read("", _ROOT) or Entry("", {})
    held = "".join(root.values("domainFunctionality"))
    level = _LEVELS.get(int(held), f"number {held}") if held.isdigit() else "unknown"
    recycle_bin = "on" if directory.domain.recycle_bin else "off"
    detail = f"{directory.domain.dns_name}; functional level: {level}; recycle bin: {recycle_bin}."
    return Check("Domain", ok=True, detail=detail)


def _password_policy(directory: Directory) -> Check:
    """Tell the domain's password policy. Fine-grained ones, for some users, are not looked at."""
    names = ["minPwdLength", "pwdProperties", "pwdHistoryLength", "lockoutThreshold"]
    entry = directory.session.read(directory.domain.base, names) or Entry("", {})
    held = {
        name: int(values[0]) for name in names if (values := entry.values(name)) and values[0].lstrip("-").isdigit()
    }
    if "minPwdLength" not in held:
        return Check("Password policy", ok=True, detail="It may not be read.")
    kinds = ", of several kinds" if held.get("pwdProperties", 0) & _COMPLEX else ""
    tries = held.get("lockoutThreshold", 0)
    lock = f"locked after {tries} wrong ones" if tries else "never locked"
    detail = (
        f"At least {held['minPwdLength']} characters{kinds}; the last {held.get('pwdHistoryLength', 0)} are refused; "
        f"accounts are {lock}."
    )
    return Check("Password policy", ok=True, detail=detail)


def _units(settings: ActiveDirectorySettings, features: frozenset[Feature]) -> Iterator[tuple[str, str]]:
    if features - GROUP_FEATURES or Feature.MANAGE_MEMBERSHIPS in features:
        yield "User OU", settings.user_base
    if features & GROUP_FEATURES:
        yield "Group OU", settings.group_base
    if settings.inactive_base and Feature.DEACTIVATE_USERS in features:
        yield "OU of deactivated users", settings.inactive_base


def _unit(directory: Directory, name: str, unit: str) -> Check:
    if not parse_dn(unit).is_under(parse_dn(directory.domain.base)):
        return failed(name, other_domain(unit))
    try:
        entry = directory.session.read(unit, ["objectGUID"])
        if entry is None:
            return failed(name, missing_place(unit))
        id_of(entry)
    except ConnectorError as error:
        return failed(name, error)
    return Check(name, ok=True, detail=f"{unit} is there.")
