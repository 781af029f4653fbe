# Entra ID's side: the enterprise application whose provisioning job pushes people and groups to the hub.
#
#   terraform init -backend-config=resource_group_name=RG -backend-config=storage_account_name=ACCOUNT \
#     -backend-config=container_name=tfstate-entra -backend-config=key=lockstep-entra-prd.tfstate
#   terraform apply -var=tenant_url=TENANT_URL -var=notification_email=MAIL -var='assigned_object_ids=["GROUP"]'
#
# That pauses the job (start = false): its mappings come from `python -m provisioning.entra` (docs/entra-as-code.md),
# because no provider manages them. After Test Connection is green, the same with -var=start=true.
#
# Who: Application Administrator or Cloud Application Administrator in Entra ID, or an identity with
# Application.ReadWrite.All. Nothing in Azure but the container of the state; where there is none, a file
# backend_override.tf with `terraform { backend "local" {} }` keeps the state beside it.
#
# THE STATE HOLDS THE TOKEN where secret_token is given, in plain text: the provider has no write-only argument for it.
# There is nothing to hide where it is empty, or with manage_sign_in = false and workload identity federation. Where it
# must be given, keep the state in a container of its own that only its administrators read, give the token an end, and
# rotate it: issue a new one, apply, Test Connection, revoke the old one (docs/connect-entra.md). A revoked token in an
# old state opens nothing.

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
