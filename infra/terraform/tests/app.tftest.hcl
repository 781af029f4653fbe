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

run "the_app_is_python_3_13_on_flex_consumption" {
  command = plan

  assert {
    condition     = azapi_resource.app.body.properties.functionAppConfig.runtime == { name = "python", version = "3.13" }
    error_message = "The runtime is not Python 3.13, which the hub is tested with."
  }

  assert {
    condition     = azapi_resource.plan.body.sku == { name = "FC1", tier = "FlexConsumption" }
    error_message = "The plan is not Flex Consumption (FC1)."
  }

  assert {
    condition     = azapi_resource.app.body.properties.functionAppConfig.scaleAndConcurrency.triggers.http.perInstanceConcurrency == 16
    error_message = "HTTP concurrency is not set: Azure's default for Python is an instance for each request."
  }
}

run "the_app_takes_https_with_tls_1_2_only" {
  command = plan

  assert {
    condition     = azapi_resource.app.body.properties.httpsOnly == true
    error_message = "The app takes plain HTTP: tokens would travel in the open."
  }

  assert {
    condition     = azapi_resource.app.body.properties.siteConfig.minTlsVersion == "1.2"
    error_message = "The app takes TLS below 1.2."
  }

  assert {
    condition     = azapi_resource.app.body.properties.siteConfig.scmMinTlsVersion == "1.2"
    error_message = "The publishing endpoint takes TLS below 1.2."
  }

  assert {
    condition     = length(setintersection(keys(azapi_resource.app.body.properties.siteConfig), ["alwaysOn", "ftpsState", "linuxFxVersion"])) == 0
    error_message = "siteConfig has what Flex Consumption refuses: the app is not deployed at all."
  }
}

run "the_host_reaches_its_storage_by_identity_only" {
  command = plan

  assert {
    condition = toset([for setting in azapi_resource.app.body.properties.siteConfig.appSettings : setting.name if startswith(setting.name, "AzureWebJobs")]) == toset([
      "AzureWebJobsStorage__accountName", "AzureWebJobsStorage__credential", "AzureWebJobsStorage__clientId",
    ])
    error_message = "AzureWebJobsStorage is more than account name, credential and client id: a connection string, or a service URI that the host fails on."
  }

  assert {
    condition     = local.app_settings.AzureWebJobsStorage__credential == "managedidentity"
    error_message = "The host does not reach its storage by identity."
  }

  assert {
    condition     = local.app_settings.AzureWebJobsStorage__clientId == azurerm_user_assigned_identity.app.client_id
    error_message = "The host signs in as somebody else than the app's identity."
  }

  assert {
    condition     = azapi_resource.app.body.properties.functionAppConfig.deployment.storage.authentication.type == "UserAssignedIdentity"
    error_message = "The package is not read by identity."
  }

  assert {
    condition     = azapi_resource.app.body.properties.functionAppConfig.deployment.storage.value == "https://stlockstepcontosotst.blob.core.windows.net/app-package"
    error_message = "The package is not in the container app-package of the storage account."
  }
}

run "no_app_setting_is_a_secret" {
  command = plan

  variables {
    console_client_id = "00000000-0000-0000-0000-000000000009"
  }

  assert {
    condition = alltrue([
      for setting in azapi_resource.app.body.properties.siteConfig.appSettings :
      !can(regex("(?i)(AccountKey=|SharedAccessKey|SharedAccessSignature|[?&]sig=|DefaultEndpointsProtocol|password|secret=)", setting.value))
    ])
    error_message = "An app setting holds a key, a signature or a connection string."
  }

  assert {
    condition     = alltrue([for setting in azapi_resource.app.body.properties.siteConfig.appSettings : !can(regex("(?i)(secret|password|apikey|accesskey)", setting.name))])
    error_message = "An app setting is named like a secret: secrets go into the vault and are named by reference."
  }

  assert {
    condition     = local.app_settings.APPLICATIONINSIGHTS_AUTHENTICATION_STRING == "ClientId=${azurerm_user_assigned_identity.app.client_id};Authorization=AAD"
    error_message = "Telemetry is not sent with the app's identity; its connection string alone would do."
  }
}

