mock_provider "azuread" {
  mock_resource "azuread_application_from_template" {
    defaults = {
      application_object_id       = "00000000-0000-0000-0000-00000000a440"
      service_principal_id        = "/servicePrincipals/00000000-0000-0000-0000-0000000051d0"
      service_principal_object_id = "00000000-0000-0000-0000-0000000051d0"
    }
  }

  mock_resource "azuread_synchronization_job" {
    defaults = {
      id = "/servicePrincipals/00000000-0000-0000-0000-0000000051d0/synchronization/jobs/scim.f5532fc709734b1a90e8a1fa9fd03a82.8442fd39-2183-419c-8732-74b6ce866bd5"
    }
  }

  mock_data "azuread_service_principal" {
    defaults = {
      client_id = "00000000-0000-0000-0000-00000000c11e"
      app_roles = [
        { id = "b9632174-c057-4f7e-951b-be3adc52bfe6", display_name = "msiam_access", enabled = true },
        { id = "18d14569-c3bd-439b-9a66-3a2aee01d14f", display_name = "User", enabled = true },
      ]
    }
  }
}

variables {
  tenant_url = "https://func-lockstep-contoso-prd.azurewebsites.net/scim/v2"
}

run "the_application_comes_from_the_template_of_those_that_are_not_in_the_gallery" {
  assert {
    condition     = azuread_application_from_template.hub.template_id == "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
    error_message = "An application of another template gets no SCIM job."
  }

  assert {
    condition     = azuread_synchronization_job.hub.template_id == "scim"
    error_message = "The job is not the current SCIM job."
  }
}

run "nothing_runs_until_it_is_started" {
  assert {
    condition     = azuread_synchronization_job.hub.enabled == false
    error_message = "The job runs before its mappings are there: it would write everybody with the template's."
  }
}

run "entra_pushes_to_the_hub_without_a_token_in_the_state" {
  assert {
    condition     = { for each in azuread_synchronization_secret.hub[0].credential : each.key => each.value }["BaseAddress"] == var.tenant_url
    error_message = "The job does not push to tenant_url."
  }

  assert {
    condition     = !contains([for each in azuread_synchronization_secret.hub[0].credential : each.key], "SecretToken")
    error_message = "A token is written although none is given."
  }
}

run "a_token_is_shown_where_it_is_given" {
  variables {
    secret_token = "not-a-token"
  }

  assert {
    condition     = { for each in azuread_synchronization_secret.hub[0].credential : each.key => each.value }["SecretToken"] == "not-a-token"
    error_message = "The token that is given is not shown."
  }

  assert {
    condition     = join(" ", [for each in azuread_synchronization_secret.hub[0].credential : each.key]) == join(" ", sort([for each in azuread_synchronization_secret.hub[0].credential : each.key]))
    error_message = "The credentials are not in the order of their keys: each plan would change them back."
  }
}

run "sign_in_is_left_alone_where_it_is_entered_at_the_application" {
  variables {
    manage_sign_in = false
  }

  assert {
    condition     = length(azuread_synchronization_secret.hub) == 0
    error_message = "A sign-in that was entered at the application is overwritten."
  }
}

run "only_who_is_assigned_is_provisioned" {
  variables {
    assigned_object_ids = ["00000000-0000-0000-0000-000000000061"]
  }

  assert {
    condition     = { for each in azuread_synchronization_secret.hub[0].credential : each.key => each.value }["SyncAll"] == "false"
    error_message = "The whole tenant is provisioned."
  }

  assert {
    condition     = [for each in azuread_app_role_assignment.assigned : each.principal_object_id] == ["00000000-0000-0000-0000-000000000061"]
    error_message = "Others than those of assigned_object_ids are assigned."
  }

  assert {
    condition     = alltrue([for each in azuread_app_role_assignment.assigned : each.app_role_id == "18d14569-c3bd-439b-9a66-3a2aee01d14f"])
    error_message = "The role is not the template's role for people."
  }

  assert {
    condition     = alltrue([for each in azuread_app_role_assignment.assigned : each.resource_object_id == azuread_application_from_template.hub.service_principal_object_id])
    error_message = "The assignment is to another application."
  }
}

run "an_application_without_roles_takes_the_default_one" {
  override_data {
    target = data.azuread_service_principal.hub
    values = { app_roles = [] }
  }

  variables {
    assigned_object_ids = ["00000000-0000-0000-0000-000000000061"]
  }

  assert {
    condition     = alltrue([for each in azuread_app_role_assignment.assigned : each.app_role_id == "00000000-0000-0000-0000-000000000000"])
    error_message = "An application without roles is given one that it does not have."
  }
}

run "entra_guards_against_deleting_many_and_tells_somebody" {
  variables {
    notification_email  = "identity@contoso.example"
    assigned_object_ids = ["00000000-0000-0000-0000-000000000061"]
    start               = true
  }

  assert {
    condition = jsondecode({ for each in azuread_synchronization_secret.hub[0].credential : each.key => each.value }["SyncNotificationSettings"]) == {
      Enabled = true, Recipients = "identity@contoso.example", DeleteThresholdEnabled = true, DeleteThresholdValue = 500
    }
    error_message = "Entra ID's own guard against deletion is off, or tells nobody."
  }

  assert {
    condition     = azuread_synchronization_job.hub.enabled == true
    error_message = "start does not start the job."
  }
}

run "outputs_give_what_the_schema_command_takes" {
  assert {
    condition     = output.service_principal_id == "00000000-0000-0000-0000-0000000051d0" && output.job_id == "scim.f5532fc709734b1a90e8a1fa9fd03a82.8442fd39-2183-419c-8732-74b6ce866bd5"
    error_message = "The outputs are not the bare ids."
  }
}

run "a_job_that_tells_nobody_is_not_started" {
  command = plan

  variables {
    assigned_object_ids = ["00000000-0000-0000-0000-000000000061"]
    start               = true
  }

  expect_failures = [var.start]
}

run "a_job_with_nobody_in_scope_is_not_started" {
  command = plan

  variables {
    notification_email = "identity@contoso.example"
    start              = true
  }

  expect_failures = [var.start]
}

run "a_tenant_url_of_something_else_is_refused" {
  command = plan

  variables {
    tenant_url = "http://func-lockstep-contoso-prd.azurewebsites.net/scim/v2"
  }

  expect_failures = [var.tenant_url]
}

run "an_assigned_name_is_refused" {
  command = plan

  variables {
    assigned_object_ids = ["Lockstep people"]
  }

  expect_failures = [var.assigned_object_ids]
}

run "the_guard_against_deletion_is_not_switched_off" {
  command = plan

  variables {
    delete_threshold = 0
  }

  expect_failures = [var.delete_threshold]
}
