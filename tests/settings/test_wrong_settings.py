"""Settings that are wrong are told in words: all at once, by name, with what to do, and never with a value."""

import logging
import re
from pathlib import Path

import pytest

from provisioning.setting_rules import ENTRA_AUTHORITIES, LOCAL_NAMES
from provisioning.settings import Settings, SettingsError, problems, settings, variable
from provisioning.sources import authority

ROOT = Path(__file__).parents[2]


def told(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    """Return the one problem that an environment has."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (problem,) = problems()
    return problem


@pytest.mark.usefixtures("good")
def test_the_settings_of_a_deployment_are_right() -> None:
    assert problems() == ()
    assert settings().key_vault_url == "https://kv-lockstep-north-prd.vault.azure.net"
    assert settings().in_azure


def test_an_app_without_settings_is_told_what_it_needs() -> None:
    storage, schedule = problems()
    assert "AzureWebJobsStorage__accountName" in storage
    assert "LOCKSTEP_SWEEP_SCHEDULE" in schedule
    assert "`0 * * * * *`" in schedule


def test_commands_and_tests_may_do_without_what_the_app_needs() -> None:
    assert Settings().report_days == 90


@pytest.mark.usefixtures("good")
@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("LOCKSTEP_LEASE_SECONDS", "4", "must be a whole number, 5 at least. Remove it for the default, 60."),
        ("LOCKSTEP_ACCESS_TOKEN_MINUTES", "361", "must be a whole number, 60 to 360."),
        ("LOCKSTEP_REPORT_DAYS", "ninety", "must be a whole number, 1 at least."),
        ("AzureWebJobsStorage__accountName", "https://x.table.core.windows.net", "3 to 24 lower-case letters"),
        ("LOCKSTEP_TRUSTED_HOSTS", "https://proxy.example", "no host[:port]"),
        ("LOCKSTEP_TRUSTED_HOSTS", "proxy.example:99999", "no host[:port]"),
        ("LOCKSTEP_TRUSTED_HOSTS", "user@proxy.example", "no host[:port]"),
        ("LOCKSTEP_TRUSTED_HOSTS", "*.example", "no host[:port]"),
        ("LOCKSTEP_ENTRA_AUTHORITY", "https://login.evil.example", "https://login.microsoftonline.us"),
        ("LOCKSTEP_ENTRA_AUTHORITY", "http://login.microsoftonline.com", "one of Microsoft's clouds"),
        ("LOCKSTEP_ENTRA_AUTHORITY", "https://login.microsoftonline.com/common", "one of Microsoft's clouds"),
    ],
)
def test_a_wrong_value_is_told_by_its_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    problem = told(monkeypatch, **{name: value})
    assert problem.startswith(name)
    assert words in problem
    assert value not in problem.replace(words, "") or value.isdigit()


@pytest.mark.usefixtures("good")
@pytest.mark.parametrize(
    "url",
    [
        "http://kv-north.vault.azure.net",
        "https://kv-north.vault.azure.net.evil.example",
        "https://evil.example/kv-north.vault.azure.net",
        "https://kv-north.vault.azure.net:444",
        "https://vault.azure.net",
        "https://a.b.vault.azure.net",
        "https://me@kv-north.vault.azure.net",
        "https://kv-north.vault.azure.net/secrets/a",
        "https://169.254.169.254",
        "kv-north",
        "https://kv-north.vault.azure.net:port",
    ],
)
def test_only_the_address_of_a_key_vault_is_taken(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert told(monkeypatch, LOCKSTEP_KEY_VAULT_URL=url).startswith("LOCKSTEP_KEY_VAULT_URL is not the address")


@pytest.mark.usefixtures("good")
@pytest.mark.parametrize(
    "url", ["https://KV-north.vault.azure.net", "https://kv-1.vault.azure.cn/", "https://kv-1.vault.usgovcloudapi.net"]
)
def test_national_clouds_have_vaults_of_their_own(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("LOCKSTEP_KEY_VAULT_URL", url)
    assert problems() == ()
    assert not settings().key_vault_trusted


def test_a_trusted_host_may_stand_for_vault_and_authority(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_TRUSTED_HOSTS", "localhost:8443, LOCALHOST:9443 ")
    monkeypatch.setenv("LOCKSTEP_KEY_VAULT_URL", "https://localhost:8443")
    monkeypatch.setenv("LOCKSTEP_ENTRA_AUTHORITY", "https://localhost:9443/")
    assert settings().trusted_origins == {("localhost", 8443), ("localhost", 9443)}
    assert settings().key_vault_trusted
    monkeypatch.setenv("LOCKSTEP_KEY_VAULT_URL", "https://localhost:8444")
    with pytest.raises(SettingsError, match="LOCKSTEP_KEY_VAULT_URL"):
        Settings()


def test_connection_string_and_account_name_contradict_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_SWEEP_SCHEDULE", "0 * * * * *")
    key = "AccountName=a;AccountKey=c2VjcmV0"
    problem = told(monkeypatch, AzureWebJobsStorage=key, AzureWebJobsStorage__accountName="stnorth")
    assert "both set" in problem
    assert "c2VjcmV0" not in problem


@pytest.mark.usefixtures("good")
@pytest.mark.parametrize("fact", ["WEBSITE_SITE_NAME", "WEBSITE_INSTANCE_ID"])
@pytest.mark.parametrize("name", ["LOCKSTEP_SECRETS_FILE", "LOCKSTEP_TRUSTED_CA_FILE"])
def test_what_is_for_development_only_is_refused_in_azure(
    monkeypatch: pytest.MonkeyPatch, fact: str, name: str
) -> None:
    monkeypatch.delenv("WEBSITE_SITE_NAME")
    monkeypatch.setenv(name, "/somewhere")
    assert problems() == ()
    settings.cache_clear()
    problem = told(monkeypatch, **{fact: "x"})
    assert problem.startswith(f"{name} is for development only")
    assert "/somewhere" not in problem


def test_a_connection_string_is_refused_in_azure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_SWEEP_SCHEDULE", "0 * * * * *")
    monkeypatch.setenv("AzureWebJobsStorage", "AccountKey=c2VjcmV0")
    assert problems() == ()
    settings.cache_clear()
    assert "AzureWebJobsStorage is for development only" in told(monkeypatch, WEBSITE_INSTANCE_ID="0")


@pytest.mark.usefixtures("good")
@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("LOCKSTEP_REPORT_DAY", "Did you mean LOCKSTEP_REPORT_DAYS?"),
        ("LOCKSTEP_SCIM_MAXRESULTS", "Did you mean LOCKSTEP_SCIM_MAX_RESULTS?"),
        ("LOCKSTEP_KEYVAULT_URL", "Did you mean LOCKSTEP_KEY_VAULT_URL?"),
        ("LOCKSTEP_SECRETS", "LOCKSTEP_SECRETS_FILE"),
        ("LOCKSTEP_COLOUR", "docs/settings.md"),
    ],
)
def test_a_name_that_is_no_setting_is_told_with_the_one_that_was_meant(
    monkeypatch: pytest.MonkeyPatch, name: str, fix: str
) -> None:
    problem = told(monkeypatch, **{name: "s3cret"})
    assert problem.startswith(f"{name} is no setting")
    assert fix in problem
    assert "s3cret" not in problem


@pytest.mark.usefixtures("good")
def test_secrets_of_connections_may_have_any_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_SECRET_LDAP", "s3cret")
    assert problems() == ()


def test_names_of_the_local_system_are_no_typos_on_a_developers_machine_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_PORT", "7071")
    Settings()
    monkeypatch.setenv("WEBSITE_SITE_NAME", "func-lockstep")
    with pytest.raises(SettingsError, match="LOCKSTEP_PORT is no setting"):
        Settings()


AZD = [ROOT / "azure.yaml", ROOT / "infra/bicep/main.parameters.json"]
"""Their names are in the environment of whoever runs ``azd``, or takes over what ``azd env get-values`` prints."""


def test_every_name_that_the_local_system_and_the_tests_set_is_known() -> None:
    known = {variable(name) for name in Settings.model_fields} | LOCAL_NAMES
    folders = ("sandbox", "benchmarks", "tests/crash", "tests/scim", "tests/conformance", "tests/faults")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    used = {
        name
        for path in [*files, *AZD, ROOT / "Makefile"]
        for name in re.findall(r"\bLOCKSTEP_[A-Z]\w*", path.read_text())
    }
    assert {name for name in used - known if not name.startswith("LOCKSTEP_SECRET_")} == set()
    assert used >= LOCAL_NAMES, "a name that nothing sets any more"


def test_all_problems_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_LEASE_SECONDS", "0")
    monkeypatch.setenv("LOCKSTEP_SWEEP_SCHEDULE", "every minute")
    monkeypatch.setenv("LOCKSTEP_TRUSTED_HOSTS", "a b")
    monkeypatch.setenv("LOCKSTEP_KEY_VAULT_URL", "kv")
    monkeypatch.setenv("LOCKSTEP_REPORT_DAY", "1")
    found = problems()
    names = ("LEASE_SECONDS", "SWEEP_SCHEDULE", "TRUSTED_HOSTS", "KEY_VAULT_URL", "REPORT_DAY")
    assert len(found) == len(names) + 1
    assert all(any(each.startswith(f"LOCKSTEP_{name} ") for each in found) for name in names)
    assert any("No storage" in each for each in found)


def test_a_setting_that_is_empty_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_SECRETS_FILE", "")
    monkeypatch.setenv("LOCKSTEP_REPORT_DAYS", "")
    assert (Settings().secrets_file, Settings().report_days) == (None, 90)


def test_the_log_has_the_words_once(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        problems()
    (line,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert "LOCKSTEP_SWEEP_SCHEDULE" in line.getMessage()


def test_secrets_do_not_show_in_the_settings_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AzureWebJobsStorage", "AccountKey=c2VjcmV0")
    monkeypatch.setenv("APPLICATIONINSIGHTS_CONNECTION_STRING", "InstrumentationKey=a-key")
    monkeypatch.setenv("APPLICATIONINSIGHTS_AUTHENTICATION_STRING", "ClientId=an-id;Authorization=AAD")
    chosen = Settings()
    assert chosen.applicationinsights_connection_string == "InstrumentationKey=a-key"
    assert not re.search("c2VjcmV0|a-key|an-id", f"{chosen!r} {chosen}")


def test_every_cloud_whose_tokens_are_understood_may_be_chosen() -> None:
    assert set(ENTRA_AUTHORITIES) == authority._CLOUDS.keys()
