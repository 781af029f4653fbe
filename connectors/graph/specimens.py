"""The throw-away user and group of a trial."""

from collections.abc import Mapping

from connectors.contract import Match, ObjectKind
from connectors.graph.catalogue import UPN
from connectors.graph.client import GraphClient
from connectors.graph.faults import unreadable
from connectors.graph.permissions import Operation
from connectors.trial import Specimen, trial_name

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP


async def specimens(client: GraphClient) -> Mapping[ObjectKind, Specimen]:
    """Return both. The user is in the tenant's initial domain, which is never federated."""
    domain = await _initial_domain(client)
    names = {kind: (trial_name(), trial_name()) for kind in (USER, GROUP)}
    user, later = (f"{name}@{domain}" for name in names[USER])
    return {
        USER: Specimen(
            Match(USER, UPN, user),
            {UPN: user, "displayName": names[USER][0]},
            {"jobTitle": "Lockstep's trial"},
            {UPN: later},
        ),
        GROUP: Specimen(
            Match(GROUP, "displayName", names[GROUP][0]),
            {"displayName": names[GROUP][0]},
            {"description": "Lockstep's trial"},
            {"displayName": names[GROUP][1]},
        ),
    }


async def _initial_domain(client: GraphClient) -> str:
    reply = await client.send("GET", "/organization", query={"$select": "id,verifiedDomains"})
    await client.expect(reply, Operation.READ_DOMAINS, "tenant")
    found = reply.body.get("value") if isinstance(reply.body, dict) else None
    tenants = [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
    domains = [domain for tenant in tenants for domain in tenant.get("verifiedDomains") or ()]
    initial = next((str(each.get("name")) for each in domains if each.get("isInitial")), "")
    if not initial:
        raise unreadable()
    return initial
