"""The tenant itself: its name and its domains."""

from typing import Any

from sandbox.graph.messages import Answer, Request
from sandbox.graph.state import Tenant


def list_organization(tenant: Tenant, request: Request) -> Answer:
    """GET /organization: a collection of one. $select narrows it; other query options have no effect."""
    organization = {
        "id": tenant.id,
        "displayName": tenant.display_name,
        "tenantType": "AAD",
        "countryLetterCode": "DE",
        "preferredLanguage": "en",
        "onPremisesSyncEnabled": None,
        "technicalNotificationMails": [],
        "assignedPlans": [],
        "verifiedDomains": [
            {
                "capabilities": "Email, OfficeCommunicationsOnline",
                "isDefault": position == 0,
                "isInitial": position == len(tenant.domains) - 1,
                "name": domain,
                "type": authentication(tenant, domain),
            }
            for position, domain in enumerate(tenant.domains)
        ],
    }
    select = request.query.get("$select")
    if select:
        organization = {name: value for name, value in organization.items() if name in select.split(",")}
    return Answer(200, {"@odata.context": f"{request.base}/$metadata#organization", "value": [organization]})


def list_domains(tenant: Tenant, request: Request) -> Answer:
    """GET /domains: verified and unverified ones. $select narrows it; other query options have no effect."""
    names = [*tenant.domains, *sorted(tenant.knobs.unverified_domains)]
    domains = [_domain(tenant, name, position) for position, name in enumerate(names)]
    select = request.query.get("$select")
    if select:
        domains = [
            {name: value for name, value in item.items() if name in (*select.split(","), "id")} for item in domains
        ]
    return Answer(200, {"@odata.context": f"{request.base}/$metadata#domains", "value": domains})


def authentication(tenant: Tenant, domain: str) -> str:
    """Return who signs the users of a domain in: Entra (Managed) or somebody else (Federated)."""
    return "Federated" if domain in tenant.knobs.federated_domains else "Managed"


def _domain(tenant: Tenant, name: str, position: int) -> dict[str, Any]:
    verified = name in tenant.domains
    return {
        "authenticationType": authentication(tenant, name),
        "availabilityStatus": None,
        "id": name,
        "isAdminManaged": True,
        "isDefault": position == 0,
        "isInitial": position == len(tenant.domains) - 1,
        "isRoot": True,
        "isVerified": verified,
        "supportedServices": ["Email", "OfficeCommunicationsOnline"] if verified else [],
        "passwordValidityPeriodInDays": 2147483647,
        "passwordNotificationWindowInDays": 14,
        "state": None,
    }
