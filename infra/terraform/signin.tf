# Sign-in at the console (Easy Auth v2). Only the console is behind it: Entra ID's tokens and API keys go past it to the
# app's own checks, and so do the host's own paths - with a sign-in before /admin, the triggers would never be synced
# after a deployment. The app refuses the console by itself where this is missing: it fails closed.
# There is no client secret: the app registration trusts the app's identity (a federated credential, see next_steps).
#
# Written in either case: without console_client_id it is switched off, also where it was on before.

locals {
  issuer = "https://login.microsoftonline.com/${data.azurerm_client_config.current.tenant_id}/v2.0"
}

resource "azapi_update_resource" "signin" {
  type      = "Microsoft.Web/sites/config@2025-03-01"
  name      = "authsettingsV2"
  parent_id = azapi_resource.app.id

  body = {
    properties = {
      platform = {
        enabled        = var.console_client_id != ""
        runtimeVersion = "~1"
      }
      globalValidation = {
        requireAuthentication       = var.console_client_id != ""
        unauthenticatedClientAction = var.console_client_id == "" ? "AllowAnonymous" : "RedirectToLoginPage"
        redirectToProvider          = "azureactivedirectory"
        excludedPaths               = local.hub.excludedPaths
      }
      httpSettings = {
        requireHttps = true
      }
      identityProviders = {
        azureActiveDirectory = {
          enabled = var.console_client_id != ""
          registration = {
            clientId                = var.console_client_id == "" ? null : var.console_client_id
            clientSecretSettingName = "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID"
            openIdIssuer            = local.issuer
          }
          validation = {
            allowedAudiences = var.console_client_id == "" ? [] : [var.console_client_id, "api://${var.console_client_id}"]
            defaultAuthorizationPolicy = {
              allowedApplications = compact([var.console_client_id])
            }
          }
        }
      }
      login = {
        tokenStore = {
          enabled = false
        }
      }
    }
  }
}
