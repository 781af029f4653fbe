"""The verified domains of the tenant: to say which domain is not one of them, once Graph has refused a name."""

from collections.abc import Mapping

from connectors.errors import ConnectorError, Rejected
from connectors.graph.catalogue import IMMUTABLE_ID, UPN
from connectors.graph.client import GraphClient
from connectors.graph.permissions import Operation
from connectors.graph.recent import Recent

TERM = 300.0
"""Seconds for which the domains are taken as known: who has just verified one is not told wrong for long."""


def domain_of(user_principal_name: str) -> str:
    """Return the domain of a userPrincipalName in lower case, or empty."""
    return user_principal_name.rpartition("@")[2].lower() if "@" in user_principal_name else ""


class Domains:
    """The verified domains, as far as the application may read them."""

    def __init__(self, client: GraphClient) -> None:
        self._client = client
        self._known: Recent[Mapping[str, str]] = Recent(TERM)

    async def verified(self) -> Mapping[str, str]:
        """Return who signs the users of each verified domain in (Managed, Federated). Raises what the read meets."""
        known = self._known.get("")
        if known is None:
            reply = await self._client.send("GET", "/organization", query={"$select": "id,verifiedDomains"})
            await self._client.expect(reply, Operation.READ_DOMAINS, "tenant")
            found = reply.body.get("value") if isinstance(reply.body, dict) else None
            tenants = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
            domains = [domain for tenant in tenants for domain in tenant.get("verifiedDomains") or ()]
            named = (each for each in domains if isinstance(each, dict))
            known = {str(each.get("name")).lower(): str(each.get("type") or "") for each in named}
            self._known.put("", known)
        return known

    async def lacks(self, domain: str) -> bool:
        """Whether the tenant has surely not verified this domain; not knowing is no."""
        try:
            verified = await self.verified()
        except ConnectorError:
            return False
        return bool(verified) and domain not in verified


def unverified(domain: str) -> Rejected:
    """Return the refusal of a name in a domain that is not the tenant's."""
    return Rejected(
        f"The userPrincipalName ends in {domain}, which is no verified domain of the tenant.",
        code="graph.unverifiedDomain",
        fix="Have userName end in a verified domain, or add and verify the domain (Entra admin center, Custom "
        "domain names).",
        attribute=UPN,
    )


def no_immutable_id(domain: str) -> Rejected:
    """Return the refusal of a new user in a federated domain."""
    return Rejected(
        f"{domain} is a federated domain, whose users need onPremisesImmutableId; there is no value for it.",
        code="graph.immutableIdMissing",
        fix="Name the domain in the connection's federated domains, and map onPremisesImmutableId or set where it "
        "comes from (Immutable id of federated users): the sign-in service must know the same value.",
        attribute=IMMUTABLE_ID,
    )
