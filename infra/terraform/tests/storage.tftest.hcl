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

run "no_key_opens_the_storage_account" {
  command = plan

  assert {
    condition     = azapi_resource.storage.body.properties.allowSharedKeyAccess == false
    error_message = "Shared keys are allowed: whoever has one reads and writes the whole directory, and no log says who."
  }

  assert {
    condition     = azapi_resource.storage.body.properties.defaultToOAuthAuthentication == true
    error_message = "The portal would ask for a key first."
  }
}

run "no_blob_is_public" {
  command = plan

  assert {
    condition     = azapi_resource.storage.body.properties.allowBlobPublicAccess == false
    error_message = "A container of the account could be opened to everybody."
  }

  assert {
    condition     = alltrue([for container in azapi_resource.container : container.body.properties.publicAccess == "None"])
    error_message = "A container is public."
  }

  assert {
    condition     = azapi_resource.storage.body.properties.allowCrossTenantReplication == false
    error_message = "Blobs could be copied to another tenant."
  }
}

run "storage_takes_https_with_tls_1_2_only" {
  command = plan

  assert {
    condition     = azapi_resource.storage.body.properties.minimumTlsVersion == "TLS1_2"
    error_message = "The storage account takes TLS below 1.2."
  }

  assert {
    condition     = azapi_resource.storage.body.properties.supportsHttpsTrafficOnly == true
    error_message = "The storage account takes plain HTTP."
  }
}

run "deleted_blobs_and_containers_can_be_brought_back_for_14_days" {
  command = plan

  assert {
    condition     = azapi_update_resource.blob_service.body.properties.deleteRetentionPolicy == { enabled = true, days = 14 }
    error_message = "Deleted blobs (packages, backups) are gone before 14 days."
  }

  assert {
    condition     = azapi_update_resource.blob_service.body.properties.containerDeleteRetentionPolicy == { enabled = true, days = 14 }
    error_message = "Deleted containers are gone before 14 days."
  }
}

run "queues_tables_and_containers_of_the_code_exist_by_name" {
  command = plan

  assert {
    condition     = toset([for queue in azapi_resource.queue : queue.name]) == toset(local.hub.queues) && length(local.hub.queues) > 0
    error_message = "The queues are not those of infra/common/hub.json."
  }

  assert {
    condition     = alltrue([for queue in local.hub.functions.queue : contains([for made in azapi_resource.queue : made.name], queue)])
    error_message = "A queue that a function waits for is missing."
  }

  assert {
    condition     = alltrue([for queue in local.hub.queues : endswith(queue, "-poison") || contains(local.hub.queues, "${queue}-poison")])
    error_message = "A queue has no poison queue: alerts and roles would miss the first failure."
  }

  assert {
    condition     = toset([for table in azapi_resource.table : table.name]) == toset(local.hub.tables) && length(local.hub.tables) > 0
    error_message = "The tables are not those of infra/common/hub.json."
  }

  assert {
    condition     = toset([for container in azapi_resource.container : container.name]) == toset(values(local.hub.containers))
    error_message = "The containers are not those of infra/common/hub.json."
  }
}

run "the_data_outlives_a_zone_when_asked" {
  command = plan

  variables {
    zone_redundant_storage = true
  }

  assert {
    condition     = azapi_resource.storage.body.sku.name == "Standard_ZRS"
    error_message = "zone_redundant_storage does not spread the storage account over zones."
  }

  assert {
    condition     = azapi_resource.plan.body.properties.zoneRedundant == false
    error_message = "zone_redundant_storage spreads the app, too, which costs warm instances."
  }
}

run "the_app_outlives_a_zone_when_asked" {
  command = plan

  variables {
    zone_redundant_storage = true
    zone_redundant         = true
  }

  assert {
    condition     = azapi_resource.plan.body.properties.zoneRedundant == true
    error_message = "zone_redundant does not spread the app over zones."
  }
}

run "the_directory_and_its_secrets_can_be_locked" {
  command = plan

  variables {
    delete_lock = true
  }

  assert {
    condition     = toset([for lock in azurerm_management_lock.hub : lock.scope]) == toset([azapi_resource.storage.id, azurerm_key_vault.hub.id])
    error_message = "delete_lock does not lock exactly the storage account and the vault."
  }

  assert {
    condition     = alltrue([for lock in azurerm_management_lock.hub : lock.lock_level == "CanNotDelete"])
    error_message = "A lock does not forbid deleting, or forbids more."
  }
}
