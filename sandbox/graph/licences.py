"""Licences: what the tenant has, what a user has, and how it is assigned (subscribedSku, assignLicense)."""

from typing import Any

from sandbox.graph.catalogue import BY_ID, Product
from sandbox.graph.clock import timestamp
from sandbox.graph.errors import GraphError, bad_request
from sandbox.graph.messages import Answer, Request
from sandbox.graph.query import Shape
from sandbox.graph.seats import LICENCES, STATES, consumed, holds, inherited, read_value, seats, subscribed
from sandbox.graph.state import DirectoryObject, Tenant
from sandbox.graph.users import find_user


def list_skus(tenant: Tenant, request: Request) -> Answer:
    """GET /subscribedSkus. $select narrows it; other query options have no effect."""
    found = [_sku(tenant, product) for product in subscribed(tenant)]
    return Answer(200, {"@odata.context": f"{request.base}/$metadata#subscribedSkus", "value": _chosen(request, found)})


def list_licence_details(tenant: Tenant, request: Request, key: str) -> Answer:
    """GET /users/{id}/licenseDetails: the products that a user has, and which of their plans."""
    user = find_user(tenant, key)
    found = [_details(user, entry) for entry in read_value(tenant, user, LICENCES)]
    context = f"{request.base}/$metadata#users('{user.id}')/licenseDetails"
    return Answer(200, {"@odata.context": context, "value": _chosen(request, found)})


def assign_licence(tenant: Tenant, request: Request, key: str) -> Answer:
    """POST /users/{id}/assignLicense: all of it happens, or nothing. Removals come first: they free seats."""
    user = find_user(tenant, key)
    body = request.json_object()
    missing = [name for name in ("addLicenses", "removeLicenses") if not isinstance(body.get(name), list)]
    if missing:
        raise bad_request(
            "One or more parameters of the operation 'assignLicense' are missing from the request payload. The missing "
            f"parameters are: {', '.join(missing)}."
        )
    held: dict[str, dict[str, Any]] = {entry["skuId"]: entry for entry in user.value(LICENCES)}
    states: dict[str, dict[str, Any]] = {state["skuId"]: state for state in user.value(STATES)}
    for sku in body["removeLicenses"]:
        product = _product(tenant, sku)
        if product.id not in held:
            raise _not_held(tenant, user, product)
        del held[product.id], states[product.id]
    for added in body["addLicenses"]:
        product, disabled = _wanted(tenant, added)
        if user.values.get("usageLocation") is None:
            raise bad_request("License assignment cannot be done for user with invalid usage location.")
        if not holds(tenant, user, product) and consumed(tenant, product) >= seats(tenant, product):
            raise bad_request(f"Subscription with SKU {product.id} does not have any available licenses.")
        held[product.id] = {"disabledPlans": disabled, "skuId": product.id}
        states[product.id] = _state(tenant, product, disabled)
    tenant.update(user, {LICENCES: list(held.values()), STATES: list(states.values())})
    context = {"@odata.context": f"{request.base}/$metadata#users/$entity"}
    return Answer(200, context | Shape().body(tenant, user, typed=False))


def _wanted(tenant: Tenant, added: object) -> tuple[Product, list[str]]:
    if not isinstance(added, dict) or not set(added) <= {"skuId", "disabledPlans", "@odata.type"}:
        raise bad_request("Each of 'addLicenses' must be an object of 'skuId' and 'disabledPlans'.")
    product = _product(tenant, added.get("skuId"))
    disabled = added.get("disabledPlans") or []
    if not isinstance(disabled, list):
        raise bad_request("'disabledPlans' must be an array of service plan ids.")
    for plan in disabled:
        if plan not in product.plan_ids():
            raise bad_request(f"License assignment failed because service plan {plan} is not part of SKU {product.id}.")
    return product, disabled


def _product(tenant: Tenant, sku: object) -> Product:
    product = BY_ID.get(sku) if isinstance(sku, str) else None
    if product is None or product.part_number not in tenant.knobs.subscriptions:
        raise bad_request(f"License {sku} does not correspond to a valid company License.")
    return product


def _not_held(tenant: Tenant, user: DirectoryObject, product: Product) -> GraphError:
    if inherited(tenant, user, product):
        return bad_request(
            "User license is inherited from a group membership and it cannot be removed directly from the user."
        )
    return bad_request("User does not have a corresponding license.")


# JSON


def _state(tenant: Tenant, product: Product, disabled: list[str]) -> dict[str, Any]:
    return {
        "assignedByGroup": None,
        "disabledPlans": disabled,
        "error": None,
        "lastUpdatedDateTime": timestamp(tenant.clock.now()),
        "skuId": product.id,
        "state": "Active",
    }


def _sku(tenant: Tenant, product: Product) -> dict[str, Any]:
    return {
        "accountId": tenant.id,
        "accountName": tenant.display_name,
        "appliesTo": "User",
        "capabilityStatus": "Enabled",
        "consumedUnits": consumed(tenant, product),
        "id": f"{tenant.id}_{product.id}",
        "prepaidUnits": {"enabled": seats(tenant, product), "lockedOut": 0, "suspended": 0, "warning": 0},
        "servicePlans": [_plan(plan.id, plan.name, "Success") for plan in product.plans],
        "skuId": product.id,
        "skuPartNumber": product.part_number,
        "subscriptionIds": [],
    }


def _details(user: DirectoryObject, entry: dict[str, Any]) -> dict[str, Any]:
    product = BY_ID[entry["skuId"]]
    disabled = entry["disabledPlans"]
    plans = [_plan(p.id, p.name, "Disabled" if p.id in disabled else "Success") for p in product.plans]
    return {
        "id": f"{user.id}_{product.id}",
        "servicePlans": plans,
        "skuId": product.id,
        "skuPartNumber": product.part_number,
    }


def _plan(key: str, name: str, status: str) -> dict[str, str]:
    return {"appliesTo": "User", "provisioningStatus": status, "servicePlanId": key, "servicePlanName": name}


def _chosen(request: Request, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    select = request.query.get("$select")
    if not select:
        return found
    return [{name: value for name, value in item.items() if name in (*select.split(","), "id")} for item in found]
