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

run "telemetry_takes_no_key" {
  command = plan

  assert {
    condition     = azurerm_application_insights.hub.local_authentication_enabled == false
    error_message = "Whoever knows the connection string writes telemetry."
  }

  assert {
    condition     = azurerm_log_analytics_workspace.hub.local_authentication_enabled == false
    error_message = "Whoever has the workspace's key writes logs."
  }

  assert {
    condition     = azurerm_application_insights.hub.workspace_id == azurerm_log_analytics_workspace.hub.id
    error_message = "Application Insights is not on the workspace that has the cap."
  }
}

run "logs_have_a_cap_and_an_end" {
  command = plan

  assert {
    condition     = azurerm_log_analytics_workspace.hub.daily_quota_gb == 1
    error_message = "The workspace has no daily cap: a loop that logs costs without end."
  }

  assert {
    condition     = azurerm_log_analytics_workspace.hub.retention_in_days == 30
    error_message = "Logs are not kept 30 days unless asked."
  }
}

run "every_alert_rule_exists_and_goes_to_the_action_group" {
  command = plan

  variables {
    alert_emails = ["operations@contoso.example", "identity@contoso.example"]
  }

  assert {
    condition     = toset(keys(azurerm_monitor_scheduled_query_rules_alert_v2.hub)) == toset([for rule in jsondecode(file("../common/alerts.json")).rules : rule.name])
    error_message = "The alert rules are not those of infra/common/alerts.json."
  }

  # What the hub must never fail at in silence.
  assert {
    condition = length(setsubtract([
      "connection-quarantined", "credentials-expire-in-a-month", "imports-failed", "jobs-poisoned", "links-behind",
      "sign-in-failures", "telemetry-silent", "timers-silent",
    ], keys(azurerm_monitor_scheduled_query_rules_alert_v2.hub))) == 0
    error_message = "An alert is missing: poison, links behind, quarantine, imports, sign-in, timers, credentials or telemetry."
  }

  assert {
    condition     = alltrue([for rule in azurerm_monitor_scheduled_query_rules_alert_v2.hub : rule.action[0].action_groups == tolist([azurerm_monitor_action_group.hub.id])])
    error_message = "An alert tells nobody."
  }

  assert {
    condition     = alltrue([for rule in azurerm_monitor_scheduled_query_rules_alert_v2.hub : coalesce(rule.enabled, true) && rule.scopes == tolist([azurerm_log_analytics_workspace.hub.id])])
    error_message = "An alert is off, or asks another workspace."
  }

  assert {
    condition     = [for receiver in azurerm_monitor_action_group.hub.email_receiver : receiver.email_address] == ["operations@contoso.example", "identity@contoso.example"]
    error_message = "The action group does not tell alert_emails."
  }
}

run "an_alert_says_where_to_read_what_to_do" {
  command = plan

  assert {
    condition     = alltrue([for rule in azurerm_monitor_scheduled_query_rules_alert_v2.hub : startswith(rule.action[0].custom_properties.runbook, "docs/operations.md#")])
    error_message = "An alert names no runbook."
  }
}

