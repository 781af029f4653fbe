# Where logs, metrics and traces go. Nobody sends telemetry with a key: the app signs in with its identity.

resource "azurerm_log_analytics_workspace" "hub" {
  name                = local.names.workspace
  resource_group_name = azurerm_resource_group.hub.name
  location            = azurerm_resource_group.hub.location
  sku                 = "PerGB2018"
  retention_in_days   = var.log_retention_days
  daily_quota_gb      = var.log_daily_cap_gb
  tags                = local.tags

  local_authentication_enabled = false
}

resource "azurerm_application_insights" "hub" {
  name                = local.names.insights
  resource_group_name = azurerm_resource_group.hub.name
  location            = azurerm_resource_group.hub.location
  workspace_id        = azurerm_log_analytics_workspace.hub.id
  application_type    = "web"
  tags                = local.tags

  local_authentication_enabled = false
}

resource "azurerm_application_insights_workbook" "hub" {
  name                = uuidv5("url", "https://lockstep.invalid/workbook/${local.suffix}")
  display_name        = "Lockstep ${var.organization}-${var.environment}"
  resource_group_name = azurerm_resource_group.hub.name
  location            = azurerm_resource_group.hub.location
  source_id           = lower(azurerm_log_analytics_workspace.hub.id)
  data_json           = jsonencode(merge(local.workbook, { fallbackResourceIds = [azurerm_log_analytics_workspace.hub.id] }))
  tags                = local.tags
}

# Queues: writes only, which the alert on poison messages reads; reads would be the host's own look at the queues every
# two seconds. Tables: deletions only; six requests for each change of a person would be the largest line of the bill,
# and what changed and why is in the report.
locals {
  diagnostics = {
    blobs  = { target = azapi_update_resource.blob_service.id, group = "allLogs", category = null }
    queues = { target = azapi_update_resource.queue_service.id, group = null, category = "StorageWrite" }
    tables = { target = azapi_update_resource.table_service.id, group = null, category = "StorageDelete" }
    vault  = { target = azurerm_key_vault.hub.id, group = "audit", category = null }
    app    = { target = azapi_resource.app.id, group = null, category = "FunctionAppLogs" }
  }
}

resource "azurerm_monitor_diagnostic_setting" "hub" {
  for_each = local.diagnostics

  name                       = "to-workspace"
  target_resource_id         = each.value.target
  log_analytics_workspace_id = azurerm_log_analytics_workspace.hub.id

  enabled_log {
    category_group = each.value.group
    category       = each.value.category
  }
}
