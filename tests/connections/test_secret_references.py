"""Secrets: references in, secrets out, and nothing told on the way."""

import asyncio
import json
import logging
import os
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from connectors.contract import Secret
from connectors.errors import Misconfigured
from provisioning.connections.secrets import MOST_FILE_BYTES, Secrets, is_reference, secret_fields


def resolve(reference: str, file: Path | None = None) -> SecretStr:
    """Resolve a reference as a hub with that secrets file does."""
    return asyncio.run(Secrets(file=file).resolve(reference))


@pytest.mark.parametrize(
    "reference", ["env:LOCKSTEP_SECRET_A", "env:LOCKSTEP_SECRET_LDAP_1", "file:ldap-password", "vault:LDAP-1"]
)
def test_a_reference_names_a_secret_of_the_vault_a_setting_or_a_member_of_the_secrets_file(
    reference: str,
) -> None:
    assert is_reference(reference)


@pytest.mark.parametrize(
    "value",
    ["", "secret", "env:PATH", "env:AzureWebJobsStorage", "env:LOCKSTEP_SECRET_", "env:LOCKSTEP_SECRET_a", "file:",
     "file:../x y", "file:a/b", "env:LOCKSTEP_SECRET_A\n", "ENV:LOCKSTEP_SECRET_A", "vault:", "vault:a_b",
     "vault:a/b", "vault:" + "a" * 128, "vault:a\n", "vault:https://kv.vault.azure.net/secrets/a",
     None, 7, ["env:LOCKSTEP_SECRET_A"]],
)  # fmt: skip
def test_nothing_else_is_a_reference_and_no_other_setting_of_the_app_can_be_read(value: object) -> None:
    assert not is_reference(value)


def test_a_secret_of_the_environment_is_read_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_SECRET_A", "one")
    assert resolve("env:LOCKSTEP_SECRET_A").get_secret_value() == "one"
    monkeypatch.setenv("LOCKSTEP_SECRET_A", "two")
    assert resolve("env:LOCKSTEP_SECRET_A").get_secret_value() == "two"


def test_a_line_break_at_the_end_is_no_part_of_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_SECRET_A", " one\ntwo \r\n")
    assert resolve("env:LOCKSTEP_SECRET_A").get_secret_value() == " one\ntwo "
    monkeypatch.setenv("LOCKSTEP_SECRET_A", "\n")
    with pytest.raises(Misconfigured, match="is empty"):
        resolve("env:LOCKSTEP_SECRET_A")


def test_a_secret_of_the_file_is_found_by_name(secrets_file: Path) -> None:
    assert resolve("file:ldap-password", secrets_file).get_secret_value() == "correct horse"


def test_a_rotated_secret_of_the_file_is_seen_without_a_restart(secrets_file: Path) -> None:
    resolve("file:ldap-password", secrets_file)
    secrets_file.write_text(json.dumps({"ldap-password": "battery staple"}))
    changed = secrets_file.stat().st_mtime_ns + 1_000_000
    os.utime(secrets_file, ns=(changed, changed))
    assert resolve("file:ldap-password", secrets_file).get_secret_value() == "battery staple"


@pytest.mark.parametrize(
    ("reference", "code"), [("env:LOCKSTEP_SECRET_ABSENT", "secret.missing"), ("file:absent", "secret.missing")]
)
def test_a_missing_secret_is_told_by_its_reference(secrets_file: Path, reference: str, code: str) -> None:
    with pytest.raises(Misconfigured, match=reference) as caught:
        resolve(reference, secrets_file)
    assert caught.value.code == code
    assert caught.value.fix


def test_a_key_vault_reference_that_the_platform_did_not_resolve_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_SECRET_A", "@Microsoft.KeyVault(SecretUri=https://vault.example/secrets/a)")
    with pytest.raises(Misconfigured) as caught:
        resolve("env:LOCKSTEP_SECRET_A")
    assert caught.value.code == "secret.unresolved"
    assert "Key Vault Secrets User" in caught.value.fix


def test_a_literal_secret_is_refused_without_repeating_it() -> None:
    with pytest.raises(Misconfigured) as caught:
        resolve("hunter2")
    assert "hunter2" not in f"{caught.value} {caught.value.fix}"
    assert caught.value.code == "secret.notReference"


def test_a_vault_reference_without_a_configured_vault_is_told() -> None:
    with pytest.raises(Misconfigured, match="vault:ldap-password") as caught:
        resolve("vault:ldap-password")
    assert caught.value.code == "secret.noVault"
    assert "LOCKSTEP_KEY_VAULT_URL" in caught.value.fix


def test_a_file_reference_without_a_configured_file_is_told() -> None:
    with pytest.raises(Misconfigured) as caught:
        resolve("file:a")
    assert caught.value.code == "secret.noFile"


def test_a_file_that_is_not_there_is_told(secrets_file: Path) -> None:
    secrets_file.unlink()
    with pytest.raises(Misconfigured) as caught:
        resolve("file:ldap-password", secrets_file)
    assert caught.value.code == "secret.fileUnreadable"


@pytest.mark.parametrize("content", ['{"a": "s3cret', '["s3cret"]', '{"a": {"b": "s3cret"}}', '"s3cret"', "\xff"])
def test_a_malformed_file_is_told_without_quoting_it(secrets_file: Path, content: str) -> None:
    secrets_file.write_text(content, encoding="latin-1")
    with pytest.raises(Misconfigured) as caught:
        resolve("file:a", secrets_file)
    assert caught.value.code == "secret.fileMalformed"
    assert "s3cret" not in f"{caught.value} {caught.value.fix}"
    assert caught.value.__cause__ is None


def test_a_file_beyond_the_bound_is_not_read(secrets_file: Path) -> None:
    secrets_file.write_text(json.dumps({"a": "x" * MOST_FILE_BYTES}))
    with pytest.raises(Misconfigured) as caught:
        resolve("file:a", secrets_file)
    assert caught.value.code == "secret.fileTooLarge"


def test_a_secret_shows_in_no_text_of_it(secrets_file: Path, caplog: pytest.LogCaptureFixture) -> None:
    secret = resolve("file:ldap-password", secrets_file)
    logging.getLogger(__name__).error("resolved %s %r", secret, secret)
    assert "correct horse" not in caplog.text


def test_secret_fields_are_found_also_where_they_are_optional() -> None:
    class Model(BaseModel):
        host: str
        password: Secret
        certificate: Secret | None = None
        other: SecretStr | None = None

    assert secret_fields(Model) == {"password", "certificate", "other"}
