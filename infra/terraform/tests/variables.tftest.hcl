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

# Each value here would fail in the middle of a deployment, or worse, not fail.

run "organization_capitals" {
  command = plan

  variables {
    organization = "Contoso"
  }

  expect_failures = [var.organization]
}

run "organization_too_short" {
  command = plan

  variables {
    organization = "c"
  }

  expect_failures = [var.organization]
}

run "organization_too_long" {
  command = plan

  variables {
    organization = "contosocorp"
  }

  expect_failures = [var.organization]
}

run "organization_begins_with_a_digit" {
  command = plan

  variables {
    organization = "9ontoso"
  }

  expect_failures = [var.organization]
}

run "environment_is_none_of_the_three" {
  command = plan

  variables {
    environment = "production"
  }

  expect_failures = [var.environment]
}

run "instance_memory_mb_is_no_size_of_flex_consumption" {
  command = plan

  variables {
    instance_memory_mb = 1024
  }

  expect_failures = [var.instance_memory_mb]
}

run "maximum_instance_count_is_none" {
  command = plan

  variables {
    maximum_instance_count = 0
  }

  expect_failures = [var.maximum_instance_count]
}

run "maximum_instance_count_is_too_many" {
  command = plan

  variables {
    maximum_instance_count = 1001
  }

  expect_failures = [var.maximum_instance_count]
}

run "http_concurrency_is_none" {
  command = plan

  variables {
    http_concurrency = 0
  }

  expect_failures = [var.http_concurrency]
}

run "always_ready_http_is_more_than_the_most" {
  command = plan

  variables {
    always_ready_http = 41
  }

  expect_failures = [var.always_ready_http]
}

run "always_ready_jobs_is_negative" {
  command = plan

  variables {
    always_ready_jobs = -1
  }

  expect_failures = [var.always_ready_jobs]
}

run "address_space_is_too_small" {
  command = plan

  variables {
    address_space = "10.60.0.0/25"
  }

  expect_failures = [var.address_space]
}

run "address_space_is_no_range" {
  command = plan

  variables {
    address_space = "10.60.0.0"
  }

  expect_failures = [var.address_space]
}

run "dns_servers_is_no_address" {
  command = plan

  variables {
    dns_servers = ["dns.contoso.example"]
  }

  expect_failures = [var.dns_servers]
}

run "admin_address_ranges_is_no_range" {
  command = plan

  variables {
    admin_address_ranges = ["203.0.113.7"]
  }

  expect_failures = [var.admin_address_ranges]
}

run "admin_address_ranges_is_everybody" {
  command = plan

  variables {
    admin_address_ranges = ["0.0.0.0/0"]
  }

  expect_failures = [var.admin_address_ranges]
}

run "console_client_id_is_no_id" {
  command = plan

  variables {
    console_client_id = "Lockstep console"
  }

  expect_failures = [var.console_client_id]
}

run "log_daily_cap_gb_is_nothing" {
  command = plan

  variables {
    log_daily_cap_gb = 0
  }

  expect_failures = [var.log_daily_cap_gb]
}

run "log_retention_days_is_too_short" {
  command = plan

  variables {
    log_retention_days = 7
  }

  expect_failures = [var.log_retention_days]
}

run "alert_emails_is_no_address" {
  command = plan

  variables {
    alert_emails = ["operations"]
  }

  expect_failures = [var.alert_emails]
}

run "monthly_budget_is_nothing" {
  command = plan

  variables {
    monthly_budget = 0
  }

  expect_failures = [var.monthly_budget]
}

run "budget_start_is_no_first_day" {
  command = plan

  variables {
    budget_start = "2026-12-15"
  }

  expect_failures = [var.budget_start]
}

run "deployer_issuer_is_in_the_open" {
  command = plan

  variables {
    deployer_issuer = "http://issuer.contoso.example"
  }

  expect_failures = [var.deployer_issuer]
}

run "app_settings_is_the_hosts" {
  command = plan

  variables {
    app_settings = { AzureWebJobsStorage = "x" }
  }

  expect_failures = [var.app_settings]
}

run "app_settings_holds_a_secret" {
  command = plan

  variables {
    app_settings = { LOCKSTEP_SECRET_LDAP = "hunter2" }
  }

  expect_failures = [var.app_settings]
}

run "an_app_over_zones_with_its_data_in_one" {
  command = plan

  variables {
    zone_redundant = true
  }

  expect_failures = [var.zone_redundant]
}
