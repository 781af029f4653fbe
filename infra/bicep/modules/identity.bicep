// Identities: one for the app, made before the app so that its roles are in place at its first start, and one for the
// pipeline that releases code, which proves itself by its own tokens. Neither has a secret.

param location string
param tags { *: string }
param name string
param deployerName string
param deployerSubject string
param deployerIssuer string

resource app 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

resource deployer 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = if (!empty(deployerSubject)) {
  name: deployerName
  location: location
  tags: tags
}

resource pipeline 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2024-11-30' = if (!empty(deployerSubject)) {
  parent: deployer
  name: 'pipeline'
  properties: {
    issuer: deployerIssuer
    subject: deployerSubject
    audiences: ['api://AzureADTokenExchange']
  }
}

output id string = app.id
output clientId string = app.properties.clientId
output principalId string = app.properties.principalId
output deployerClientId string = empty(deployerSubject) ? '' : deployer!.properties.clientId
output deployerPrincipalId string = empty(deployerSubject) ? '' : deployer!.properties.principalId
