"""The products that a simulated tenant can subscribe to: real part numbers and ids, with some of their service plans.

Source: product names and service plan identifiers for licensing (Microsoft's documentation).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """A part of a product that can be disabled on its own."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Product:
    """A stock keeping unit: ``part_number`` is what people know it by."""

    id: str
    part_number: str
    plans: tuple[ServicePlan, ...]

    def plan_ids(self) -> frozenset[str]:
        """Return the ids of the service plans."""
        return frozenset(plan.id for plan in self.plans)


EXCHANGE = ServicePlan("efb87545-963c-4e0d-99df-69c6916d9eb0", "EXCHANGE_S_ENTERPRISE")
SHAREPOINT = ServicePlan("5dbe027f-2339-4123-9542-606e4d348a72", "SHAREPOINTENTERPRISE")
TEAMS = ServicePlan("57ff2da0-773e-42df-b2af-ffb7a2317929", "TEAMS1")
OFFICE = ServicePlan("43de0ff5-c92c-492b-9116-175376d08c38", "OFFICESUBSCRIPTION")
ENTRA_P1 = ServicePlan("41781fb2-bc02-4b7c-bd55-b576c07bb09d", "AAD_PREMIUM")
INTUNE = ServicePlan("c1ec4a95-1f05-45b3-a911-aa3fa01094f5", "INTUNE_A")
FLOW = ServicePlan("50e68c76-46c6-4674-81f9-75456511b170", "FLOW_P2_VIRAL")

PRODUCTS = {
    product.part_number: product
    for product in (
        Product("6fd2c87f-b296-42f0-b197-1e91e994b900", "ENTERPRISEPACK", (EXCHANGE, SHAREPOINT, TEAMS, OFFICE)),
        Product(
            "05e9a617-0261-4cee-bb44-138d3ef5d965", "SPE_E3", (EXCHANGE, SHAREPOINT, TEAMS, OFFICE, ENTRA_P1, INTUNE)
        ),
        Product("efccb6f7-5641-4e0e-bd10-b4976e1bf68e", "EMS", (ENTRA_P1, INTUNE)),
        Product("f30db741-07e9-47e9-837c-80727f46fd3f", "FLOW_FREE", (FLOW,)),
    )
}
"""By part number."""

BY_ID = {product.id: product for product in PRODUCTS.values()}
