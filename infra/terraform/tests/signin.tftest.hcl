mock_provider "azapi" {
  source          = "./tests/mocks/azapi"
  override_during = plan
}

mock_provider "azurerm" {
  source          = "./tests/mocks/azurerm"
  override_during = plan
}

variables {
  organization = "contoso"
  environment  = "tst"
  location     = "westeurope"
  budget_start = "2026-12-01"
}

run "sign_in_leaves_out_exactly_what_checks_its_callers_itself" {
  command = plan

  variables {
    console_client_id = "00000000-0000-0000-0000-000000000009"
  }

  assert {
    condition     = azapi_update_resource.signin.body.properties.globalValidation.excludedPaths == local.hub.excludedPaths
    error_message = "The excluded paths are not those of infra/common/hub.json."
  }

  # Signed for one by one: what is left out here is reached without a sign-in.
  assert {
    condition     = toset(azapi_update_resource.signin.body.properties.globalValidation.excludedPaths) == toset(["/scim/*", "/oauth/*", "/api/*", "/admin/*", "/runtime/*", "/healthz"])
    error_message = "A path was added to those without sign-in, or SCIM, tokens, admin API, trigger sync or health lack theirs."
  }

  assert {
    condition     = alltrue([for path in azapi_update_resource.signin.body.properties.globalValidation.excludedPaths : !startswith(path, "/console") && path != "/*" && path != "/"])
    error_message = "The console is left out of the sign-in."
  }
}

run "the_console_needs_a_sign_in_without_a_stored_secret" {
  command = plan

  variables {
    console_client_id = "00000000-0000-0000-0000-000000000009"
  }

  assert {
    condition     = azapi_update_resource.signin.body.properties.platform.enabled == true && azapi_update_resource.signin.body.properties.globalValidation.requireAuthentication == true
    error_message = "The console asks for no sign-in."
  }

  assert {
    condition     = azapi_update_resource.signin.body.properties.globalValidation.unauthenticatedClientAction == "RedirectToLoginPage"
    error_message = "Who is not signed in is not sent to the sign-in."
  }

  assert {
    condition     = azapi_update_resource.signin.body.properties.identityProviders.azureActiveDirectory.registration.clientSecretSettingName == "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID" && local.app_settings.OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID == azurerm_user_assigned_identity.app.client_id
    error_message = "The sign-in uses a client secret instead of the app's identity."
  }

  assert {
    condition     = azapi_update_resource.signin.body.properties.identityProviders.azureActiveDirectory.registration.openIdIssuer == "https://login.microsoftonline.com/00000000-0000-0000-0000-000000000002/v2.0"
    error_message = "People of other tenants could sign in."
  }

  assert {
    condition     = azapi_update_resource.signin.body.properties.identityProviders.azureActiveDirectory.validation.defaultAuthorizationPolicy.allowedApplications == tolist(["00000000-0000-0000-0000-000000000009"])
    error_message = "Tokens of other applications are taken."
  }

  assert {
    condition     = azapi_update_resource.signin.body.properties.login.tokenStore.enabled == false
    error_message = "Tokens of people who signed in are kept."
  }

  assert {
    condition     = anytrue([for step in output.next_steps : strcontains(step, "az ad app federated-credential create --id 00000000-0000-0000-0000-000000000009")])
    error_message = "next_steps does not say how the app registration learns to trust the app's identity."
  }
}

run "without_a_console_sign_in_is_switched_off" {
  command = plan

  assert {
    condition     = azapi_update_resource.signin.body.properties.platform.enabled == false && azapi_update_resource.signin.body.properties.globalValidation.requireAuthentication == false
    error_message = "Sign-in stays on after the console is given up: SCIM would hang on it."
  }

  assert {
    condition     = !contains(keys(local.app_settings), "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID")
    error_message = "The app's identity is offered to a sign-in that is not there."
  }
}
