variable "principal_id" {
  description = "Output identity_principal_id of the deployment: the object id of the app's identity."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", lower(var.principal_id)))
    error_message = "principal_id is an object id, a GUID: output identity_principal_id of infra/terraform."
  }
}

variable "permissions" {
  description = "The permissions; null: those of hub.json. User.ReadWrite.All and Group.ReadWrite.All write every user and group of the tenant: give them to a tenant that Lockstep shall write to, and to no other."
  type        = set(string)
  default     = null
}

locals {
  permissions = var.permissions == null ? toset(jsondecode(file("${path.module}/../../common/hub.json")).graphPermissions) : var.permissions
}

# Microsoft Graph itself, as it stands in every tenant.
data "azuread_service_principal" "graph" {
  client_id = "00000003-0000-0000-c000-000000000000"
}

resource "azuread_app_role_assignment" "graph" {
  for_each = local.permissions

  # A name that Graph does not have fails the plan here.
  app_role_id         = data.azuread_service_principal.graph.app_role_ids[each.key]
  principal_object_id = var.principal_id
  resource_object_id  = data.azuread_service_principal.graph.object_id
}

output "given" {
  description = "The permissions that the app's identity has by this root."
  value       = sort(keys(azuread_app_role_assignment.graph))
}
