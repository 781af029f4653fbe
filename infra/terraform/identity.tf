# One identity for everything the app does. It exists before the app, so its roles are in place at the first start.

resource "azurerm_user_assigned_identity" "app" {
  name                = local.names.identity
  resource_group_name = azurerm_resource_group.hub.name
  location            = azurerm_resource_group.hub.location
  tags                = local.tags
}

# The pipeline's identity: it publishes packages, which then run as the app. It signs in by federation: no secret is stored.
resource "azurerm_user_assigned_identity" "deployer" {
  count = var.deployer_subject == "" ? 0 : 1

  name                = local.names.deployer
  resource_group_name = azurerm_resource_group.hub.name
  location            = azurerm_resource_group.hub.location
  tags                = local.tags
}

resource "azurerm_federated_identity_credential" "deployer" {
  count = var.deployer_subject == "" ? 0 : 1

  name                      = "pipeline"
  user_assigned_identity_id = azurerm_user_assigned_identity.deployer[0].id
  issuer                    = var.deployer_issuer
  subject                   = var.deployer_subject
  audience                  = ["api://AzureADTokenExchange"]
}

locals {
  role_definitions = "/subscriptions/${data.azurerm_client_config.current.subscription_id}/providers/Microsoft.Authorization/roleDefinitions"

  # What a role of hub.json calls its scope.
  role_scopes = {
    storage  = azapi_resource.storage.id
    releases = azapi_resource.container["releases"].id
    vault    = azurerm_key_vault.hub.id
    insights = azurerm_application_insights.hub.id
  }
}

resource "azurerm_role_assignment" "app" {
  for_each = { for role in local.hub.roles : role.name => role }

  scope              = local.role_scopes[each.value.scope]
  role_definition_id = "${local.role_definitions}/${each.value.id}"
  principal_id       = azurerm_user_assigned_identity.app.principal_id
  principal_type     = "ServicePrincipal"
  description        = each.value.why
}

resource "azurerm_role_assignment" "deployer" {
  for_each = { for role in local.hub.deployerRoles : role.name => role if var.deployer_subject != "" }

  scope              = each.value.scope == "app" ? azapi_resource.app.id : local.role_scopes[each.value.scope]
  role_definition_id = "${local.role_definitions}/${each.value.id}"
  principal_id       = azurerm_user_assigned_identity.deployer[0].principal_id
  principal_type     = "ServicePrincipal"
  description        = each.value.why
}
