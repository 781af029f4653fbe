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

override_resource {
  override_during = plan
  target          = azapi_resource.app

  values = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-lockstep-contoso-tst/providers/Microsoft.Web/sites/func-lockstep-contoso-tst"
    output = {
      properties = { defaultHostName = "func-lockstep-contoso-tst.azurewebsites.net" }
    }
  }
}

override_resource {
  override_during = plan
  target          = azapi_resource.container["releases"]

  values = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-lockstep-contoso-tst/providers/Microsoft.Storage/storageAccounts/stlockstepcontosotst/blobServices/default/containers/releases"
  }
}

run "the_app_is_one_user_assigned_identity_everywhere" {
  command = plan

  assert {
    condition     = azapi_resource.app.identity[0].type == "UserAssigned" && azapi_resource.app.identity[0].identity_ids == tolist([azurerm_user_assigned_identity.app.id])
    error_message = "The app has another identity than the user-assigned one; a system-assigned one has no role at the first start."
  }

  assert {
    condition     = azapi_resource.app.body.properties.keyVaultReferenceIdentity == azurerm_user_assigned_identity.app.id
    error_message = "Key Vault references are read by another identity."
  }

  assert {
    condition     = azapi_resource.app.body.properties.functionAppConfig.deployment.storage.authentication.userAssignedIdentityResourceId == azurerm_user_assigned_identity.app.id
    error_message = "The package is read by another identity."
  }
}

run "the_app_has_the_roles_of_the_code_at_their_scopes_and_no_other" {
  command = plan

  assert {
    condition = toset([for role in azurerm_role_assignment.app : "${basename(role.role_definition_id)} at ${role.scope}"]) == toset([
      for role in local.hub.roles : "${role.id} at ${ {
        storage  = azapi_resource.storage.id
        vault    = azurerm_key_vault.hub.id
        insights = azurerm_application_insights.hub.id
      }[role.scope]}"
    ])
    error_message = "The app's roles are not those of infra/common/hub.json at their scopes."
  }

  assert {
    condition = toset([for role in azurerm_role_assignment.app : basename(role.role_definition_id)]) == toset([
      "b7e6dc6d-f1e8-4753-8033-0f276bb0955b", # Storage Blob Data Owner
      "974c5e8b-45b9-4653-ba55-5f855dd0fb88", # Storage Queue Data Contributor
      "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3", # Storage Table Data Contributor
      "4633458b-17de-408a-b874-0445c86b69e6", # Key Vault Secrets User: reads, never writes
      "3913510d-42f4-4e42-8a64-420c390055eb", # Monitoring Metrics Publisher
    ])
    error_message = "The app has a role that nobody signed for, or lacks one."
  }

  assert {
    condition     = alltrue([for role in azurerm_role_assignment.app : role.principal_id == azurerm_user_assigned_identity.app.principal_id])
    error_message = "A role of the app is given to somebody else."
  }

  assert {
    condition     = alltrue([for role in azurerm_role_assignment.app : can(regex("/providers/Microsoft\\.(Storage|KeyVault|Insights)/", role.scope))])
    error_message = "A role reaches further than one resource."
  }
}

run "without_a_pipeline_there_is_no_identity_for_one" {
  command = plan

  assert {
    condition     = length(azurerm_user_assigned_identity.deployer) + length(azurerm_role_assignment.deployer) + length(azurerm_federated_identity_credential.deployer) == 0
    error_message = "There is an identity that nobody asked for."
  }

  assert {
    condition     = output.deployer_client_id == ""
    error_message = "deployer_client_id names an identity that is not there."
  }
}

run "the_pipeline_publishes_without_a_stored_secret_and_may_do_nothing_else" {
  command = plan

  variables {
    deployer_subject = "repo:contoso/lockstep:environment:test"
  }

  assert {
    condition     = azurerm_federated_identity_credential.deployer[0].subject == "repo:contoso/lockstep:environment:test" && azurerm_federated_identity_credential.deployer[0].audience == tolist(["api://AzureADTokenExchange"])
    error_message = "The pipeline's credential is not the federation of one subject."
  }

  assert {
    condition     = startswith(azurerm_federated_identity_credential.deployer[0].issuer, "https://token.actions.githubusercontent.com")
    error_message = "The pipeline's issuer is not GitHub Actions."
  }

  assert {
    condition = toset([for role in azurerm_role_assignment.deployer : "${basename(role.role_definition_id)} at ${role.scope}"]) == toset([
      "de139f84-1756-47ae-9be6-808fbbe84772 at ${azapi_resource.app.id}",                   # Website Contributor
      "ba92f5b4-2d11-453d-a403-e96b0029c9fe at ${azapi_resource.container["releases"].id}", # Storage Blob Data Contributor
    ])
    error_message = "The pipeline may do more, or less, than publish to the app and keep packages in one container."
  }

  assert {
    condition     = length(local.hub.deployerRoles) == length(azurerm_role_assignment.deployer)
    error_message = "The pipeline's roles are not those of infra/common/hub.json."
  }
}
