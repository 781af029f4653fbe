"""Who holds which licence in a tenant, directly or through a group, and how many seats are left. Pure.

Direct assignments are stored on the user. Those through groups follow from the knob ``group_licences``: Graph works
them out in the background, here they stand at once. Where seats run short, direct ones come first, then members in
the order in which they were added; who gets none has the error CountViolation (Graph: licenseAssignmentState).
"""

from typing import Any

from sandbox.graph.catalogue import BY_ID, PRODUCTS, Product
from sandbox.graph.clock import timestamp
from sandbox.graph.entities import USER
from sandbox.graph.state import DirectoryObject, Tenant

LICENCES = "assignedLicenses"
STATES = "licenseAssignmentStates"


def subscribed(tenant: Tenant) -> list[Product]:
    """Return the products that the tenant has."""
    return [PRODUCTS[name] for name in tenant.knobs.subscriptions]


def seats(tenant: Tenant, product: Product) -> int:
    """Return how many licences the tenant has bought."""
    return tenant.knobs.subscriptions.get(product.part_number, 0)


def consumed(tenant: Tenant, product: Product) -> int:
    """Return how many of them are in use."""
    return len(tenant.holding(LICENCES, product.id)) + len(_heirs(tenant, product)[0])


def holds(tenant: Tenant, user: DirectoryObject, product: Product) -> bool:
    """Whether a user takes a seat already."""
    return _direct(user, product) is not None or user.id in _heirs(tenant, product)[0]


def inherited(tenant: Tenant, user: DirectoryObject, product: Product) -> bool:
    """Whether a user has the product through a group, with a seat or without."""
    return any(user.id in heirs for heirs in _heirs(tenant, product))


def read_value(tenant: Tenant, thing: DirectoryObject, name: str) -> Any:
    """Return a property as it is read; what comes from groups is worked out."""
    if name not in (LICENCES, STATES):
        return thing.value(name)
    if thing.entity is not USER:
        names = tenant.knobs.group_licences.get(thing.id, ())
        return [{"disabledPlans": [], "skuId": PRODUCTS[part].id} for part in names]
    direct: list[dict[str, Any]] = thing.value(name)
    if not tenant.knobs.group_licences:
        return direct
    through = _through_groups(tenant, thing)
    if name == STATES:
        return [*direct, *through]
    held = {entry["skuId"]: entry for entry in direct}
    for state in through:
        if state["error"] is None:
            held[state["skuId"]] = {"disabledPlans": [], "skuId": state["skuId"]}
    return list(held.values())


def _through_groups(tenant: Tenant, user: DirectoryObject) -> list[dict[str, Any]]:
    states: list[dict[str, Any]] = []
    for group, names in tenant.knobs.group_licences.items():
        order = tenant.members.get(group, {}).get(user.id)
        if order is None or tenant.objects[group].deleted is not None:
            continue
        for name in names:
            seated = user.id in _heirs(tenant, PRODUCTS[name])[0] or _direct(user, PRODUCTS[name]) is not None
            states.append(
                {
                    "assignedByGroup": group,
                    "disabledPlans": [],
                    "error": None if seated else "CountViolation",
                    "lastUpdatedDateTime": timestamp(tenant.objects[group].created),
                    "skuId": PRODUCTS[name].id,
                    "state": "Active" if seated else "Error",
                }
            )
    return states


def _heirs(tenant: Tenant, product: Product) -> tuple[dict[str, None], dict[str, None]]:
    """Return the users who have a product through a group alone: those with a seat, and those without."""
    seated: dict[str, None] = {}
    waiting: dict[str, None] = {}
    left = seats(tenant, product) - len(tenant.holding(LICENCES, product.id)) if tenant.knobs.group_licences else 0
    for group, names in tenant.knobs.group_licences.items():
        if product.part_number not in names or group not in tenant.objects or tenant.objects[group].deleted:
            continue
        for key in tenant.members.get(group, ()):
            user = tenant.objects[key]
            if user.entity is not USER or user.deleted or _direct(user, product) is not None:
                continue
            if key not in seated:
                (seated if len(seated) < left else waiting)[key] = None
    return seated, waiting


def _direct(user: DirectoryObject, product: Product) -> dict[str, Any] | None:
    held: list[dict[str, Any]] = user.values.get(LICENCES, [])
    return next((entry for entry in held if entry["skuId"] == product.id), None)


def without_seats(tenant: Tenant, user: DirectoryObject) -> dict[str, Any]:
    """Return what becomes of a deleted user's direct licences when it is restored: those without a seat are gone."""
    left = [
        e
        for e in user.values.get(LICENCES, [])
        if consumed(tenant, BY_ID[e["skuId"]]) < seats(tenant, BY_ID[e["skuId"]])
    ]
    kept = {entry["skuId"] for entry in left}
    states = [state for state in user.values.get(STATES, []) if state["skuId"] in kept]
    return {LICENCES: left, STATES: states} if user.values.get(LICENCES) else {}
