mock_provider "azapi" {
  source          = "./tests/mocks/azapi"
  override_during = plan
}

mock_provider "azurerm" {
  source          = "./tests/mocks/azurerm"
  override_during = plan
}

# The files in environments/ are deployed as they stand: each value is read from them, what they leave out is null and
# so the default.

run "production" {
  command = plan

  module {
    source = "./tests/environment"
  }

  variables {
    name = "production"
  }
}

run "production_keeps_its_data_through_a_zone_a_release_and_a_wrong_delete" {
  command = plan

  variables {
    organization           = run.production.values.organization
    environment            = run.production.values.environment
    location               = run.production.values.location
    tags                   = run.production.values.tags
    instance_memory_mb     = run.production.values.instance_memory_mb
    maximum_instance_count = run.production.values.maximum_instance_count
    http_concurrency       = run.production.values.http_concurrency
    always_ready_http      = run.production.values.always_ready_http
    always_ready_jobs      = run.production.values.always_ready_jobs
    zone_redundant_storage = run.production.values.zone_redundant_storage
    zone_redundant         = run.production.values.zone_redundant
    isolate_network        = run.production.values.isolate_network
    address_space          = run.production.values.address_space
    dns_servers            = run.production.values.dns_servers
    entra_ingress_only     = run.production.values.entra_ingress_only
    admin_address_ranges   = run.production.values.admin_address_ranges
    console_client_id      = run.production.values.console_client_id
    log_daily_cap_gb       = run.production.values.log_daily_cap_gb
    log_retention_days     = run.production.values.log_retention_days
    alert_emails           = run.production.values.alert_emails
    monthly_budget         = run.production.values.monthly_budget
    budget_start           = run.production.values.budget_start
    deployer_subject       = run.production.values.deployer_subject
    deployer_issuer        = run.production.values.deployer_issuer
    app_settings           = run.production.values.app_settings
    delete_lock            = run.production.values.delete_lock
  }

  assert {
    condition     = azapi_resource.storage.body.sku.name == "Standard_ZRS"
    error_message = "Production's data does not outlive a zone."
  }

  assert {
    condition     = { for ready in azapi_resource.app.body.properties.functionAppConfig.scaleAndConcurrency.alwaysReady : ready.name => ready.instanceCount } == { http = 2, "function:jobs" = 1 }
    error_message = "Production has a gap while a release rolls out (http: 2), or lets leavers wait for a cold start (function:jobs: 1)."
  }

  assert {
    condition     = length(azurerm_management_lock.hub) == 2
    error_message = "Production's directory can be deleted by a slip."
  }

  assert {
    condition     = length(azurerm_monitor_action_group.hub.email_receiver) > 0 && length(azurerm_consumption_budget_resource_group.hub) == 1
    error_message = "Production's alerts or its budget tell nobody."
  }

  assert {
    condition     = azurerm_log_analytics_workspace.hub.retention_in_days >= 90
    error_message = "Production forgets its logs before a quarter is over."
  }

  assert {
    condition     = azurerm_resource_group.hub.name == "rg-lockstep-contoso-prd"
    error_message = "production.tfvars deploys something else than production."
  }
}

run "test" {
  command = plan

  module {
    source = "./tests/environment"
  }

  variables {
    name = "test"
  }
}