run "no_app_setting_is_one_that_flex_consumption_refuses" {
  command = plan

  assert {
    condition = length(setintersection(keys(local.app_settings), [
      "FUNCTIONS_WORKER_RUNTIME", "FUNCTIONS_WORKER_RUNTIME_VERSION", "WEBSITE_RUN_FROM_PACKAGE", "WEBSITE_CONTENTSHARE",
      "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING", "SCM_DO_BUILD_DURING_DEPLOYMENT", "ENABLE_ORYX_BUILD",
      "WEBSITE_TIME_ZONE", "WEBSITE_VNET_ROUTE_ALL", "APPINSIGHTS_INSTRUMENTATIONKEY",
    ])) == 0
    error_message = "An app setting is one that Flex Consumption refuses or ignores."
  }
}

run "the_common_settings_are_set_and_an_operator_may_change_them_but_not_the_hosts" {
  command = plan

  variables {
    app_settings = {
      LOCKSTEP_SWEEP_SCHEDULE = "30 * * * * *"
      LOCKSTEP_KEY_VAULT_URL  = "https://another.vault.azure.net/"
    }
  }

  assert {
    condition     = alltrue([for name in keys(local.hub.settings) : contains([for setting in azapi_resource.app.body.properties.siteConfig.appSettings : setting.name], name)])
    error_message = "A setting of infra/common/hub.json is missing."
  }

  assert {
    condition     = local.app_settings.LOCKSTEP_SWEEP_SCHEDULE == "30 * * * * *"
    error_message = "app_settings does not win over the common settings."
  }

  assert {
    condition     = local.app_settings.LOCKSTEP_KEY_VAULT_URL == azurerm_key_vault.hub.vault_uri
    error_message = "app_settings changes which vault the app reads."
  }
}

run "nobody_publishes_with_a_password" {
  command = plan

  assert {
    condition     = toset([for policy in azapi_update_resource.basic_publishing : policy.name]) == toset(["scm", "ftp"])
    error_message = "Basic publishing credentials are not governed for both endpoints."
  }

  assert {
    condition     = alltrue([for policy in azapi_update_resource.basic_publishing : policy.body.properties.allow == false])
    error_message = "Somebody may publish with a user name and a password."
  }
}

run "a_release_replaces_instances_one_after_another" {
  command = plan

  assert {
    condition     = azapi_resource.app.body.properties.functionAppConfig.siteUpdateStrategy.type == "RollingUpdate"
    error_message = "A release kills the jobs that run (Recreate)."
  }
}

run "no_instance_is_kept_warm_unless_asked" {
  command = plan

  assert {
    condition     = length(azapi_resource.app.body.properties.functionAppConfig.scaleAndConcurrency.alwaysReady) == 0
    error_message = "Instances are kept warm, and paid for, without being asked for."
  }
}

run "instances_are_kept_warm_for_http_and_for_the_function_that_reads_jobs" {
  command = plan

  variables {
    always_ready_http = 2
    always_ready_jobs = 1
  }

  assert {
    condition = jsonencode(azapi_resource.app.body.properties.functionAppConfig.scaleAndConcurrency.alwaysReady) == jsonencode([
      { instanceCount = 2, name = "http" }, { instanceCount = 1, name = "function:jobs" },
    ])
    error_message = "Instances are not kept warm for http and function:jobs."
  }

  assert {
    condition     = contains(keys(local.hub.functions.queue), "jobs")
    error_message = "There is no function `jobs` to be kept warm."
  }
}

run "over_zones_no_group_has_one_warm_instance" {
  command = plan

  variables {
    always_ready_http      = 3
    always_ready_jobs      = 1
    zone_redundant         = true
    zone_redundant_storage = true
  }

  assert {
    condition     = { for ready in azapi_resource.app.body.properties.functionAppConfig.scaleAndConcurrency.alwaysReady : ready.name => ready.instanceCount } == { http = 3, "function:jobs" = 2 }
    error_message = "One warm instance of a group is refused where the app is spread over zones."
  }
}
