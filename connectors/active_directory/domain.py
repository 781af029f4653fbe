"""What is known of a domain and of one of its controllers, as their root DSE tells (MS-ADTS 3.1.1.3.2)."""

from dataclasses import dataclass

from connectors.errors import Misconfigured
from connectors.ldap_client.names import parse_dn
from connectors.ldap_client.session import Session

SHOW_DELETED = ("1.2.840.113556.1.4.417", True, None)
"""Searches and changes see deleted objects, too (MS-ADTS 3.1.1.3.4.1.14)."""

TREE_DELETE = ("1.2.840.113556.1.4.805", True, None)
"""A deletion takes what is below along (3.1.1.3.4.1.15)."""

EXTENDED_DN = ("1.2.840.113556.1.4.529", True, b"\x30\x03\x02\x01\x01")
"""DNs come with GUID and SID as texts (3.1.1.3.4.1.5): who is pointed at is known without another question."""

_OF_DOMAIN = ["defaultNamingContext", "configurationNamingContext"]
_OF_CONTROLLER = ["dsServiceName", "dnsHostName", "highestCommittedUSN"]


@dataclass(frozen=True, slots=True)
class Domain:
    """What all controllers of a domain agree on. ``dns_name`` is the domain's: ``corp.example.com``."""

    base: str
    configuration: str
    dns_name: str
    level: int
    """The functional level of the controller that was asked: 7 is Windows Server 2016 (msDS-Behavior-Version)."""
    controls: frozenset[str]
    recycle_bin: bool
    """Whether deleted objects keep their attributes; false where it cannot be seen."""

    @property
    def deleted_objects(self) -> str:
        """The container of deleted objects."""
        return f"CN=Deleted Objects,{self.base}"


@dataclass(frozen=True, slots=True)
class Controller:
    """The controller behind one session, as it stands now. ``service`` names it for ever, and its own USNs."""

    service: str
    host: str
    highest_usn: int


def read_domain(session: Session) -> Domain:
    """Read the root DSE. Raises ``Misconfigured`` where the server is no domain controller."""
    root = session.read("", [*_OF_DOMAIN, "supportedControl", "domainControllerFunctionality"])
    held = {name: (root.values(name) if root else [])[:1] for name in _OF_DOMAIN}
    if root is None or not held["defaultNamingContext"] or not held["configurationNamingContext"]:
        raise Misconfigured(
            "The server is not a domain controller of Active Directory.",
            code="ad.noDomainController",
            fix="Enter the name of a domain controller, or make an LDAP connection for another kind of directory.",
        )
    base, configuration = ("".join(held[name]) for name in _OF_DOMAIN)
    level = root.values("domainControllerFunctionality")
    return Domain(
        base,
        configuration,
        ".".join(rdn[0][1] for rdn in parse_dn(base).normal),
        int(level[0]) if level and level[0].isdigit() else 0,
        frozenset(root.values("supportedControl")),
        _has_recycle_bin(session, configuration),
    )


def read_controller(session: Session) -> Controller:
    """Ask the controller who it is. It may be another one each time: a session sticks to it, a connection does not."""
    root = session.read("", _OF_CONTROLLER)
    held = {name: "".join((root.values(name) if root else [])[:1]) for name in _OF_CONTROLLER}
    usn = held["highestCommittedUSN"]
    return Controller(held["dsServiceName"], held["dnsHostName"], int(usn) if usn.isdigit() else 0)


def _has_recycle_bin(session: Session, configuration: str) -> bool:
    """Look whether the optional feature is enabled for the forest (MS-ADTS 3.1.1.9.1)."""
    partitions = session.read(f"CN=Partitions,{configuration}", ["msDS-EnabledFeature"])
    if partitions is None:
        return False
    enabled = partitions.values("msDS-EnabledFeature")
    return any(dn.lower().startswith("cn=recycle bin feature,") for dn in enabled)
