# The same as infra/bicep/main.bicep puts out. No output is a secret.

output "tenant_url" {
  description = "What to paste into Entra ID as Tenant URL."
  value       = "${local.url}/scim/v2"
}

output "function_app_name" {
  description = "The function app: what releases are published to."
  value       = azapi_resource.app.name
}

output "resource_group_name" {
  description = "The resource group of everything here."
  value       = azurerm_resource_group.hub.name
}

output "identity_client_id" {
  description = "The app's identity, as the app names it."
  value       = azurerm_user_assigned_identity.app.client_id
}

output "identity_principal_id" {
  description = "Whom graph_permissions gives the permissions in Graph."
  value       = azurerm_user_assigned_identity.app.principal_id
}

output "deployer_client_id" {
  description = "AZURE_CLIENT_ID of the pipeline; empty without deployer_subject."
  value       = join("", azurerm_user_assigned_identity.deployer[*].client_id)
}

output "storage_account_name" {
  description = "The storage account: directory, jobs, packages, backups."
  value       = azapi_resource.storage.name
}

output "key_vault_name" {
  description = "The vault: secrets of connections."
  value       = azurerm_key_vault.hub.name
}

output "key_vault_uri" {
  description = "The vault's address, as the app knows it."
  value       = azurerm_key_vault.hub.vault_uri
}

output "insights_name" {
  description = "Application Insights."
  value       = azurerm_application_insights.hub.name
}

output "next_steps" {
  description = "Commands that come next, in this order; docs/deploy.md explains them."
  value = concat(
    [
      # The Graph administrator, in a directory and a state of their own:
      "terraform -chdir=infra/terraform/graph_permissions apply -var=principal_id=${azurerm_user_assigned_identity.app.principal_id}",
      # Whoever keeps the secrets of connections:
      "az role assignment create --role 'Key Vault Secrets Officer' --scope ${azurerm_key_vault.hub.id} --assignee-principal-type User --assignee-object-id \"$(az ad signed-in-user show --query id --output tsv)\"",
    ],
    var.console_client_id == "" ? [] : [
      # An owner of the console's app registration:
      "az ad app update --id ${var.console_client_id} --enable-id-token-issuance true --web-redirect-uris ${local.url}/.auth/login/aad/callback",
      "az ad app federated-credential create --id ${var.console_client_id} --parameters '${jsonencode(local.console_credential)}'",
    ],
    [
      # Whoever releases; VERSION is what the first of the two says:
      "python -m infra.rollout package",
      "python -m infra.rollout deploy build/lockstep-VERSION.zip --app ${azapi_resource.app.name} --resource-group ${azurerm_resource_group.hub.name} --first",
      "curl --fail ${local.url}/healthz",
    ],
  )
}

locals {
  url = "https://${azapi_resource.app.output.properties.defaultHostName}"

  # The app's identity, as the console's app registration must know it: Easy Auth signs in with its token, not a secret.
  console_credential = {
    name      = local.names.identity
    issuer    = local.issuer
    subject   = azurerm_user_assigned_identity.app.principal_id
    audiences = ["api://AzureADTokenExchange"]
  }
}
