// The storage account: the directory, links and report (tables), the jobs (queues), and the code that runs (blobs).
// It is the app's own, so a role on the account reaches nothing else.

param location string
param tags { *: string }
param name string
param zoneRedundant bool
param isolateNetwork bool
param deleteLock bool
param workspaceId string

var hub = loadJsonContent('../../common/hub.json')

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS' }
  properties: {
    accessTier: 'Hot'
    // No key opens it: only identities with a role do, and each of them shows up in the logs by name.
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: isolateNetwork ? 'Disabled' : 'Enabled'
    // No service of Azure is let past: the app comes through the private endpoints, and logs need no way in.
    networkAcls: {
      bypass: 'None'
      defaultAction: isolateNetwork ? 'Deny' : 'Allow'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: { enabled: true, days: 14 }
    containerDeleteRetentionPolicy: { enabled: true, days: 14 }
  }
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = [
  for container in items(hub.containers): {
    parent: blobs
    name: container.value
    properties: { publicAccess: 'None' }
  }
]

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-06-01' = {
  parent: account
  name: 'default'
}

// The poison queue is among them: the host would make it at the first failure, after alerts and roles look for it.
resource queues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' = [
  for queue in hub.queues: {
    parent: queueService
    name: queue
  }
]

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2025-06-01' = {
  parent: account
  name: 'default'
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-06-01' = [
  for table in hub.tables: {
    parent: tableService
    name: table
  }
]

resource blobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: blobs
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
  }
}

// Writes only: the alert on poison messages reads them. Reads would be the host's own look at the queues every two
// seconds for each instance, and cost more than they tell.
resource queueLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: queueService
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'StorageWrite', enabled: true }]
  }
}

// Deletions only: they say who removed a table or a row. Six table requests for each change of a person would be the
// largest line of the bill; what changed and why is in the report.
resource tableLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: tableService
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'StorageDelete', enabled: true }]
  }
}

// Deleting the account would delete every table with it, and tables have no soft delete. The lock holds up the
// deletion of containers, queues, tables and role assignments below it, too: a tear-down removes it first.
resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (deleteLock) {
  scope: account
  name: 'directory'
  properties: {
    level: 'CanNotDelete'
    notes: 'Holds the directory of Lockstep: who has which account. Tables have no soft delete.'
  }
}

output id string = account.id
output name string = account.name
