// The network option: the app's outbound traffic goes through a VNet of its own, and storage and vault answer there only.
// To reach LDAP on premises, join this VNet to yours: a peering to a hub, or a GatewaySubnet with VPN or ExpressRoute.
// Both may be added by hand: subnets are resources of their own here, so that deploying again removes none of yours.
//
// No network security group: outbound, the app needs Graph, Entra ID, Application Insights, every connected system and
// DNS; a list that forgets one fails as a time-out. Inbound, nothing listens in `integration`, and an endpoint leads to
// its own account or vault only, which asks for an identity.

param location string
param tags { *: string }
param name string
param addressSpace string
param dnsServers string[]
param storageId string
param storageName string
param vaultId string
param vaultName string

var zones = {
  blob: 'privatelink.blob.${environment().suffixes.storage}'
  queue: 'privatelink.queue.${environment().suffixes.storage}'
  table: 'privatelink.table.${environment().suffixes.storage}'
  vault: 'privatelink.vaultcore.azure.net'
}

// A door is named as Azure names the part of a resource that an endpoint leads to.
var doors = [
  { zone: 'blob', resourceName: storageName, resourceId: storageId }
  { zone: 'queue', resourceName: storageName, resourceId: storageId }
  { zone: 'table', resourceName: storageName, resourceId: storageId }
  { zone: 'vault', resourceName: vaultName, resourceId: vaultId }
]

resource network 'Microsoft.Network/virtualNetworks@2024-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressSpace] }
    dhcpOptions: { dnsServers: dnsServers }
  }
}

// /26: room for 40 instances and for those that replace them while a release rolls out. No other plan may share it.
resource integration 'Microsoft.Network/virtualNetworks/subnets@2024-07-01' = {
  parent: network
  name: 'integration'
  properties: {
    addressPrefix: cidrSubnet(addressSpace, 26, 0)
    delegations: [
      {
        name: 'flex'
        // Flex Consumption's delegation; Microsoft.Web/serverFarms is that of the other plans.
        properties: { serviceName: 'Microsoft.App/environments' }
      }
    ]
  }
}

resource endpoints 'Microsoft.Network/virtualNetworks/subnets@2024-07-01' = {
  parent: network
  name: 'endpoints'
  properties: {
    // The third /27 is the first after the /26.
    addressPrefix: cidrSubnet(addressSpace, 27, 2)
    defaultOutboundAccess: false
  }
  // A VNet takes one change of its subnets at a time.
  dependsOn: [integration]
}

resource privateZones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for door in doors: {
    name: zones[door.zone]
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (door, i) in doors: {
    parent: privateZones[i]
    name: name
    location: 'global'
    tags: tags
    properties: {
      virtualNetwork: { id: network.id }
      registrationEnabled: false
    }
  }
]

// One after another: an account takes one change of its endpoints at a time (StorageAccountOperationInProgress).
@batchSize(1)
resource privateEndpoints 'Microsoft.Network/privateEndpoints@2024-07-01' = [
  for door in doors: {
    name: 'pe-${door.resourceName}-${door.zone}'
    location: location
    tags: tags
    properties: {
      subnet: { id: endpoints.id }
      privateLinkServiceConnections: [
        {
          name: door.zone
          properties: {
            privateLinkServiceId: door.resourceId
            groupIds: [door.zone]
          }
        }
      ]
    }
  }
]

resource addresses 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-07-01' = [
  for (door, i) in doors: {
    parent: privateEndpoints[i]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: door.zone
          properties: { privateDnsZoneId: privateZones[i].id }
        }
      ]
    }
    // Without the link, the app would still find the public address, which is closed.
    dependsOn: [links[i]]
  }
]

output integrationSubnetId string = integration.id
