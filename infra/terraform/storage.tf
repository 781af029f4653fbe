# One account: the Functions host's own data, the package, queues, tables, backups.
#
# By azapi, because azurerm reads the account's keys into the state, and its table resource signs with a key, which this
# account refuses. All of this is Resource Manager's: it works with the account closed to the network, too.

resource "azapi_resource" "storage" {
  type      = "Microsoft.Storage/storageAccounts@2025-06-01"
  name      = local.names.storage
  parent_id = azurerm_resource_group.hub.id
  location  = azurerm_resource_group.hub.location
  tags      = local.tags

  body = {
    kind = "StorageV2"
    sku = {
      name = var.zone_redundant_storage ? "Standard_ZRS" : "Standard_LRS"
    }
    properties = {
      accessTier                   = "Hot"
      allowBlobPublicAccess        = false
      allowCrossTenantReplication  = false
      allowSharedKeyAccess         = false
      defaultToOAuthAuthentication = true
      minimumTlsVersion            = "TLS1_2"
      publicNetworkAccess          = var.isolate_network ? "Disabled" : "Enabled"
      supportsHttpsTrafficOnly     = true
      networkAcls = {
        bypass        = "None"
        defaultAction = var.isolate_network ? "Deny" : "Allow"
      }
    }
  }

  response_export_values = ["properties.primaryEndpoints.blob"]
}

# The three services are there with the account: they are changed, not made.
resource "azapi_update_resource" "blob_service" {
  type      = "Microsoft.Storage/storageAccounts/blobServices@2025-06-01"
  name      = "default"
  parent_id = azapi_resource.storage.id

  body = {
    properties = {
      containerDeleteRetentionPolicy = {
        enabled = true
        days    = 14
      }
      deleteRetentionPolicy = {
        enabled = true
        days    = 14
      }
    }
  }
}

resource "azapi_resource" "container" {
  for_each = local.hub.containers

  type      = "Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01"
  name      = each.value
  parent_id = azapi_update_resource.blob_service.id

  body = {
    properties = {
      publicAccess = "None"
    }
  }
}

resource "azapi_update_resource" "queue_service" {
  type      = "Microsoft.Storage/storageAccounts/queueServices@2025-06-01"
  name      = "default"
  parent_id = azapi_resource.storage.id

  body = {
    properties = {}
  }
}

# The poison queues as well: alerts and roles must be there before the first failure.
resource "azapi_resource" "queue" {
  for_each = toset(local.hub.queues)

  type      = "Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01"
  name      = each.key
  parent_id = azapi_update_resource.queue_service.id

  body = {
    properties = {}
  }
}

resource "azapi_update_resource" "table_service" {
  type      = "Microsoft.Storage/storageAccounts/tableServices@2025-06-01"
  name      = "default"
  parent_id = azapi_resource.storage.id

  body = {
    properties = {}
  }
}

resource "azapi_resource" "table" {
  for_each = toset(local.hub.tables)

  type      = "Microsoft.Storage/storageAccounts/tableServices/tables@2025-06-01"
  name      = each.key
  parent_id = azapi_update_resource.table_service.id

  body = {
    properties = {}
  }
}
