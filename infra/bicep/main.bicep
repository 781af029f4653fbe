// Lockstep in one resource group of its own: what it is for stands in docs/deploy.md, resource by resource.
//
//   az deployment sub what-if --location REGION --parameters infra/bicep/environments/production.bicepparam
//   az deployment sub create  --location REGION --parameters infra/bicep/environments/production.bicepparam
//
// Who runs it needs, on the subscription: Contributor and Role Based Access Control Administrator; where deleteLock is
// true User Access Administrator (or Owner) instead of the latter, because only those may write locks.
// It needs Bicep 0.36.1 or later, and once per subscription, for the network option:
//   az provider register --namespace Microsoft.App --wait
//
// No parameter and no output is a secret. Permissions in Graph are a stage of their own: graph_permissions/main.bicep.

targetScope = 'subscription'

import { named, storageNamed } from 'names.bicep'

@description('Short name of the organization: 2-8 lower-case letters and digits, a letter first. It makes global names unique.')
@minLength(2)
@maxLength(8)
param organization string

@description('Which deployment this is: dev, tst or prd. Part of every name.')
@allowed(['dev', 'tst', 'prd'])
param environment string

@description('Azure region of every resource. It must offer Flex Consumption, and zones where they are asked for.')
param location string

@description('Tags for every resource, merged over workload, environment and managed-by.')
param tags { *: string } = {}

@description('Memory of an instance in MB. 2048 runs 16 requests or 24 jobs side by side on one core; 512 costs a quarter and suits a trickle of changes; 4096 is for very large groups.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Most instances at a time. Each runs up to 24 jobs (host.json), so this caps the pressure on connected systems.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('HTTP requests that one instance takes at a time. Azure\'s own default for Python is 1: an instance for each request.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int = 16

@description('Instances kept warm for HTTP (SCIM, admin API). 0: the first request after a pause waits for a cold start; 2: no gap while a release rolls out.')
@minValue(0)
param alwaysReadyHttp int = 0

@description('Instances kept warm for jobs. 0: the first job after a pause waits for tens of seconds, at worst for minutes.')
@minValue(0)
param alwaysReadyJobs int = 0

@description('Keep the data in three zones of the region (ZRS instead of LRS), for a quarter more. Decide before the first deployment: an account is not converted by a template.')
param zoneRedundantStorage bool = false

@description('Spread the app over zones. Azure then keeps two instances warm for HTTP and for each queue and timer function, and charges for all of them. Without it a zone\'s outage delays changes and loses none. It needs zoneRedundantStorage.')
param zoneRedundant bool = false

@description('VNet integration, private endpoints and private DNS; storage and vault are closed to the public. Needed to reach LDAP on premises.')
param isolateNetwork bool = false

@description('Address space of the VNet, /24 or larger: a /26 for the app and a /27 for private endpoints are cut from it.')
param addressSpace string = '10.60.0.0/24'

@description('DNS servers of the VNet, for on-premises names. They must forward the privatelink zones to Azure (168.63.129.16). Empty: Azure\'s own.')
param dnsServers string[] = []

@description('Take HTTP requests only from Entra ID (service tag AzureActiveDirectory) and from adminAddressRanges.')
param entraIngressOnly bool = false

@description('Address ranges (CIDR) of administrators, pipelines and console users. They are let in where entraIngressOnly is true.')
param adminAddressRanges string[] = []

@description('Application (client) id of the console\'s app registration. Empty: no sign-in is set up, and the console stays closed.')
param consoleClientId string = ''

@description('Most GB of logs a day that the workspace takes; after that it drops them until the next day. A guard against a bill, with an alert.')
@minValue(1)
param logDailyCapGb int = 1

@description('Days that logs are kept in the workspace.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Mail addresses that alerts and the budget go to. Empty: alerts fire without a receiver, and there is no budget.')
param alertEmails string[] = []

@description('Monthly budget of the resource group, in the currency of the subscription. It warns and stops nothing.')
@minValue(1)
param monthlyBudget int = 50

@description('First month of the budget, as yyyy-mm-01. It cannot be changed once the budget exists.')
@minLength(10)
@maxLength(10)
param budgetStart string

@description('Subject of the pipeline\'s federated credential, such as repo:ORG/REPOSITORY:environment:production. Empty: no identity for a pipeline.')
param deployerSubject string = ''

@description('Issuer of the pipeline\'s tokens: GitHub Actions, or that of an Azure DevOps service connection.')
param deployerIssuer string = 'https://token.actions.githubusercontent.com'

@description('More application settings, such as LOCKSTEP_REPORT_DAYS (docs/settings.md). Not for secrets: those are named by reference.')
param appSettings { *: string } = {}

@description('Forbid deleting the storage account and the vault (CanNotDelete). Tables have no soft delete: the account is the directory.')
param deleteLock bool = false

var allTags = union({ workload: 'lockstep', environment: environment, 'managed-by': 'bicep' }, tags)

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: named('rg', organization, environment)
  location: location
  tags: allTags
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    workspaceName: named('log', organization, environment)
    insightsName: named('appi', organization, environment)
    dailyCapGb: logDailyCapGb
    retentionDays: logRetentionDays
  }
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    name: named('id', organization, environment)
    deployerName: '${named('id', organization, environment)}-deploy'
    deployerSubject: deployerSubject
    deployerIssuer: deployerIssuer
  }
}

