// What the app's identity may do. hub.json lists each role with its scope and its reason.
// Why the whole account, not its parts: the host makes containers (keys, leases) and a table of diagnostic events each
// month by itself, and nothing else lives in this account. Vault and Application Insights are the app's own, too.

param principalId string
param storageName string
param vaultName string
param insightsName string

var roles = loadJsonContent('../../common/hub.json').roles

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
}

resource vault 'Microsoft.KeyVault/vaults@2025-05-01' existing = {
  name: vaultName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

// A scope must be one resource by name: hence a loop for each, over the same list.
resource storageRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in filter(roles, each => each.scope == 'storage'): {
    scope: storage
    name: guid(storage.id, principalId, role.id)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.id)
      principalId: principalId
      // Named, so that Azure does not look for an identity that is seconds old and not yet everywhere.
      principalType: 'ServicePrincipal'
      description: role.why
    }
  }
]

resource vaultRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in filter(roles, each => each.scope == 'vault'): {
    scope: vault
    name: guid(vault.id, principalId, role.id)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.id)
      principalId: principalId
      principalType: 'ServicePrincipal'
      description: role.why
    }
  }
]

resource insightsRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in filter(roles, each => each.scope == 'insights'): {
    scope: insights
    name: guid(insights.id, principalId, role.id)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.id)
      principalId: principalId
      principalType: 'ServicePrincipal'
      description: role.why
    }
  }
]
