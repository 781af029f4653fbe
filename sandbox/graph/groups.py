"""Groups: create, read, update, delete, and their members and owners."""

from collections.abc import Sequence
from typing import Any

from sandbox.graph.entities import GROUP, USER
from sandbox.graph.errors import bad_request, denied, invalid_value, not_found, value_required
from sandbox.graph.extensions import extended
from sandbox.graph.mastering import check_group, check_members, is_dynamic
from sandbox.graph.messages import Answer, Request
from sandbox.graph.properties import object_id
from sandbox.graph.query import list_entities, list_related, read_shape
from sandbox.graph.references import MOST_BINDINGS, bindings, reference_in, resolve
from sandbox.graph.state import DirectoryObject, Links, Tenant


def find_group(tenant: Tenant, key: str) -> DirectoryObject:
    """Return a group by its id."""
    return tenant.get(object_id(key), GROUP)


def list_groups(tenant: Tenant, request: Request) -> Answer:
    """GET /groups."""
    return list_entities(tenant, request, GROUP)


def get_group(tenant: Tenant, request: Request, key: str) -> Answer:
    """GET /groups/{id}."""
    shape = read_shape(tenant, request, GROUP)
    context = {"@odata.context": f"{request.base}/$metadata#groups/$entity"}
    return Answer(200, context | shape.body(tenant, find_group(tenant, key), typed=False))


def create_group(tenant: Tenant, request: Request) -> Answer:
    """POST /groups, with up to 20 members and owners bound in the same step: all of it happens, or nothing."""
    body = dict(request.json_object())
    bound = {name: bindings(body, name) for name in ("members", "owners")}
    if sum(map(len, bound.values())) > MOST_BINDINGS:
        raise bad_request(f"The number of references in a create exceeds the limit of {MOST_BINDINGS}.")
    values = _checked(tenant, body, creating=True)
    if is_dynamic(values.get("groupTypes")) and bound["members"]:
        raise denied()
    if _unified(values):
        values["mail"] = f"{values['mailNickname']}@{tenant.domains[0]}"
        values["proxyAddresses"] = [f"SMTP:{values['mail']}"]
        values.setdefault("visibility", "Public")
    members = [resolve(tenant, request, reference) for reference in bound["members"]]
    owners = [resolve(tenant, request, reference) for reference in bound["owners"]]
    _check_members(values, members)
    _check_owners(owners)
    group = tenant.add(GROUP, values)
    for member in members:
        tenant.link(tenant.members, group.id, member.id)
    for owner in owners:
        tenant.link(tenant.owners, group.id, owner.id)
    context = {"@odata.context": f"{request.base}/$metadata#groups/$entity"}
    shown = {name: group.value(name) for name in GROUP.default_select}
    return Answer(201, context | shown, {"Location": f"{request.base}/groups/{group.id}"})


def update_group(tenant: Tenant, request: Request, key: str) -> Answer:
    """PATCH /groups/{id}; ``members@odata.bind`` adds up to 20 members, all of them or none."""
    group = find_group(tenant, key)
    body = dict(request.json_object())
    references = bindings(body, "members")
    if body:
        check_group(group)
    if references:
        check_members(tenant, group)
    values = _checked(tenant, body, creating=False)
    if values.get("membershipRule") is not None and not is_dynamic(group.values.get("groupTypes")):
        raise invalid_value("membershipRule", GROUP.name)
    members = [resolve(tenant, request, reference) for reference in references]
    _check_new(tenant.members, group, members, "members")
    _check_members(group.values, members, group)
    tenant.update(group, values)
    for member in members:
        tenant.link(tenant.members, group.id, member.id)
    return Answer(204)


def delete_group(tenant: Tenant, _: Request, key: str) -> Answer:
    """DELETE /groups/{id}: into deletedItems; for security groups a knob can say no."""
    group = find_group(tenant, key)
    check_group(group)
    if _unified(group.values) or tenant.knobs.soft_delete_security_groups:
        tenant.soft_delete(group)
    else:
        tenant.purge(group)
    return Answer(204)


# Members and owners


def list_members(tenant: Tenant, request: Request, key: str) -> Answer:
    """GET /groups/{id}/members."""
    return list_related(tenant, request, tenant.members.get(find_group(tenant, key).id, {}))


def list_owners(tenant: Tenant, request: Request, key: str) -> Answer:
    """GET /groups/{id}/owners."""
    return list_related(tenant, request, tenant.owners.get(find_group(tenant, key).id, {}))


