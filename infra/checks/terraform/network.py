"""azurerm's resources for the network, as Azure Resource Manager takes them."""

from collections.abc import Iterator

from infra.checks.terraform.reading import Resource, Values, common, name_in, one


def network(v: Values) -> Iterator[Resource]:
    """azurerm_virtual_network."""
    body = common(
        v, addressSpace={"addressPrefixes": v["address_space"]}, dhcpOptions={"dnsServers": v.get("dns_servers")}
    )
    yield "Microsoft.Network/virtualNetworks", v["name"], body


def subnet(v: Values) -> Iterator[Resource]:
    """azurerm_subnet. The actions of a delegation follow from its service."""
    delegations = [
        {"name": each["name"], "properties": {"serviceName": one(each, "service_delegation")["name"]}}
        for each in v.get("delegation") or []
    ]
    body = common(v, addressPrefix=v["address_prefixes"][0], delegations=delegations)
    if v.get("default_outbound_access_enabled") is False:
        body["properties"]["defaultOutboundAccess"] = False
    yield "Microsoft.Network/virtualNetworks/subnets", f"{v['virtual_network_name']}/{v['name']}", body


def private_zone(v: Values) -> Iterator[Resource]:
    """azurerm_private_dns_zone: it is everywhere."""
    yield "Microsoft.Network/privateDnsZones", v["name"], {"location": "global", "tags": v.get("tags")}


def private_zone_link(v: Values) -> Iterator[Resource]:
    """azurerm_private_dns_zone_virtual_network_link."""
    zone = v.get("private_dns_zone_name") or name_in(v["private_dns_zone_id"])
    body = common(
        v,
        virtualNetwork={"id": v["virtual_network_id"]},
        registrationEnabled=v.get("registration_enabled") or False,
    )
    yield "Microsoft.Network/privateDnsZones/virtualNetworkLinks", f"{zone}/{v['name']}", body | {"location": "global"}


def private_endpoint(v: Values) -> Iterator[Resource]:
    """azurerm_private_endpoint, and the zone group that it makes."""
    connection, group = one(v, "private_service_connection"), one(v, "private_dns_zone_group")
    target = {
        "name": connection["name"],
        "properties": {
            "privateLinkServiceId": connection["private_connection_resource_id"],
            "groupIds": connection["subresource_names"],
        },
    }
    body = common(v, subnet={"id": v["subnet_id"]})
    manual = connection["is_manual_connection"]
    body["properties"]["manualPrivateLinkServiceConnections" if manual else "privateLinkServiceConnections"] = [target]
    yield "Microsoft.Network/privateEndpoints", v["name"], body
    if group:
        zones = [{"properties": {"privateDnsZoneId": each}} for each in group["private_dns_zone_ids"]]
        kind = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups"
        yield kind, f"{v['name']}/{group['name']}", {"properties": {"privateDnsZoneConfigs": zones}}
