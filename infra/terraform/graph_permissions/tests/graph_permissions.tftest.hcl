mock_provider "azuread" {
  override_during = plan

  mock_data "azuread_service_principal" {
    defaults = {
      object_id = "00000000-0000-0000-0000-0000000009a9"
      app_role_ids = {
        "User.ReadWrite.All"                 = "741f803b-c850-494e-b5df-cde7c675a1ca"
        "Group.ReadWrite.All"                = "62a82d76-70ea-41e2-9197-370581804d09"
        "User-PasswordProfile.ReadWrite.All" = "cc117bb9-00cf-4eb8-b580-ea2a878fe8f7"
        "Organization.Read.All"              = "498476ce-e0fe-48b0-b801-37ba7e2685c6"
        "LicenseAssignment.ReadWrite.All"    = "5facf0c1-8979-4e95-abcf-ff3d079771c0"
        "RoleManagement.ReadWrite.Directory" = "9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8"
      }
    }
  }
}

variables {
  principal_id = "00000000-0000-0000-0000-00000000900d"
}

run "the_identity_gets_the_permissions_of_the_code_and_no_other" {
  command = plan

  assert {
    condition     = toset(keys(azuread_app_role_assignment.graph)) == toset(jsondecode(file("../../common/hub.json")).graphPermissions)
    error_message = "The permissions are not those of infra/common/hub.json."
  }

  # Signed for one by one.
  assert {
    condition = toset(keys(azuread_app_role_assignment.graph)) == toset([
      "User.ReadWrite.All", "Group.ReadWrite.All", "User-PasswordProfile.ReadWrite.All", "Organization.Read.All",
    ])
    error_message = "The app gets a permission in Graph that nobody signed for, or lacks one."
  }

  assert {
    condition = alltrue([
      for name, grant in azuread_app_role_assignment.graph :
      grant.app_role_id == data.azuread_service_principal.graph.app_role_ids[name]
    ])
    error_message = "A permission is given under the name of another."
  }
}

run "permissions_are_given_to_the_identity_in_graph_only" {
  command = plan

  assert {
    condition     = alltrue([for grant in azuread_app_role_assignment.graph : grant.principal_object_id == var.principal_id])
    error_message = "A permission is given to somebody else."
  }

  assert {
    condition     = alltrue([for grant in azuread_app_role_assignment.graph : grant.resource_object_id == data.azuread_service_principal.graph.object_id])
    error_message = "A permission is given in another application than Graph."
  }

  assert {
    condition     = data.azuread_service_principal.graph.client_id == "00000003-0000-0000-c000-000000000000"
    error_message = "The application is not Microsoft Graph."
  }
}

run "an_administrator_may_give_fewer" {
  command = plan

  variables {
    permissions = ["User.ReadWrite.All"]
  }

  assert {
    condition     = output.given == tolist(["User.ReadWrite.All"])
    error_message = "More is given than the administrator named."
  }
}

run "principal_id_is_no_client_name" {
  command = plan

  variables {
    principal_id = "id-lockstep-contoso-prd"
  }

  expect_failures = [var.principal_id]
}
