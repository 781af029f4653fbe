# With isolate_network: all that the app sends goes through a network of its own, from which directories on premises are
# reached; storage and vault answer inside it only. The app's own address stays public, because Entra comes from there.
# To reach LDAP on premises, join it to yours: a peering to a hub, or a GatewaySubnet with VPN or ExpressRoute.
#
# No network security group: outbound, the app needs Graph, Entra ID, Application Insights, every connected system and
# DNS; a list that forgets one fails as a time-out. Inbound, nothing listens in `integration`, and an endpoint leads to
# its own account or vault only, which asks for an identity.

locals {
  endpoints = var.isolate_network ? {
    blob  = { name = local.names.storage, id = azapi_resource.storage.id, zone = "privatelink.blob.core.windows.net" }
    queue = { name = local.names.storage, id = azapi_resource.storage.id, zone = "privatelink.queue.core.windows.net" }
    table = { name = local.names.storage, id = azapi_resource.storage.id, zone = "privatelink.table.core.windows.net" }
    vault = { name = local.names.vault, id = azurerm_key_vault.hub.id, zone = "privatelink.vaultcore.azure.net" }
  } : {}

  prefix = tonumber(split("/", var.address_space)[1])
}

resource "azurerm_virtual_network" "hub" {
  count = var.isolate_network ? 1 : 0

  name                = local.names.network
  resource_group_name = azurerm_resource_group.hub.name
  location            = azurerm_resource_group.hub.location
  address_space       = [var.address_space]
  dns_servers         = var.dns_servers
  tags                = local.tags
}

# /26: room for 40 instances and for those that replace them while a release rolls out. No other plan may share it.
# The delegation is Flex Consumption's; Microsoft.Web/serverFarms is that of the other plans.
resource "azurerm_subnet" "integration" {
  count = var.isolate_network ? 1 : 0

  name                 = "integration"
  resource_group_name  = azurerm_resource_group.hub.name
  virtual_network_name = azurerm_virtual_network.hub[0].name
  address_prefixes     = [cidrsubnet(var.address_space, 26 - local.prefix, 0)]

  delegation {
    name = "flex"

    service_delegation {
      name    = "Microsoft.App/environments"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

resource "azurerm_subnet" "endpoints" {
  count = var.isolate_network ? 1 : 0

  name                 = "endpoints"
  resource_group_name  = azurerm_resource_group.hub.name
  virtual_network_name = azurerm_virtual_network.hub[0].name
  address_prefixes     = [cidrsubnet(var.address_space, 27 - local.prefix, 2)] # The first /27 after the /26.

  default_outbound_access_enabled = false
}

resource "azurerm_private_dns_zone" "hub" {
  for_each = local.endpoints

  name                = each.value.zone
  resource_group_name = azurerm_resource_group.hub.name
  tags                = local.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "hub" {
  for_each = local.endpoints

  name                = local.names.network
  private_dns_zone_id = azurerm_private_dns_zone.hub[each.key].id
  virtual_network_id  = azurerm_virtual_network.hub[0].id
  tags                = local.tags
}

resource "azurerm_private_endpoint" "hub" {
  for_each = local.endpoints

  name                = "pe-${each.value.name}-${each.key}"
  resource_group_name = azurerm_resource_group.hub.name
  location            = azurerm_resource_group.hub.location
  subnet_id           = azurerm_subnet.endpoints[0].id
  tags                = local.tags

  private_service_connection {
    name                           = each.key
    private_connection_resource_id = each.value.id
    subresource_names              = [each.key]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [azurerm_private_dns_zone.hub[each.key].id]
  }

  # An account takes one change at a time.
  depends_on = [azapi_update_resource.blob_service]
}
