// The plan and the function app, with all of its settings in the same request: it never starts with half of them.

param location string
param tags { *: string }
param name string
param planName string
param identityId string
param identityClientId string
param storageName string
param insightsName string
param vaultUri string
param workspaceId string
param instanceMemoryMB int
param maximumInstanceCount int
param httpConcurrency int
param alwaysReadyHttp int
param alwaysReadyJobs int
param zoneRedundant bool
@description('Subnet for outbound traffic; empty: Azure\'s own network.')
param subnetId string
param entraIngressOnly bool
param adminAddressRanges string[]
@description('The console\'s sign-in borrows the app\'s identity instead of a client secret (signin.bicep).')
param consoleSignIn bool
param appSettings { *: string }

var hub = loadJsonContent('../../common/hub.json')

// The function that reads the jobs, by the name that Azure scales it by; the other queue is its poison queue.
var jobs = filter(items(hub.functions.queue), each => !endsWith(each.value, '-poison'))[0].key

// Over zones Azure refuses one warm instance of a group: two, or none written.
var fewest = zoneRedundant ? 2 : 1

var alwaysReady = filter(
  [
    { name: 'http', instanceCount: alwaysReadyHttp > 0 ? max(alwaysReadyHttp, fewest) : 0 }
    { name: 'function:${jobs}', instanceCount: alwaysReadyJobs > 0 ? max(alwaysReadyJobs, fewest) : 0 }
  ],
  each => each.instanceCount > 0
)

var admins = [
  for (range, i) in adminAddressRanges: {
    name: 'admins-${i}'
    ipAddress: range
    tag: 'Default'
    action: 'Allow'
    priority: 200 + i
  }
]

// What an operator sets in appSettings wins over the common values, and neither touches how the app finds its storage.
var settings = union(
  hub.settings,
  appSettings,
  {
    // These three only: no connection string, and no service URI beside the account's name (the host fails on both).
    AzureWebJobsStorage__accountName: storage.name
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identityClientId
    APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
    LOCKSTEP_KEY_VAULT_URL: vaultUri
  },
  consoleSignIn ? { OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID: identityClientId } : {}
)

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: {
    reserved: true
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: name
  location: location
  // azd finds the app of the service `hub` in azure.yaml by this tag.
  tags: union(tags, { 'azd-service-name': 'hub' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    // Entra ID calls from the internet; entraIngressOnly narrows that down.
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    keyVaultReferenceIdentity: identityId
    // Flex Consumption takes a part of siteConfig only and refuses the whole request for the rest: ftpsState, alwaysOn,
    // linuxFxVersion and others. It has no FTP.
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      http20Enabled: true
      // Written in both cases: what is left out here would stay as it was when the option is taken back.
      ipSecurityRestrictionsDefaultAction: entraIngressOnly ? 'Deny' : 'Allow'
      ipSecurityRestrictions: entraIngressOnly ? concat([{ name: 'entra', ipAddress: 'AzureActiveDirectory', tag: 'ServiceTag', action: 'Allow', priority: 100 }], admins) : []
      // Publishing goes by another address, where Entra ID has no business.
      scmIpSecurityRestrictionsUseMain: false
      scmIpSecurityRestrictionsDefaultAction: entraIngressOnly ? 'Deny' : 'Allow'
      scmIpSecurityRestrictions: entraIngressOnly ? admins : []
      appSettings: map(items(settings), setting => { name: setting.key, value: setting.value })
    }
    functionAppConfig: {
      runtime: { name: 'python', version: '3.13' }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${hub.containers.package}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReady
        triggers: { http: { perInstanceConcurrency: httpConcurrency } }
      }
      // Instances are replaced one after another and finish what they do; Recreate would kill jobs in their middle.
      // Bicep's types do not know it yet; the service does, from API version 2024-11-01 on.
      #disable-next-line BCP037
      siteUpdateStrategy: { type: 'RollingUpdate' }
    }
  }
}

// Publishing takes tokens only: no user name and password, for the deployment endpoint or for FTP.
resource passwords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2025-03-01' = [
  for endpoint in ['scm', 'ftp']: {
    parent: app
    name: endpoint
    properties: { allow: false }
  }
]

// What the host says when Application Insights takes nothing: a missing role, a wrong client id.
resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: app
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'FunctionAppLogs', enabled: true }]
  }
}

output name string = app.name
output url string = 'https://${app.properties.defaultHostName}'