def add_member(tenant: Tenant, request: Request, key: str) -> Answer:
    """POST /groups/{id}/members/$ref; 400 when it is a member already."""
    group = find_group(tenant, key)
    check_members(tenant, group)
    member = resolve(tenant, request, reference_in(request))
    _check_new(tenant.members, group, [member], "members")
    _check_members(group.values, [member], group)
    tenant.link(tenant.members, group.id, member.id)
    return Answer(204)


def add_owner(tenant: Tenant, request: Request, key: str) -> Answer:
    """POST /groups/{id}/owners/$ref."""
    group = find_group(tenant, key)
    check_group(group)
    owner = resolve(tenant, request, reference_in(request))
    _check_new(tenant.owners, group, [owner], "owners")
    _check_owners([owner])
    tenant.link(tenant.owners, group.id, owner.id)
    return Answer(204)


def remove_member(tenant: Tenant, _: Request, key: str, member: str) -> Answer:
    """DELETE /groups/{id}/members/{id}/$ref; 404 when it is no member."""
    group = find_group(tenant, key)
    check_members(tenant, group)
    return _remove(tenant, tenant.members, group, member)


def remove_owner(tenant: Tenant, _: Request, key: str, owner: str) -> Answer:
    """DELETE /groups/{id}/owners/{id}/$ref; a group that has owners keeps the last one."""
    group = find_group(tenant, key)
    check_group(group)
    if list(tenant.owners.get(group.id, ())) == [object_id(owner)]:
        raise bad_request("The group must have at least one owner, hence this owner cannot be removed.")
    return _remove(tenant, tenant.owners, group, owner)


def _remove(tenant: Tenant, links: Links, group: DirectoryObject, key: str) -> Answer:
    thing = tenant.objects.get(object_id(key))
    if thing is None or thing.id not in links.get(group.id, {}) or not tenant.visible(thing):
        raise not_found(key)
    tenant.unlink(links, group.id, thing.id)
    return Answer(204)


def _check_new(links: Links, group: DirectoryObject, things: Sequence[DirectoryObject], name: str) -> None:
    present = links.get(group.id, {})
    if len({thing.id for thing in things}) < len(things) or any(thing.id in present for thing in things):
        raise bad_request(
            f"One or more added object references already exist for the following modified properties: '{name}'."
        )


def _check_members(
    values: dict[str, Any], members: Sequence[DirectoryObject], group: DirectoryObject | None = None
) -> None:
    """Groups can be nested in security groups; a Microsoft 365 group takes users only."""
    if len({member.id for member in members}) < len(members):
        raise bad_request(
            "One or more added object references already exist for the following modified properties: 'members'."
        )
    if _unified(values) and any(member.entity is GROUP for member in members):
        raise bad_request("A group of type 'Unified' cannot have a group as a member.")
    if group is not None and any(member.id == group.id for member in members):
        raise bad_request("A group cannot be a member of itself.")


def _check_owners(owners: Sequence[DirectoryObject]) -> None:
    if any(owner.entity is not USER for owner in owners):
        raise bad_request("Owners must be users or service principals.")
    if len({owner.id for owner in owners}) < len(owners):
        raise bad_request(
            "One or more added object references already exist for the following modified properties: 'owners'."
        )


# Values


def _unified(values: dict[str, Any]) -> bool:
    return "Unified" in (values.get("groupTypes") or ())


def _checked(tenant: Tenant, body: dict[str, Any], *, creating: bool) -> dict[str, Any]:
    """Return the values to store. Security and Microsoft 365 groups are all that Graph can create."""
    body = {name: value for name, value in body.items() if not name.startswith("@odata.")}
    if creating:
        for name in GROUP.required:
            if body.get(name) is None:
                raise value_required(name, GROUP.name)
    group = extended(tenant, GROUP)
    values = {name: group.check_writable(name, value, creating=creating) for name, value in body.items()}
    if creating:
        if values["mailEnabled"] != _unified(values):
            raise bad_request(
                "The service does not currently support writes of mail-enabled groups. Please ensure that the "
                "mail-enablement property is unset and the security-enablement property is set."
            )
        if not _unified(values) and not values["securityEnabled"]:
            raise bad_request("A group must be mail-enabled or security-enabled.")
        if is_dynamic(values.get("groupTypes")):
            if not values.get("membershipRule"):
                raise value_required("membershipRule", GROUP.name)
            if values.get("isAssignableToRole"):
                raise bad_request("A group that is assignable to roles cannot have dynamic membership.")
        elif values.get("membershipRule"):
            raise invalid_value("membershipRule", GROUP.name)
        if values.get("visibility") and not _unified(values):
            raise invalid_value("visibility", GROUP.name)
    return values
