"""Users: create, read, update, delete, and their manager and memberships."""

import re
import string
from typing import Any

from sandbox.graph.clock import timestamp
from sandbox.graph.entities import USER
from sandbox.graph.errors import Detail, GraphError, bad_request, invalid_value, not_found, value_required
from sandbox.graph.extensions import extended
from sandbox.graph.mastering import check_user
from sandbox.graph.messages import Answer, Request
from sandbox.graph.query import list_entities, list_related, read_shape
from sandbox.graph.references import reference_in, resolve
from sandbox.graph.state import DirectoryObject, Tenant

_LOCAL_PART = re.compile(r"[A-Za-z0-9'._!#^~-]{1,64}")
_PASSWORD_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits)


def find_user(tenant: Tenant, key: str) -> DirectoryObject:
    """Return a user by id or by userPrincipalName."""
    return tenant.user_by_name(key, USER) if "@" in key else tenant.get(key, USER)


def list_users(tenant: Tenant, request: Request) -> Answer:
    """GET /users."""
    return list_entities(tenant, request, USER)


def get_user(tenant: Tenant, request: Request, key: str) -> Answer:
    """GET /users/{id | userPrincipalName}."""
    shape = read_shape(tenant, request, USER)
    user = find_user(tenant, key)
    context = {"@odata.context": f"{request.base}/$metadata#users/$entity"}
    return Answer(200, context | shape.body(tenant, user, typed=False))


def create_user(tenant: Tenant, request: Request) -> Answer:
    """POST /users. The answer holds the default properties, and never a password."""
    body = dict(request.json_object())
    reference = body.pop("manager@odata.bind", None)
    values = _checked(tenant, body, creating=True)
    check_federation(tenant, values)
    manager = None
    if reference is not None:
        if not isinstance(reference, str):
            raise bad_request("The value of 'manager@odata.bind' must be a URL.")
        manager = resolve(tenant, request, reference)
    user = tenant.add(USER, values)
    if manager:
        tenant.manage(user, manager)
    context = {"@odata.context": f"{request.base}/$metadata#users/$entity"}
    shown = {name: user.value(name) for name in USER.default_select}
    return Answer(201, context | shown, {"Location": f"{request.base}/users/{user.id}"})


def update_user(tenant: Tenant, request: Request, key: str) -> Answer:
    """PATCH /users/{id | userPrincipalName}."""
    user = find_user(tenant, key)
    values = _checked(tenant, dict(request.json_object()), creating=False)
    check_user(user, request.json_object())
    if values.keys() & {"userPrincipalName", "onPremisesImmutableId"}:
        check_federation(tenant, user.values | values)
    for name in ("onPremisesExtensionAttributes", "employeeOrgData"):
        if values.get(name):
            values[name] = (user.values.get(name) or {}) | values[name]
    if "mail" in values:
        values["proxyAddresses"] = _addresses(values["mail"], user.values.get("proxyAddresses") or [])
    tenant.update(user, values)
    return Answer(204)


def delete_user(tenant: Tenant, _: Request, key: str) -> Answer:
    """DELETE /users/{id | userPrincipalName}: into deletedItems.

    The userPrincipalName is prefixed with the id, so that it is free for somebody else.
    """
    user = find_user(tenant, key)
    tenant.soft_delete(user)
    user.values["userPrincipalName"] = user.id.replace("-", "") + user.values["userPrincipalName"]
    return Answer(204)


# Relationships


def get_manager(tenant: Tenant, request: Request, key: str) -> Answer:
    """GET /users/{id}/manager; 404 where there is none."""
    shape = read_shape(tenant, request)
    manager = _manager(tenant, find_user(tenant, key))
    context = {"@odata.context": f"{request.base}/$metadata#directoryObjects/$entity"}
    return Answer(200, context | shape.body(tenant, manager, typed=True))


def get_manager_reference(tenant: Tenant, request: Request, key: str) -> Answer:
    """GET /users/{id}/manager/$ref."""
    manager = _manager(tenant, find_user(tenant, key))
    link = f"{request.base}/directoryObjects/{manager.id}/Microsoft.DirectoryServices.User"
    return Answer(200, {"@odata.context": f"{request.base}/$metadata#$ref", "@odata.id": link})


def put_manager(tenant: Tenant, request: Request, key: str) -> Answer:
    """PUT /users/{id}/manager/$ref."""
    user = find_user(tenant, key)
    check_user(user, ["manager"])
    manager = resolve(tenant, request, reference_in(request))
    if manager.entity is not USER:
        raise bad_request("The reference of 'manager' must be a user or an organizational contact.")
    tenant.manage(user, manager)
    return Answer(204)


