// The vault: secrets of connections, which settings name by reference (vault:NAME) and the app reads by its identity.

param location string
param tags { *: string }
param name string
param isolateNetwork bool
param deleteLock bool
param workspaceId string

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    // Nobody can destroy a secret before its 90 days are over, and the name stays taken as long: after deleting the
    // resource group, `az keyvault recover` brings the vault back, and only then can the template be deployed again.
    enableSoftDelete: true
    enablePurgeProtection: true
    softDeleteRetentionInDays: 90
    publicNetworkAccess: isolateNetwork ? 'disabled' : 'enabled'
    networkAcls: {
      bypass: 'None'
      defaultAction: isolateNetwork ? 'Deny' : 'Allow'
    }
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'audit', enabled: true }]
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (deleteLock) {
  scope: vault
  name: 'secrets'
  properties: {
    level: 'CanNotDelete'
    notes: 'Holds the credentials of every system that Lockstep writes to: without it, provisioning stops.'
  }
}

output id string = vault.id
output name string = vault.name
output uri string = vault.properties.vaultUri
