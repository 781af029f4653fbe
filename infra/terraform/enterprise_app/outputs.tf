output "application_object_id" {
  description = "Object id of the app registration."
  value       = azuread_application_from_template.hub.application_object_id
}

output "client_id" {
  description = "Application (client) id: app_id of the source's `entra` in the hub."
  value       = data.azuread_service_principal.hub.client_id
}

output "service_principal_id" {
  description = "Object id of the enterprise application: what `python -m provisioning.entra` takes."
  value       = azuread_application_from_template.hub.service_principal_object_id
}

output "job_id" {
  description = "Id of the synchronization job: what `python -m provisioning.entra` takes."
  value       = basename(azuread_synchronization_job.hub.id)
}
