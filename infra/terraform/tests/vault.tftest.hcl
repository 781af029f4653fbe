mock_provider "azapi" {
  source          = "./tests/mocks/azapi"
  override_during = plan
}

mock_provider "azurerm" {
  source          = "./tests/mocks/azurerm"
  override_during = plan
}

variables {
  organization = "contoso"
  environment  = "tst"
  location     = "westeurope"
  budget_start = "2026-12-01"
}

run "the_vault_goes_by_roles" {
  command = plan

  assert {
    condition     = azurerm_key_vault.hub.rbac_authorization_enabled == true
    error_message = "The vault goes by access policies: whoever may edit the vault may read it."
  }
}

run "no_secret_can_be_destroyed_before_90_days" {
  command = plan

  assert {
    condition     = azurerm_key_vault.hub.purge_protection_enabled == true
    error_message = "A deleted secret can be purged at once."
  }

  assert {
    condition     = azurerm_key_vault.hub.soft_delete_retention_days == 90
    error_message = "A deleted secret is gone before 90 days."
  }
}

run "no_service_of_azure_is_let_past_the_vaults_network_rules" {
  command = plan

  assert {
    condition     = azurerm_key_vault.hub.network_acls[0].bypass == "None"
    error_message = "Services of Azure are let into the vault past its network rules."
  }
}
