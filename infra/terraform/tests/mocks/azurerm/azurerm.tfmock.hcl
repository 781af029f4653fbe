# What Azure would answer, where a test or another resource looks at it.

mock_data "azurerm_client_config" {
  defaults = {
    subscription_id = "00000000-0000-0000-0000-000000000001"
    tenant_id       = "00000000-0000-0000-0000-000000000002"
  }
}

mock_resource "azurerm_resource_group" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-lockstep-contoso-tst"
  }
}

mock_resource "azurerm_user_assigned_identity" {
  defaults = {
    id           = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-lockstep-contoso-tst/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-lockstep-contoso-tst"
    client_id    = "00000000-0000-0000-0000-00000000c11e"
    principal_id = "00000000-0000-0000-0000-00000000900d"
  }
}

mock_resource "azurerm_key_vault" {
  defaults = {
    id        = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-lockstep-contoso-tst/providers/Microsoft.KeyVault/vaults/kv-lockstep-contoso-tst"
    vault_uri = "https://kv-lockstep-contoso-tst.vault.azure.net/"
  }
}

mock_resource "azurerm_log_analytics_workspace" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-lockstep-contoso-tst/providers/Microsoft.OperationalInsights/workspaces/log-lockstep-contoso-tst"
  }
}

mock_resource "azurerm_application_insights" {
  defaults = {
    id                = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-lockstep-contoso-tst/providers/Microsoft.Insights/components/appi-lockstep-contoso-tst"
    connection_string = "InstrumentationKey=00000000-0000-0000-0000-000000000003;IngestionEndpoint=https://westeurope.in.applicationinsights.azure.com/"
  }
}

mock_resource "azurerm_monitor_action_group" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-lockstep-contoso-tst/providers/Microsoft.Insights/actionGroups/ag-lockstep-contoso-tst"
  }
}

mock_resource "azurerm_virtual_network" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-lockstep-contoso-tst/providers/Microsoft.Network/virtualNetworks/vnet-lockstep-contoso-tst"
  }
}

mock_resource "azurerm_subnet" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-lockstep-contoso-tst/providers/Microsoft.Network/virtualNetworks/vnet-lockstep-contoso-tst/subnets/integration"
  }
}

mock_resource "azurerm_private_dns_zone" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-lockstep-contoso-tst/providers/Microsoft.Network/privateDnsZones/privatelink.example"
  }
}
