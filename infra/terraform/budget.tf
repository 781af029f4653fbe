# What the resource group may cost in a month. It warns; nothing is stopped.

resource "azurerm_consumption_budget_resource_group" "hub" {
  count = length(var.alert_emails) == 0 ? 0 : 1

  name              = local.names.budget
  resource_group_id = azurerm_resource_group.hub.id
  amount            = var.monthly_budget
  time_grain        = "Monthly"

  time_period {
    start_date = "${var.budget_start}T00:00:00Z"
  }

  notification {
    operator       = "GreaterThanOrEqualTo"
    threshold      = 80
    threshold_type = "Actual"
    contact_emails = var.alert_emails
  }

  notification {
    operator       = "GreaterThanOrEqualTo"
    threshold      = 100
    threshold_type = "Forecasted"
    contact_emails = var.alert_emails
  }
}
