// Permissions in Microsoft Graph for the app's identity: a stage of its own, because who runs the app rarely may give
// them. Needed for connections to Microsoft 365 only; run again when hub.json's graphPermissions grow.
//
// Who: the Graph administrator - Privileged Role Administrator in Entra ID, or an identity with
// AppRoleAssignment.ReadWrite.All and Application.Read.All - who may also deploy to the resource group (Contributor).
// Somebody without any right in Azure uses infra/terraform/graph_permissions instead, which asks Entra ID only.
//
//   az deployment group create --resource-group rg-lockstep-ORGANIZATION-ENVIRONMENT \
//     --template-file infra/bicep/graph_permissions/main.bicep --parameters principalId=IDENTITY_PRINCIPAL_ID
//
// Needs Bicep 0.36.1 or later, which downloads the Graph extension that bicepconfig.json names when it builds this file.
// Where a second run says that an entry already exists (msgraph-bicep-types#161), those are given: name the others only,
// by --parameters permissions='["NAME"]'.
// A permission that is taken out of the list stays given until somebody removes it:
//   az rest --method delete --url https://graph.microsoft.com/v1.0/servicePrincipals/PRINCIPAL_ID/appRoleAssignments/ID

extension microsoftGraphV1

@description('Output identityPrincipalId of the deployment: the object id of the app\'s identity.')
@minLength(36)
@maxLength(36)
param principalId string

@description('The permissions. User.ReadWrite.All and Group.ReadWrite.All write every user and group of the tenant: give them to a tenant that Lockstep shall write to, and to no other.')
param permissions string[] = loadJsonContent('../../common/hub.json').graphPermissions

// Microsoft Graph itself, as it stands in every tenant.
resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000'
}

resource grants 'Microsoft.Graph/appRoleAssignedTo@v1.0' = [
  for permission in permissions: {
    // A name that Graph does not have fails the deployment here.
    appRoleId: filter(graph.appRoles, role => role.value == permission)[0].id
    principalId: principalId
    resourceId: graph.id
  }
]

output given string[] = permissions
