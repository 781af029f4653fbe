# The function app on Flex Consumption. By azapi: azurerm's resource writes a connection string with the storage key into
# AzureWebJobsStorage, and knows neither siteUpdateStrategy nor keyVaultReferenceIdentity.

locals {
  # The function that reads the jobs, by the name that Azure scales it by; the other queue is its poison queue.
  jobs = one([for name, queue in local.hub.functions.queue : name if !endswith(queue, "-poison")])

  # What an operator sets wins over the common values, and neither touches how the app finds its storage: by identity
  # only, no connection string, and no service URI beside the account's name (the host fails on both).
  app_settings = merge(
    local.hub.settings,
    var.app_settings,
    {
      AzureWebJobsStorage__accountName          = local.names.storage
      AzureWebJobsStorage__credential           = "managedidentity"
      AzureWebJobsStorage__clientId             = azurerm_user_assigned_identity.app.client_id
      APPLICATIONINSIGHTS_CONNECTION_STRING     = azurerm_application_insights.hub.connection_string
      APPLICATIONINSIGHTS_AUTHENTICATION_STRING = "ClientId=${azurerm_user_assigned_identity.app.client_id};Authorization=AAD"
      LOCKSTEP_KEY_VAULT_URL                    = azurerm_key_vault.hub.vault_uri
    },
    var.console_client_id == "" ? {} : {
      OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID = azurerm_user_assigned_identity.app.client_id
    },
  )

  # Over zones Azure refuses one warm instance of a group: two, or none written.
  fewest = var.zone_redundant ? 2 : 1

  always_ready = [
    for group in [
      { name = "http", count = var.always_ready_http },
      { name = "function:${local.jobs}", count = var.always_ready_jobs },
    ] : { name = group.name, instanceCount = max(group.count, local.fewest) } if group.count > 0
  ]

  admins = [
    for index, range in var.admin_address_ranges : {
      name      = "admins-${index}"
      ipAddress = range
      tag       = "Default"
      action    = "Allow"
      priority  = 200 + index
    }
  ]

  entra = {
    name      = "entra"
    ipAddress = "AzureActiveDirectory"
    tag       = "ServiceTag"
    action    = "Allow"
    priority  = 100
  }
}

resource "azapi_resource" "plan" {
  type      = "Microsoft.Web/serverfarms@2025-03-01"
  name      = local.names.plan
  parent_id = azurerm_resource_group.hub.id
  location  = azurerm_resource_group.hub.location
  tags      = local.tags

  body = {
    kind = "functionapp"
    sku = {
      name = "FC1"
      tier = "FlexConsumption"
    }
    properties = {
      reserved      = true
      zoneRedundant = var.zone_redundant
    }
  }
}

resource "azapi_resource" "app" {
  type      = "Microsoft.Web/sites@2025-03-01"
  name      = local.names.app
  parent_id = azurerm_resource_group.hub.id
  location  = azurerm_resource_group.hub.location
  tags      = merge(local.tags, { azd-service-name = "hub" })

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.app.id]
  }

  body = {
    kind = "functionapp,linux"
    properties = {
      serverFarmId              = azapi_resource.plan.id
      httpsOnly                 = true
      publicNetworkAccess       = "Enabled"
      keyVaultReferenceIdentity = azurerm_user_assigned_identity.app.id
      virtualNetworkSubnetId    = one(azurerm_subnet.integration[*].id)
      functionAppConfig = {
        deployment = {
          storage = {
            type  = "blobContainer"
            value = "${azapi_resource.storage.output.properties.primaryEndpoints.blob}${local.hub.containers.package}"
            authentication = {
              type                           = "UserAssignedIdentity"
              userAssignedIdentityResourceId = azurerm_user_assigned_identity.app.id
            }
          }
        }
        runtime = {
          name    = "python"
          version = "3.13"
        }
        scaleAndConcurrency = {
          alwaysReady          = local.always_ready
          instanceMemoryMB     = var.instance_memory_mb
          maximumInstanceCount = var.maximum_instance_count
          triggers = {
            http = {
              perInstanceConcurrency = var.http_concurrency
            }
          }
        }
        siteUpdateStrategy = {
          type = "RollingUpdate"
        }
      }
      # Flex Consumption takes a part of siteConfig only and refuses the whole request for the rest: ftpsState, alwaysOn,
      # linuxFxVersion and others. It has no FTP.
      siteConfig = {
        appSettings                            = [for name in sort(keys(local.app_settings)) : { name = name, value = local.app_settings[name] }]
        http20Enabled                          = true
        ipSecurityRestrictions                 = [for rule in concat([local.entra], local.admins) : rule if var.entra_ingress_only]
        ipSecurityRestrictionsDefaultAction    = var.entra_ingress_only ? "Deny" : "Allow"
        minTlsVersion                          = "1.2"
        scmIpSecurityRestrictionsDefaultAction = var.entra_ingress_only ? "Deny" : "Allow"
        scmIpSecurityRestrictions              = [for rule in local.admins : rule if var.entra_ingress_only]
        scmIpSecurityRestrictionsUseMain       = false # Publishing is another address; Entra has no business there.
        scmMinTlsVersion                       = "1.2"
      }
    }
  }

  # siteUpdateStrategy is missing from the types that azapi checks bodies with; `make infra-check` looks at the rest.
  schema_validation_enabled = false
  response_export_values    = ["properties.defaultHostName"]

  # What the host needs at its first start: its roles, the package's container, and a way to both.
  depends_on = [
    azapi_resource.container,
    azapi_resource.queue,
    azapi_resource.table,
    azurerm_private_dns_zone_virtual_network_link.hub,
    azurerm_private_endpoint.hub,
    azurerm_role_assignment.app,
  ]
}

# No publishing with a user name and a password. Both policies are there with every app: they are changed, not made.
resource "azapi_update_resource" "basic_publishing" {
  for_each = toset(["ftp", "scm"])

  type      = "Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01"
  name      = each.key
  parent_id = azapi_resource.app.id

  body = {
    properties = {
      allow = false
    }
  }
}
