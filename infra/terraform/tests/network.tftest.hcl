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

run "without_isolation_there_is_no_network" {
  command = plan

  assert {
    condition     = length(azurerm_virtual_network.hub) + length(azurerm_private_endpoint.hub) + length(azurerm_private_dns_zone.hub) == 0
    error_message = "A network is made, and paid for, without being asked for."
  }

  assert {
    condition     = azapi_resource.app.body.properties.virtualNetworkSubnetId == null
    error_message = "The app is put into a network that is not there."
  }
}

run "isolation_closes_storage_and_vault" {
  command = plan

  variables {
    isolate_network = true
  }

  assert {
    condition     = azapi_resource.storage.body.properties.publicNetworkAccess == "Disabled"
    error_message = "The storage account answers to the internet."
  }

  assert {
    condition     = azapi_resource.storage.body.properties.networkAcls == { bypass = "None", defaultAction = "Deny" }
    error_message = "The storage account's network rules let somebody in."
  }

  assert {
    condition     = azurerm_key_vault.hub.public_network_access_enabled == false
    error_message = "The vault answers to the internet."
  }

  assert {
    condition     = azurerm_key_vault.hub.network_acls[0].default_action == "Deny"
    error_message = "The vault's network rules let somebody in."
  }
}

run "isolation_makes_four_private_endpoints_with_their_zones" {
  command = plan

  variables {
    isolate_network = true
  }

  assert {
    condition = { for name, endpoint in azurerm_private_endpoint.hub : name => one(endpoint.private_service_connection[0].subresource_names) } == {
      blob = "blob", queue = "queue", table = "table", vault = "vault"
    }
    error_message = "There are not exactly private endpoints for blob, queue, table and vault."
  }

  assert {
    condition = { for name, zone in azurerm_private_dns_zone.hub : name => zone.name } == {
      blob  = "privatelink.blob.core.windows.net"
      queue = "privatelink.queue.core.windows.net"
      table = "privatelink.table.core.windows.net"
      vault = "privatelink.vaultcore.azure.net"
    }
    error_message = "A private DNS zone is missing or misspelt: the app would find the public address, which is closed."
  }

  assert {
    condition     = alltrue([for name, endpoint in azurerm_private_endpoint.hub : endpoint.private_dns_zone_group[0].private_dns_zone_ids == tolist([azurerm_private_dns_zone.hub[name].id])])
    error_message = "A private endpoint is not in its zone."
  }

  assert {
    condition     = length(azurerm_private_dns_zone_virtual_network_link.hub) == 4 && alltrue([for link in azurerm_private_dns_zone_virtual_network_link.hub : link.virtual_network_id == azurerm_virtual_network.hub[0].id])
    error_message = "A zone is not linked to the network."
  }

  assert {
    condition = alltrue([
      for name, endpoint in azurerm_private_endpoint.hub :
      endpoint.private_service_connection[0].private_connection_resource_id == (name == "vault" ? azurerm_key_vault.hub.id : azapi_resource.storage.id)
    ])
    error_message = "A private endpoint leads to another resource."
  }
}

run "the_app_sends_through_a_subnet_of_its_own" {
  command = plan

  variables {
    isolate_network = true
    dns_servers     = ["10.1.0.4", "10.1.0.5"]
  }

  assert {
    condition     = azapi_resource.app.body.properties.virtualNetworkSubnetId == azurerm_subnet.integration[0].id
    error_message = "The app is not in the network."
  }

  assert {
    condition     = azurerm_subnet.integration[0].delegation[0].service_delegation[0].name == "Microsoft.App/environments"
    error_message = "The subnet is not delegated to Flex Consumption."
  }

  assert {
    condition     = azurerm_subnet.integration[0].address_prefixes == tolist(["10.60.0.0/26"]) && azurerm_subnet.endpoints[0].address_prefixes == tolist(["10.60.0.64/27"])
    error_message = "The subnets are not a /26 for the app and the /27 after it."
  }

  assert {
    condition     = azurerm_virtual_network.hub[0].dns_servers == tolist(["10.1.0.4", "10.1.0.5"])
    error_message = "Names on premises would not be found."
  }
}

run "a_larger_address_space_is_cut_the_same_way" {
  command = plan

  variables {
    isolate_network = true
    address_space   = "10.8.0.0/22"
  }

  assert {
    condition     = azurerm_subnet.integration[0].address_prefixes == tolist(["10.8.0.0/26"]) && azurerm_subnet.endpoints[0].address_prefixes == tolist(["10.8.0.64/27"])
    error_message = "The subnets are not a /26 for the app and the /27 after it."
  }
}

run "anybody_reaches_the_endpoint_unless_ingress_is_restricted" {
  command = plan

  assert {
    condition     = azapi_resource.app.body.properties.siteConfig.ipSecurityRestrictionsDefaultAction == "Allow" && length(azapi_resource.app.body.properties.siteConfig.ipSecurityRestrictions) == 0
    error_message = "Ingress is restricted without being asked for."
  }
}

run "restricted_ingress_denies_all_but_entra_and_the_admins" {
  command = plan

  variables {
    entra_ingress_only   = true
    admin_address_ranges = ["203.0.113.0/24", "198.51.100.7/32"]
  }

  assert {
    condition     = azapi_resource.app.body.properties.siteConfig.ipSecurityRestrictionsDefaultAction == "Deny"
    error_message = "Whoever no rule names is let in."
  }

  assert {
    condition = [for rule in azapi_resource.app.body.properties.siteConfig.ipSecurityRestrictions : "${rule.action} ${rule.tag} ${rule.ipAddress}"] == [
      "Allow ServiceTag AzureActiveDirectory", "Allow Default 203.0.113.0/24", "Allow Default 198.51.100.7/32",
    ]
    error_message = "Others than Entra ID and the administrators are let in, or one of them is not."
  }

  assert {
    condition     = azapi_resource.app.body.properties.siteConfig.scmIpSecurityRestrictionsUseMain == false && azapi_resource.app.body.properties.siteConfig.scmIpSecurityRestrictionsDefaultAction == "Deny"
    error_message = "The publishing endpoint lets everybody in."
  }

  assert {
    condition     = [for rule in azapi_resource.app.body.properties.siteConfig.scmIpSecurityRestrictions : rule.ipAddress] == ["203.0.113.0/24", "198.51.100.7/32"]
    error_message = "Others than the administrators reach the publishing endpoint."
  }
}
