# Secrets of connections. Roles decide who reads them; what is deleted can be brought back for 90 days, by whomever.

resource "azurerm_key_vault" "hub" {
  name                = local.names.vault
  resource_group_name = azurerm_resource_group.hub.name
  location            = azurerm_resource_group.hub.location
  tenant_id           = data.azurerm_client_config.current.tenant_id
  sku_name            = "standard"
  tags                = local.tags

  rbac_authorization_enabled    = true
  purge_protection_enabled      = true
  soft_delete_retention_days    = 90
  public_network_access_enabled = !var.isolate_network

  network_acls {
    bypass         = "None"
    default_action = var.isolate_network ? "Deny" : "Allow"
  }
}
