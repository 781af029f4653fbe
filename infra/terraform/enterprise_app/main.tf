# From the template, because an application that is only registered never gets a working job.
resource "azuread_application_from_template" "hub" {
  display_name = var.display_name
  template_id  = var.template_id
}

data "azuread_service_principal" "hub" {
  object_id = azuread_application_from_template.hub.service_principal_object_id
}

# By key: the provider compares lists, so another order than that of Graph's answer would be a change in every plan. What
# is left out of the list later stays with Entra ID, and the provider then waits in vain for the two to be of one length.
resource "azuread_synchronization_secret" "hub" {
  count = var.manage_sign_in ? 1 : 0

  service_principal_id = azuread_application_from_template.hub.service_principal_id

  credential {
    key   = "BaseAddress"
    value = var.tenant_url
  }

  dynamic "credential" {
    for_each = local.token_given ? ["SecretToken"] : []

    content {
      key   = credential.value
      value = var.secret_token
    }
  }

  credential {
    key   = "SyncAll"
    value = tostring(var.sync_all)
  }

  credential {
    key = "SyncNotificationSettings"
    value = jsonencode({
      Enabled                = var.notification_email != ""
      Recipients             = var.notification_email
      DeleteThresholdEnabled = true
      DeleteThresholdValue   = var.delete_threshold
    })
  }
}

resource "azuread_synchronization_job" "hub" {
  service_principal_id = azuread_application_from_template.hub.service_principal_id
  template_id          = var.job_template_id
  enabled              = var.start

  # A job that starts without an address is quarantined; one that starts before the assignments finds nobody.
  depends_on = [
    azuread_app_role_assignment.assigned,
    azuread_synchronization_secret.hub,
  ]
}

locals {
  # That there is a token may be known; the token may not.
  token_given = nonsensitive(var.secret_token != "")

  # The template's role for people; an application without roles takes the default one.
  user_role = concat(
    [for role in data.azuread_service_principal.hub.app_roles : role.id if role.enabled && role.display_name == "User"],
    ["00000000-0000-0000-0000-000000000000"],
  )[0]
}

resource "azuread_app_role_assignment" "assigned" {
  for_each = var.assigned_object_ids

  app_role_id         = local.user_role
  principal_object_id = each.key
  resource_object_id  = azuread_application_from_template.hub.service_principal_object_id
}
