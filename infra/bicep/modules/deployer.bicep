// What the pipeline's identity may do: publish to this app and keep packages in the releases container. It has no role
// on tables, queues or the vault; but what it publishes runs with the app's own, so its approvals guard those, too.

param principalId string
param appName string
param storageName string

var hub = loadJsonContent('../../common/hub.json')

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: appName
}

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' existing = {
  parent: storage
  name: 'default'
}

resource releases 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = {
  parent: blobs
  name: hub.containers.releases
}

resource appRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in filter(hub.deployerRoles, each => each.scope == 'app'): {
    scope: app
    name: guid(app.id, principalId, role.id)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.id)
      principalId: principalId
      principalType: 'ServicePrincipal'
      description: role.why
    }
  }
]

resource releasesRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in filter(hub.deployerRoles, each => each.scope == 'releases'): {
    scope: releases
    name: guid(releases.id, principalId, role.id)
    properties: {
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role.id)
      principalId: principalId
      principalType: 'ServicePrincipal'
      description: role.why
    }
  }
]
