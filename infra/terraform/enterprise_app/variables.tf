variable "display_name" {
  description = "Name of the enterprise application, as people see it in Entra ID."
  type        = string
  default     = "Lockstep"
  nullable    = false
}

variable "tenant_url" {
  description = "Output tenant_url of the deployment: https://NAME.azurewebsites.net/scim/v2."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^https://[^/?#]+/scim/v2$", var.tenant_url))
    error_message = "tenant_url is https://NAME/scim/v2: output tenant_url of infra/terraform or infra/bicep."
  }
}

variable "manage_sign_in" {
  description = "Write Tenant URL, token, notifications and scope of the job. false: they are entered at the application and left alone here, which is the way for workload identity federation and OAuth 2.0 client credentials (docs/connect-entra.md), the ways for production."
  type        = bool
  default     = true
  nullable    = false
}

variable "secret_token" {
  description = "Token of the hub's source, for Entra ID to show. IT LANDS IN THE STATE IN PLAIN TEXT; give it as TF_VAR_secret_token, at every apply (without it the next one waits five minutes and fails; Entra ID keeps the token). Empty: Entra ID shows a token of its own that it makes anew (the source's `entra`; Microsoft means it for trials), and nothing secret is anywhere."
  type        = string
  default     = ""
  nullable    = false
  sensitive   = true
}

variable "notification_email" {
  description = "Who is told when the job is quarantined. Entra ID quarantines a job that starts without one."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.notification_email == "" || can(regex("^[^@\\s]+@[^@\\s]+$", var.notification_email))
    error_message = "notification_email is one mail address."
  }
}

variable "delete_threshold" {
  description = "Entra ID's own guard against accidental deletion: a cycle that would delete or unassign as many is held until somebody allows it."
  type        = number
  default     = 500
  nullable    = false

  validation {
    condition     = var.delete_threshold >= 1
    error_message = "delete_threshold is 1 or more; the guard is not meant to be switched off."
  }
}

variable "assigned_object_ids" {
  description = "Object ids of the groups (or people) to provision. A group brings its direct members only, and needs Entra ID P1."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.assigned_object_ids : can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", lower(id)))])
    error_message = "assigned_object_ids are object ids, GUIDs."
  }
}

variable "sync_all" {
  description = "Provision every user and group of the tenant, instead of those that are assigned."
  type        = bool
  default     = false
  nullable    = false
}

variable "start" {
  description = "Let the job run. Set it after the mappings are applied and Test Connection is green; false pauses the job."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.start || !var.manage_sign_in || var.notification_email != ""
    error_message = "start needs notification_email: Entra ID quarantines a job that starts without one."
  }

  validation {
    condition     = !var.start || var.sync_all || length(var.assigned_object_ids) > 0
    error_message = "start needs assigned_object_ids (or sync_all): a job with nobody in scope deprovisions everybody it has provisioned."
  }
}

variable "template_id" {
  description = "Application template: that of applications that are not in the gallery. US Government: 4602d0b4-76bb-404b-bca9-2652e1a39c6d."
  type        = string
  default     = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
  nullable    = false
}

variable "job_template_id" {
  description = "Synchronization template of the job. What the application has: GET /servicePrincipals/ID/synchronization/templates; `customappsso` is the behaviour of 2018."
  type        = string
  default     = "scim"
  nullable    = false
}
