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

run "names_go_by_one_rule" {
  command = plan

  assert {
    condition = [azurerm_resource_group.hub.name, azapi_resource.app.name, azapi_resource.plan.name, azurerm_user_assigned_identity.app.name, azapi_resource.storage.name, azurerm_key_vault.hub.name] == [
      "rg-lockstep-contoso-tst", "func-lockstep-contoso-tst", "asp-lockstep-contoso-tst", "id-lockstep-contoso-tst", "stlockstepcontosotst", "kv-lockstep-contoso-tst",
    ]
    error_message = "A name does not go by {type}-lockstep-{organization}-{environment}."
  }
}

run "the_longest_names_still_fit" {
  command = plan

  variables {
    organization = "abcdefgh"
  }

  assert {
    condition     = length(azurerm_key_vault.hub.name) <= 24 && length(azapi_resource.storage.name) <= 24
    error_message = "The name of the vault or the storage account is longer than the 24 characters that Azure takes."
  }

  assert {
    condition     = length(azapi_resource.app.name) <= 32
    error_message = "The app's name is longer than the 32 characters by which the host tells apps of one storage account apart."
  }
}

run "everything_that_takes_tags_has_them" {
  command = plan

  variables {
    isolate_network  = true
    deployer_subject = "repo:contoso/lockstep:environment:test"
    tags             = { cost-center = "4711", workload = "identity" }
  }

  assert {
    condition = alltrue([
      for tags in concat(
        [
          azurerm_resource_group.hub.tags, azapi_resource.storage.tags, azapi_resource.plan.tags, azapi_resource.app.tags,
          azurerm_user_assigned_identity.app.tags, azurerm_user_assigned_identity.deployer[0].tags, azurerm_key_vault.hub.tags,
          azurerm_log_analytics_workspace.hub.tags, azurerm_application_insights.hub.tags, azurerm_application_insights_workbook.hub.tags,
          azurerm_monitor_action_group.hub.tags, azurerm_virtual_network.hub[0].tags,
        ],
        [for rule in azurerm_monitor_scheduled_query_rules_alert_v2.hub : rule.tags],
        [for endpoint in azurerm_private_endpoint.hub : endpoint.tags],
        [for zone in azurerm_private_dns_zone.hub : zone.tags],
        [for link in azurerm_private_dns_zone_virtual_network_link.hub : link.tags],
      ) : tags["environment"] == "tst" && tags["managed-by"] == "terraform" && tags["cost-center"] == "4711"
    ])
    error_message = "A resource lacks the tags."
  }

  assert {
    condition     = azurerm_resource_group.hub.tags["workload"] == "identity"
    error_message = "An operator's tags do not win over the common ones."
  }

  assert {
    condition     = azapi_resource.app.tags["azd-service-name"] == "hub"
    error_message = "azd does not find the app of its service `hub`."
  }
}

run "outputs_give_what_the_next_step_needs" {
  command = plan

  assert {
    condition     = output.tenant_url == "https://func-lockstep-contoso-tst.azurewebsites.net/scim/v2"
    error_message = "tenant_url is not what Entra ID must be given."
  }

  assert {
    condition     = output.identity_principal_id == azurerm_user_assigned_identity.app.principal_id && strcontains(output.next_steps[0], azurerm_user_assigned_identity.app.principal_id)
    error_message = "The Graph administrator is not told whom to give permissions to."
  }
}
