# Every rule of infra/common/alerts.json, asked of the workspace. docs/operations.md says what to do for each.

resource "azurerm_monitor_action_group" "hub" {
  name                = local.names.action_group
  resource_group_name = azurerm_resource_group.hub.name
  short_name          = "lockstep" # The sender of a mail.
  tags                = local.tags

  dynamic "email_receiver" {
    for_each = var.alert_emails

    content {
      name                    = "mail-${email_receiver.key}"
      email_address           = email_receiver.value
      use_common_alert_schema = true
    }
  }
}

resource "azurerm_monitor_scheduled_query_rules_alert_v2" "hub" {
  for_each = local.rules

  name                    = "alert-${local.suffix}-${each.key}"
  display_name            = "Lockstep ${var.organization}-${var.environment}: ${each.value.title}"
  description             = each.value.description
  resource_group_name     = azurerm_resource_group.hub.name
  location                = azurerm_resource_group.hub.location
  scopes                  = [azurerm_log_analytics_workspace.hub.id]
  severity                = each.value.severity
  evaluation_frequency    = each.value.every
  window_duration         = each.value.window
  auto_mitigation_enabled = each.value.autoMitigate
  tags                    = local.tags

  # A new workspace has no column of a table into which nothing has been written; the queries are right all the same.
  skip_query_validation = true

  criteria {
    query                   = join("\n", each.value.query)
    time_aggregation_method = lookup(each.value, "aggregation", "Count")
    metric_measure_column   = lookup(each.value, "measure", null)
    operator                = each.value.operator
    threshold               = each.value.threshold

    dynamic "dimension" {
      for_each = each.value.dimensions

      content {
        name     = dimension.value
        operator = "Include"
        values   = ["*"]
      }
    }

    failing_periods {
      minimum_failing_periods_to_trigger_alert = each.value.failing
      number_of_evaluation_periods             = each.value.of
    }
  }

  action {
    action_groups = [azurerm_monitor_action_group.hub.id]

    custom_properties = {
      runbook = "docs/${each.value.runbook}"
    }
  }
}
