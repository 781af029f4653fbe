resource "azurerm_resource_group" "hub" {
  name     = local.names.resource_group
  location = var.location
  tags     = local.tags
}
