"""An environment of the test's own: nothing of the machine's settings is in it."""

import os

import pytest

from provisioning import settings as module


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the machine has set, and what was read of it."""
    for name in list(os.environ):
        if name.upper().startswith(("LOCKSTEP_", "AZUREWEBJOBSSTORAGE", "WEBSITE_", "APPLICATIONINSIGHTS_")):
            monkeypatch.delenv(name)
    module.settings.cache_clear()
    module._tell.cache_clear()


@pytest.fixture
def good(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the app needs in Azure."""
    monkeypatch.setenv("AzureWebJobsStorage__accountName", "stlockstepnorthprd")
    monkeypatch.setenv("AzureWebJobsStorage__clientId", "6f9f5d3c-0000-4000-8000-000000000000")
    monkeypatch.setenv("AzureWebJobsStorage__credential", "managedidentity")
    monkeypatch.setenv("LOCKSTEP_SWEEP_SCHEDULE", "0 * * * * *")
    monkeypatch.setenv("LOCKSTEP_KEY_VAULT_URL", "https://kv-lockstep-north-prd.vault.azure.net/")
    monkeypatch.setenv("WEBSITE_SITE_NAME", "func-lockstep-north-prd")
