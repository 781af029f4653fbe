# Permissions in Microsoft Graph for the app's identity: a root and a state of its own, because who runs the app rarely
# may give them. Needed for connections to Microsoft 365 only; apply it again when hub.json's graphPermissions grow. A
# permission that is taken out of the list is taken from the identity.
#
#   terraform init -backend-config=resource_group_name=RG -backend-config=storage_account_name=ACCOUNT \
#     -backend-config=container_name=tfstate -backend-config=key=lockstep-graph-prd.tfstate
#   terraform apply -var=principal_id=IDENTITY_PRINCIPAL_ID
#
# Who: the Graph administrator - Privileged Role Administrator in Entra ID, or an identity with
# AppRoleAssignment.ReadWrite.All and Application.Read.All. No right in Azure but on the container of the state; where
# there is none, a file backend_override.tf with `terraform { backend "local" {} }` keeps the state beside it.

terraform {
  required_version = ">= 1.11"

  required_providers {
    azuread = {
      source  = "hashicorp/azuread"
      version = "~> 3.10"
    }
  }

  backend "azurerm" {
    use_azuread_auth = true
  }
}

# Tenant and sign-in come from the environment: ARM_TENANT_ID, and `az login` or OIDC (ARM_USE_OIDC).
provider "azuread" {}
