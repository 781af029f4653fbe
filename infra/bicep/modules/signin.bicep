// Sign-in at the console (Easy Auth v2). Only the console is behind it: Entra ID's tokens and API keys go past it to
// the app's own checks, and so do the host's own paths - with a sign-in before /admin, the triggers would never be
// synced after a deployment. The app refuses the console by itself where this is missing: it fails closed.
// There is no client secret: the app registration trusts the app's identity (a federated credential, see nextSteps).

param appName string
@description('The console\'s app registration; empty: no sign-in.')
param clientId string

var hub = loadJsonContent('../../common/hub.json')

resource app 'Microsoft.Web/sites@2025-03-01' existing = {
  name: appName
}

resource signIn 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'authsettingsV2'
  properties: {
    platform: { enabled: !empty(clientId), runtimeVersion: '~1' }
    globalValidation: {
      requireAuthentication: !empty(clientId)
      unauthenticatedClientAction: empty(clientId) ? 'AllowAnonymous' : 'RedirectToLoginPage'
      redirectToProvider: 'azureactivedirectory'
      excludedPaths: hub.excludedPaths
    }
    httpSettings: { requireHttps: true }
    identityProviders: {
      azureActiveDirectory: {
        enabled: !empty(clientId)
        registration: {
          clientId: empty(clientId) ? null : clientId
          clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
        }
        validation: {
          allowedAudiences: empty(clientId) ? [] : [clientId, 'api://${clientId}']
          defaultAuthorizationPolicy: { allowedApplications: empty(clientId) ? [] : [clientId] }
        }
      }
    }
    // The console needs to know who somebody is, never to act for them: no token is kept.
    login: { tokenStore: { enabled: false } }
  }
}