run "test_tells_somebody_and_keeps_nothing_warm" {
  command = plan

  variables {
    organization           = run.test.values.organization
    environment            = run.test.values.environment
    location               = run.test.values.location
    tags                   = run.test.values.tags
    instance_memory_mb     = run.test.values.instance_memory_mb
    maximum_instance_count = run.test.values.maximum_instance_count
    http_concurrency       = run.test.values.http_concurrency
    always_ready_http      = run.test.values.always_ready_http
    always_ready_jobs      = run.test.values.always_ready_jobs
    zone_redundant_storage = run.test.values.zone_redundant_storage
    zone_redundant         = run.test.values.zone_redundant
    isolate_network        = run.test.values.isolate_network
    address_space          = run.test.values.address_space
    dns_servers            = run.test.values.dns_servers
    entra_ingress_only     = run.test.values.entra_ingress_only
    admin_address_ranges   = run.test.values.admin_address_ranges
    console_client_id      = run.test.values.console_client_id
    log_daily_cap_gb       = run.test.values.log_daily_cap_gb
    log_retention_days     = run.test.values.log_retention_days
    alert_emails           = run.test.values.alert_emails
    monthly_budget         = run.test.values.monthly_budget
    budget_start           = run.test.values.budget_start
    deployer_subject       = run.test.values.deployer_subject
    deployer_issuer        = run.test.values.deployer_issuer
    app_settings           = run.test.values.app_settings
    delete_lock            = run.test.values.delete_lock
  }

  assert {
    condition     = length(azurerm_monitor_action_group.hub.email_receiver) > 0
    error_message = "Alerts cannot be rehearsed: nobody is told."
  }

  assert {
    condition     = length(azapi_resource.app.body.properties.functionAppConfig.scaleAndConcurrency.alwaysReady) == 0 && azapi_resource.storage.body.sku.name == "Standard_LRS"
    error_message = "Test pays for what only production needs."
  }

  assert {
    condition     = azapi_resource.app.body.properties.functionAppConfig.scaleAndConcurrency.instanceMemoryMB == 2048
    error_message = "Test runs on other instances than production: its load tests tell nothing."
  }

  assert {
    condition     = azurerm_resource_group.hub.name == "rg-lockstep-contoso-tst"
    error_message = "test.tfvars deploys something else than test."
  }
}

run "dev" {
  command = plan

  module {
    source = "./tests/environment"
  }

  variables {
    name = "dev"
  }
}

run "dev_costs_least" {
  command = plan

  variables {
    organization           = run.dev.values.organization
    environment            = run.dev.values.environment
    location               = run.dev.values.location
    tags                   = run.dev.values.tags
    instance_memory_mb     = run.dev.values.instance_memory_mb
    maximum_instance_count = run.dev.values.maximum_instance_count
    http_concurrency       = run.dev.values.http_concurrency
    always_ready_http      = run.dev.values.always_ready_http
    always_ready_jobs      = run.dev.values.always_ready_jobs
    zone_redundant_storage = run.dev.values.zone_redundant_storage
    zone_redundant         = run.dev.values.zone_redundant
    isolate_network        = run.dev.values.isolate_network
    address_space          = run.dev.values.address_space
    dns_servers            = run.dev.values.dns_servers
    entra_ingress_only     = run.dev.values.entra_ingress_only
    admin_address_ranges   = run.dev.values.admin_address_ranges
    console_client_id      = run.dev.values.console_client_id
    log_daily_cap_gb       = run.dev.values.log_daily_cap_gb
    log_retention_days     = run.dev.values.log_retention_days
    alert_emails           = run.dev.values.alert_emails
    monthly_budget         = run.dev.values.monthly_budget
    budget_start           = run.dev.values.budget_start
    deployer_subject       = run.dev.values.deployer_subject
    deployer_issuer        = run.dev.values.deployer_issuer
    app_settings           = run.dev.values.app_settings
    delete_lock            = run.dev.values.delete_lock
  }

  assert {
    condition     = azapi_resource.app.body.properties.functionAppConfig.scaleAndConcurrency.instanceMemoryMB == 512 && azapi_resource.app.body.properties.functionAppConfig.scaleAndConcurrency.maximumInstanceCount == 10
    error_message = "Dev is not the smallest."
  }

  assert {
    condition     = length(azapi_resource.app.body.properties.functionAppConfig.scaleAndConcurrency.alwaysReady) == 0 && length(azurerm_virtual_network.hub) == 0
    error_message = "Dev costs money while nobody uses it."
  }

  assert {
    condition     = azurerm_resource_group.hub.name == "rg-lockstep-contoso-dev"
    error_message = "dev.tfvars deploys something else than dev."
  }
}