run "an_alert_measures_a_column_or_counts_rows" {
  command = plan

  assert {
    condition = alltrue([
      for rule in azurerm_monitor_scheduled_query_rules_alert_v2.hub :
      (rule.criteria[0].time_aggregation_method == "Count") == (rule.criteria[0].metric_measure_column == null)
    ])
    error_message = "An alert aggregates without a column, or counts a column: Azure refuses both."
  }

  assert {
    condition     = alltrue([for rule in azurerm_monitor_scheduled_query_rules_alert_v2.hub : contains(["Average", "Count", "Maximum", "Minimum", "Total"], rule.criteria[0].time_aggregation_method)])
    error_message = "An alert aggregates in a way that Azure does not know."
  }

  assert {
    condition     = alltrue([for rule in azurerm_monitor_scheduled_query_rules_alert_v2.hub : contains(["Equal", "GreaterThan", "GreaterThanOrEqual", "LessThan", "LessThanOrEqual"], rule.criteria[0].operator)])
    error_message = "An alert compares in a way that Azure does not know."
  }

  assert {
    condition = alltrue([
      for rule in azurerm_monitor_scheduled_query_rules_alert_v2.hub :
      contains(["PT1M", "PT5M", "PT10M", "PT15M", "PT30M", "PT45M", "PT1H", "PT2H", "PT3H", "PT4H", "PT5H", "PT6H", "P1D"], rule.evaluation_frequency)
    ])
    error_message = "An alert is evaluated at a frequency that Azure does not have."
  }

  assert {
    condition = alltrue([
      for rule in azurerm_monitor_scheduled_query_rules_alert_v2.hub :
      contains(["PT5M", "PT10M", "PT15M", "PT30M", "PT45M", "PT1H", "PT2H", "PT3H", "PT4H", "PT5H", "PT6H", "P1D", "P2D"], rule.window_duration)
    ])
    error_message = "An alert looks back over a time that Azure does not have."
  }
}

run "what_happens_in_storage_vault_and_app_is_logged" {
  command = plan

  assert {
    condition = {
      for name, setting in azurerm_monitor_diagnostic_setting.hub :
      name => join(",", [for log in setting.enabled_log : log.category_group == null ? log.category : log.category_group])
      } == {
      blobs  = "allLogs"
      queues = "StorageWrite"
      tables = "StorageDelete"
      vault  = "audit"
      app    = "FunctionAppLogs"
    }
    error_message = "A diagnostic setting is missing, or logs something else."
  }

  assert {
    condition     = alltrue([for setting in azurerm_monitor_diagnostic_setting.hub : setting.log_analytics_workspace_id == azurerm_log_analytics_workspace.hub.id])
    error_message = "A diagnostic setting does not go to the workspace."
  }
}

run "the_workbook_asks_the_workspace" {
  command = plan

  assert {
    condition     = jsondecode(azurerm_application_insights_workbook.hub.data_json).fallbackResourceIds == [azurerm_log_analytics_workspace.hub.id]
    error_message = "The workbook does not ask this deployment's workspace."
  }

  assert {
    condition     = azurerm_application_insights_workbook.hub.source_id == lower(azurerm_log_analytics_workspace.hub.id)
    error_message = "The workbook is not listed at the workspace; the provider takes its id in lower case only."
  }
}

run "the_resource_group_has_a_budget_that_warns_twice" {
  command = plan

  variables {
    alert_emails = ["operations@contoso.example"]
  }

  assert {
    condition     = azurerm_consumption_budget_resource_group.hub[0].amount == 50 && azurerm_consumption_budget_resource_group.hub[0].resource_group_id == azurerm_resource_group.hub.id
    error_message = "The resource group has no budget."
  }

  assert {
    condition     = toset([for warning in azurerm_consumption_budget_resource_group.hub[0].notification : "${warning.threshold} ${warning.threshold_type}"]) == toset(["80 Actual", "100 Forecasted"])
    error_message = "The budget does not warn at 80 % spent and at 100 % forecast."
  }

  assert {
    condition     = alltrue([for warning in azurerm_consumption_budget_resource_group.hub[0].notification : warning.contact_emails == tolist(["operations@contoso.example"])])
    error_message = "The budget warns nobody."
  }

  assert {
    condition     = azurerm_consumption_budget_resource_group.hub[0].time_period[0].start_date == "2026-12-01T00:00:00Z"
    error_message = "The budget does not begin in the month that was asked for."
  }
}

run "without_a_receiver_there_is_no_budget" {
  command = plan

  assert {
    condition     = length(azurerm_consumption_budget_resource_group.hub) == 0
    error_message = "There is a budget that warns nobody, which Azure refuses."
  }
}
