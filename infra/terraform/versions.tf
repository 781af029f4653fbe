# Lockstep in one resource group of its own, the same deployment as infra/bicep: what it is for stands in docs/deploy.md,
# resource by resource. What both take from the code stands once, in infra/common.
#
#   terraform init -backend-config=resource_group_name=RG -backend-config=storage_account_name=ACCOUNT \
#     -backend-config=container_name=tfstate -backend-config=key=lockstep-prd.tfstate
#   terraform plan -var-file=environments/production.tfvars -out=lockstep.tfplan
#   terraform apply lockstep.tfplan
#
# Who runs it needs, on the subscription: Contributor and Role Based Access Control Administrator; where delete_lock is
# true User Access Administrator (or Owner) instead of the latter, because only those may write locks.
# No variable and no output is a secret. The keys that Azure gives a workspace stand in the state and open nothing: sign-in
# by key is off. The storage account's are not read at all.
# Permissions in Graph and the enterprise application are roots of their own: graph_permissions, enterprise_app.

terraform {
  required_version = ">= 1.11"

  required_providers {
    azapi = {
      source  = "Azure/azapi"
      version = "~> 2.13"
    }
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 5.10"
    }
  }

  # State: a storage account of the operator's, which init is told, so that this directory serves every environment. It is
  # read with an Entra token and never with a key: whoever runs this needs Storage Blob Data Contributor on the
  # container. `terraform init -backend=false` is enough for validate and test.
  backend "azurerm" {
    use_azuread_auth = true
  }
}

# Subscription and sign-in come from the environment: ARM_SUBSCRIPTION_ID, and `az login` or OIDC (ARM_USE_OIDC).
provider "azurerm" {
  storage_use_azuread = true

  # Nothing is registered by default; without Microsoft.App the network integration fails with a bare 500.
  resource_providers_to_register = [
    "Microsoft.AlertsManagement",
    "Microsoft.App",
    "Microsoft.Consumption",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.ManagedIdentity",
    "Microsoft.Network",
    "Microsoft.OperationalInsights",
    "Microsoft.Storage",
    "Microsoft.Web",
  ]

  features {}
}

provider "azapi" {}

data "azurerm_client_config" "current" {}
