"""The tenant itself: its name and its verified domains."""

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
                "type": "Managed",
            }
            for position, domain in enumerate(tenant.domains)
        ],
    }
    select = request.query.get("$select")
    if select:
        organization = {name: value for name, value in organization.items() if name in select.split(",")}
    return Answer(200, {"@odata.context": f"{request.base}/$metadata#organization", "value": [organization]})