module storage 'modules/storage.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    name: storageNamed(organization, environment)
    zoneRedundant: zoneRedundantStorage
    isolateNetwork: isolateNetwork
    deleteLock: deleteLock
    workspaceId: monitoring.outputs.workspaceId
  }
}

module vault 'modules/vault.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    name: named('kv', organization, environment)
    isolateNetwork: isolateNetwork
    deleteLock: deleteLock
    workspaceId: monitoring.outputs.workspaceId
  }
}

module roles 'modules/roles.bicep' = {
  scope: group
  params: {
    principalId: identity.outputs.principalId
    storageName: storage.outputs.name
    vaultName: vault.outputs.name
    insightsName: monitoring.outputs.insightsName
  }
}

module network 'modules/network.bicep' = if (isolateNetwork) {
  scope: group
  params: {
    location: location
    tags: allTags
    name: named('vnet', organization, environment)
    addressSpace: addressSpace
    dnsServers: dnsServers
    storageId: storage.outputs.id
    storageName: storage.outputs.name
    vaultId: vault.outputs.id
    vaultName: vault.outputs.name
  }
}

module app 'modules/app.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    name: named('func', organization, environment)
    planName: named('asp', organization, environment)
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    storageName: storage.outputs.name
    insightsName: monitoring.outputs.insightsName
    vaultUri: vault.outputs.uri
    workspaceId: monitoring.outputs.workspaceId
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    httpConcurrency: httpConcurrency
    alwaysReadyHttp: alwaysReadyHttp
    alwaysReadyJobs: alwaysReadyJobs
    zoneRedundant: zoneRedundant
    subnetId: isolateNetwork ? network!.outputs.integrationSubnetId : ''
    entraIngressOnly: entraIngressOnly
    adminAddressRanges: adminAddressRanges
    consoleSignIn: !empty(consoleClientId)
    appSettings: appSettings
  }
  // The host reads its keys and takes leases in the moment it starts: without its roles it would not come up.
  dependsOn: [roles]
}

// Written in either case: without consoleClientId it is switched off, also where it was on before.
module signIn 'modules/signin.bicep' = {
  scope: group
  params: {
    appName: app.outputs.name
    clientId: consoleClientId
  }
}

module deployer 'modules/deployer.bicep' = if (!empty(deployerSubject)) {
  scope: group
  params: {
    principalId: identity.outputs.deployerPrincipalId
    appName: app.outputs.name
    storageName: storage.outputs.name
  }
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    actionGroupName: named('ag', organization, environment)
    suffix: '${organization}-${environment}'
    emails: alertEmails
    workspaceId: monitoring.outputs.workspaceId
  }
}

module workbook 'modules/workbook.bicep' = {
  scope: group
  params: {
    location: location
    tags: allTags
    displayName: 'Lockstep ${organization}-${environment}'
    workspaceId: monitoring.outputs.workspaceId
  }
}

module budget 'modules/budget.bicep' = if (!empty(alertEmails)) {
  scope: group
  params: {
    name: named('budget', organization, environment)
    amount: monthlyBudget
    start: budgetStart
    emails: alertEmails
  }
}

// The app's identity, as the console's app registration must know it: Easy Auth signs in with its token, not a secret.
var consoleCredential = {
  name: named('id', organization, environment)
  issuer: '${az.environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
  subject: identity.outputs.principalId
  audiences: ['api://AzureADTokenExchange']
}

@description('What to paste into Entra ID as Tenant URL.')
output tenantUrl string = '${app.outputs.url}/scim/v2'
output functionAppName string = app.outputs.name
output resourceGroupName string = group.name
output identityClientId string = identity.outputs.clientId
@description('Whom graph_permissions gives the permissions in Graph.')
output identityPrincipalId string = identity.outputs.principalId
@description('AZURE_CLIENT_ID of the pipeline; empty without deployerSubject.')
output deployerClientId string = identity.outputs.deployerClientId
output storageAccountName string = storage.outputs.name
output keyVaultName string = vault.outputs.name
output keyVaultUri string = vault.outputs.uri
output insightsName string = monitoring.outputs.insightsName

@description('Commands that come next, in this order; docs/deploy.md explains them.')
output nextSteps string[] = concat(
  [
    // The Graph administrator:
    'az deployment group create --resource-group ${group.name} --template-file infra/bicep/graph_permissions/main.bicep --parameters principalId=${identity.outputs.principalId}'
    // Whoever keeps the secrets of connections:
    'az role assignment create --role "Key Vault Secrets Officer" --scope ${vault.outputs.id} --assignee-principal-type User --assignee-object-id "$(az ad signed-in-user show --query id --output tsv)"'
  ],
  empty(consoleClientId) ? [] : [
    // An owner of the console's app registration:
    'az ad app update --id ${consoleClientId} --enable-id-token-issuance true --web-redirect-uris ${app.outputs.url}/.auth/login/aad/callback'
    'az ad app federated-credential create --id ${consoleClientId} --parameters \'${string(consoleCredential)}\''
  ],
  [
    // Whoever releases; VERSION is what the first of the two says:
    'python -m infra.rollout package'
    'python -m infra.rollout deploy build/lockstep-VERSION.zip --app ${app.outputs.name} --resource-group ${group.name} --first'
    'curl --fail ${app.outputs.url}/healthz'
  ]
)
