# What Azure would answer, where a test or another resource looks at it.

mock_resource "azapi_resource" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-lockstep-contoso-tst/providers/Microsoft.Storage/storageAccounts/stlockstepcontosotst"
    output = {
      properties = {
        defaultHostName  = "func-lockstep-contoso-tst.azurewebsites.net"
        primaryEndpoints = { blob = "https://stlockstepcontosotst.blob.core.windows.net/" }
      }
    }
  }
}

mock_resource "azapi_update_resource" {
  defaults = {
    id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-lockstep-contoso-tst/providers/Microsoft.Storage/storageAccounts/stlockstepcontosotst/blobServices/default"
  }
}
