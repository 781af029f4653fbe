# Locks on what cannot be made again. They hold up the deletion of everything below the account and the vault, too:
# whoever tears the hub down applies delete_lock = false first.

locals {
  locks = {
    directory = {
      scope = azapi_resource.storage.id
      notes = "Holds the directory of Lockstep: who has which account. Tables have no soft delete."
    }
    secrets = {
      scope = azurerm_key_vault.hub.id
      notes = "Holds the credentials of every system that Lockstep writes to: without it, provisioning stops."
    }
  }
}

resource "azurerm_management_lock" "hub" {
  for_each = var.delete_lock ? local.locks : {}

  name       = each.key
  scope      = each.value.scope
  lock_level = "CanNotDelete"
  notes      = each.value.notes
}