def delete_manager(tenant: Tenant, _: Request, key: str) -> Answer:
    """DELETE /users/{id}/manager/$ref; 404 where there is none."""
    user = find_user(tenant, key)
    check_user(user, ["manager"])
    _manager(tenant, user)
    tenant.manage(user, None)
    return Answer(204)


def _manager(tenant: Tenant, user: DirectoryObject) -> DirectoryObject:
    manager = tenant.objects.get(tenant.managers.get(user.id, ""))
    if manager is None or not tenant.visible(manager):
        raise not_found("manager")
    return manager


def list_member_of(tenant: Tenant, request: Request, key: str) -> Answer:
    """GET /users/{id}/memberOf: the groups that the user is directly in."""
    return list_related(tenant, request, tenant.member_of.get(find_user(tenant, key).id, {}))


def revoke_sign_in_sessions(tenant: Tenant, request: Request, key: str) -> Answer:
    """POST /users/{id}/revokeSignInSessions."""
    user = find_user(tenant, key)
    tenant.update(user, {"signInSessionsValidFromDateTime": timestamp(tenant.clock.now())})
    return Answer(200, {"@odata.context": f"{request.base}/$metadata#Edm.Boolean", "value": True})


# Values


def _checked(tenant: Tenant, body: dict[str, Any], *, creating: bool) -> dict[str, Any]:
    """Return the values to store. Nothing of the password is kept but when it was set."""
    body = {name: value for name, value in body.items() if not name.startswith("@odata.")}
    if creating:
        for name in USER.required:
            if body.get(name) is None:
                raise value_required(name, USER.name)
    password = body.pop("passwordProfile", None)
    user = extended(tenant, USER)
    values = {name: user.check_writable(name, value, creating=creating) for name, value in body.items()}
    if password is not None:
        _check_password(password, creating=creating)
        values["lastPasswordChangeDateTime"] = timestamp(tenant.clock.now())
    if "userPrincipalName" in values:
        check_principal_name(tenant, values["userPrincipalName"])
    if len(values.get("businessPhones", ())) > 1:
        raise invalid_value("businessPhones", USER.name)
    if creating and values.get("mail"):
        values["proxyAddresses"] = _addresses(values["mail"], [])
    return values


def check_principal_name(tenant: Tenant, name: str) -> None:
    """Refuse a userPrincipalName with a character that is not allowed, or outside the verified domains."""
    local, _, domain = name.rpartition("@")
    if not _LOCAL_PART.fullmatch(local) or local.endswith(".") or len(domain) > 48:
        message = "Property userPrincipalName is invalid."
        raise bad_request(message, Detail("InvalidValue", "userPrincipalName", message))
    if domain.casefold() not in tenant.domains:
        message = (
            "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain "
            "names in your organization."
        )
        raise bad_request(message, Detail("InvalidValue", "userPrincipalName", message))


def check_federation(tenant: Tenant, values: dict[str, Any]) -> None:
    """Refuse a user of a federated domain without the anchor by which the other side knows it."""
    domain = values["userPrincipalName"].rpartition("@")[2].casefold()
    if domain in tenant.knobs.federated_domains and not values.get("onPremisesImmutableId"):
        raise value_required("onPremisesImmutableId", USER.name)


def _check_password(profile: object, *, creating: bool) -> None:
    known = {"password", "forceChangePasswordNextSignIn", "forceChangePasswordNextSignInWithMfa", "@odata.type"}
    if not isinstance(profile, dict) or not set(profile) <= known:
        raise invalid_value("passwordProfile", USER.name)
    flags = [value for name, value in profile.items() if name.startswith("force")]
    if not all(flag is None or isinstance(flag, bool) for flag in flags):
        raise invalid_value("passwordProfile", USER.name)
    password = profile.get("password")
    if password is None and not creating:
        return
    if not isinstance(password, str) or not password:
        raise value_required("password", USER.name)
    classes = sum(any(character in kind for character in password) for kind in _PASSWORD_CLASSES)
    classes += any(not character.isalnum() for character in password)
    if not 8 <= len(password) <= 256 or classes < 3:
        raise _weak_password()


def _weak_password() -> GraphError:
    message = (
        "The specified password does not comply with password complexity requirements. Please provide a different "
        "password."
    )
    return bad_request(message, Detail("InvalidValue", "passwordProfile", message))


def _addresses(mail: str | None, before: list[str]) -> list[str]:
    """Return the proxyAddresses that go with a mail address: the primary one is marked by capitals."""
    primary = [f"SMTP:{mail}"] if mail else []
    others = [address.replace("SMTP:", "smtp:", 1) for address in before]
    return primary + [address for address in others if mail is None or address.casefold() != f"smtp:{mail}".casefold()]
