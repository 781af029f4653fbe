"""The deployment's settings: the only reader of the environment in the hub. Each field says what it decides.

What is given must be right (``Settings`` raises ``SettingsError`` with everything that is wrong), and what the running
app needs must be there (``missing``). Nothing here touches a file or the network. Do not read settings while modules
are imported: an error there hides every function from the platform's indexer, and with it the words about it.
"""

import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ModelWrapValidatorHandler, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from provisioning.setting_rules import (
    PREFIX,
    SECRET_PREFIX,
    Origin,
    in_trusted,
    origins,
    unknown,
    wrong_account,
    wrong_authority,
    wrong_schedule,
    wrong_vault,
)

log = logging.getLogger(__name__)


class SettingsError(Exception):
    """The app's settings are wrong; ``problems`` has all that is wrong, each in words that name the setting."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(self.problems))


class Settings(BaseSettings):
    """What a deployment decides. Names in the environment are these, upper case, with the prefix ``LOCKSTEP_``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    storage_account: str = Field(
        default="",
        validation_alias="AzureWebJobsStorage__accountName",
        description="Name of the storage account that the app's managed identity may use.",
    )
    storage_client_id: str = Field(
        default="",
        validation_alias="AzureWebJobsStorage__clientId",
        description="Client id of the app's user-assigned identity, for storage and Key Vault. Empty: the "
        "system-assigned one.",
    )
    storage_connection: str = Field(
        default="",
        validation_alias="AzureWebJobsStorage",
        description="Connection string of the storage account, for local use with Azurite. For development only.",
        repr=False,
    )
    sweep_schedule: str = Field(
        default="",
        description="When the sweeper runs, as NCRONTAB of six fields; `0 * * * * *` in production. The Functions host "
        "reads it. Must be set.",
    )
    sweep_grace_seconds: int = Field(
        default=60, ge=1, description="How old an outbox row must be before the sweeper sends its jobs again."
    )
    lease_seconds: int = Field(
        default=60, ge=5, description="How long one job may hold a link before another may take it over."
    )
    report_days: int = Field(default=90, ge=1, description="How many days a report entry is kept.")
    backup_days: int = Field(default=30, ge=1, le=365, description="How many days a nightly backup is kept.")
    scim_max_results: int = Field(default=200, ge=1, le=1000, description="The longest page of a SCIM list answer.")
    scim_max_body_bytes: int = Field(
        default=4_194_304, ge=65_536, description="The largest SCIM request body that is taken, in bytes."
    )
    access_token_minutes: int = Field(
        default=60, ge=60, le=360, description="How long an access token of `/oauth/token` is good."
    )
    entra_authority: str = Field(
        default="https://login.microsoftonline.com",
        description="The Microsoft cloud whose tokens sources may show, and where its signing keys are read; also "
        "https://login.microsoftonline.us and https://login.partner.microsoftonline.cn. A host in "
        "`LOCKSTEP_TRUSTED_HOSTS` stands for the public cloud.",
    )
    key_vault_url: str = Field(
        default="",
        description="The Key Vault in which `vault:NAME` finds secrets: `https://NAME.vault.azure.net`, or a host in "
        "`LOCKSTEP_TRUSTED_HOSTS`. No connection can name another.",
    )
    trusted_hosts: str = Field(
        default="",
        description="`host[:port]`, comma separated, that a Graph connection, `LOCKSTEP_ENTRA_AUTHORITY` and "
        "`LOCKSTEP_KEY_VAULT_URL` may name besides Microsoft's clouds.",
    )
    trusted_ca_file: Path | None = Field(
        default=None,
        description="PEM file with the certificate authority of a host in `LOCKSTEP_TRUSTED_HOSTS` from which signing "
        "keys or vault secrets are read. For development only.",
    )
    secrets_file: Path | None = Field(
        default=None,
        description="JSON file with the secrets that `file:NAME` names. For development only.",
    )
    applicationinsights_connection_string: str = Field(
        default="",
        validation_alias="APPLICATIONINSIGHTS_CONNECTION_STRING",
        description="The Application Insights resource that telemetry goes to. Empty: none is sent.",
        repr=False,
    )
    applicationinsights_authentication_string: str = Field(
        default="",
        validation_alias="APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
        description="How telemetry signs in: `ClientId=...;Authorization=AAD` for a user-assigned identity.",
        repr=False,
    )
    site_name: str = Field(
        default="",
        validation_alias="WEBSITE_SITE_NAME",
        description="The function app's name. The platform sets it; what is for development only is refused then.",
    )
    instance_id: str = Field(
        default="",
        validation_alias="WEBSITE_INSTANCE_ID",
        description="The instance that this process runs on. The platform sets it.",
    )

    @property
    def in_azure(self) -> bool:
        """Whether the app runs in Azure, not on a developer's machine."""
        return bool(self.site_name or self.instance_id)

    @property
    def trusted_origins(self) -> frozenset[Origin]:
        """The hosts of ``trusted_hosts``, each with its port."""
        return origins(self.trusted_hosts)

    @property
    def key_vault_trusted(self) -> bool:
        """Whether the vault is a host that the deployment vouches for, not one of Microsoft's domains."""
        return in_trusted(self.key_vault_url, self.trusted_origins)

    def missing(self) -> list[str]:
        """Return, in words, what the running app cannot do without. Commands and tests may."""
        return _missing(_by_variable(dict(self)))

    @field_validator("storage_account")
    @classmethod
    def _account(cls, value: str) -> str:
        if value and (wrong := wrong_account(value)):
            raise ValueError(wrong)
        return value

    @field_validator("sweep_schedule")
    @classmethod
    def _schedule(cls, value: str) -> str:
        if value and (wrong := wrong_schedule(value)):
            raise ValueError(wrong)
        return value

    @field_validator("trusted_hosts")
    @classmethod
    def _hosts(cls, value: str) -> str:
        origins(value)
        return value

    @field_validator("key_vault_url", "entra_authority")
    @classmethod
    def _url(cls, value: str) -> str:
        return value.rstrip("/")

    @model_validator(mode="wrap")
    @classmethod
    def _all_at_once(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Raise ``SettingsError`` with everything that is wrong; pydantic alone would stop before contradictions."""
        problems: list[str] = []
        chosen = None
        try:
            chosen = handler(data)
        except ValidationError as invalid:
            problems += [_words(str(error["loc"][0]), error["msg"]) for error in invalid.errors(include_input=False)]
        given = _by_variable({**{name: field.default for name, field in cls.model_fields.items()}, **data})
        known = {variable(name) for name in cls.model_fields}
        problems += [*_contradictions(given), *unknown(os.environ, known, in_azure=_in_azure(given))]
        if problems or chosen is None:
            raise SettingsError([*problems, *_missing(given)])
        return chosen


def variable(name: str) -> str:
    """Return the name in the environment of a field."""
    return str(Settings.model_fields[name].validation_alias or f"{PREFIX}{name.upper()}")


def bounds(field: FieldInfo) -> str:
    """Return what a number may be, in words: ``60 to 360``, ``5 at least``; an empty text where all may be."""
    least = next((each.ge for each in field.metadata if hasattr(each, "ge")), None)
    most = next((each.le for each in field.metadata if hasattr(each, "le")), None)
    if most is None:
        return "" if least is None else f"{least:,} at least"
    return f"{least:,} to {most:,}"


def _by_variable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by their names in the environment, whichever of its two names a field was given under."""
    return {variable(name) if name in Settings.model_fields else name: value for name, value in values.items()}


def _words(name: str, message: str) -> str:
    field = Settings.model_fields.get(name)
    if field is not None and field.annotation is int:
        return f"{variable(name)} must be a whole number, {bounds(field)}. Remove it for the default, {field.default}."
    shown = variable(name) if field is not None else name
    return f"{shown} {message.removeprefix('Value error, ')}"


def _in_azure(given: Mapping[str, Any]) -> bool:
    return any(given.get(variable(name)) for name in ("site_name", "instance_id"))


_LOCAL_ONLY = {
    "storage_connection": "Remove it and set AzureWebJobsStorage__accountName: the app's identity needs no key.",
    "secrets_file": "Remove it and refer to secrets as vault:NAME.",
    "trusted_ca_file": "Remove it; Microsoft's certificates are trusted without it.",
}
"""What only a developer's machine may have, and what to do in Azure instead."""


def _contradictions(given: Mapping[str, Any]) -> list[str]:
    found = []
    if given[variable("storage_connection")] and given[variable("storage_account")]:
        found.append(
            "AzureWebJobsStorage and AzureWebJobsStorage__accountName are both set. Remove one: in Azure the first, a "
            "connection string; locally the second."
        )
    if _in_azure(given):
        found += [
            f"{variable(name)} is for development only, and this app runs in Azure. {fix}"
            for name, fix in _LOCAL_ONLY.items()
            if given[variable(name)]
        ]
    try:
        trusted = origins(str(given[variable("trusted_hosts")]))
    except ValueError:  # told of its own field
        trusted = frozenset()
    authority, vault = str(given[variable("entra_authority")]), str(given[variable("key_vault_url")])
    if wrong := wrong_authority(authority, trusted):
        found.append(f"{variable('entra_authority')} {wrong}")
    if vault and (wrong := wrong_vault(vault, trusted)):
        found.append(f"{variable('key_vault_url')} {wrong}")
    return found


def _missing(given: Mapping[str, Any]) -> list[str]:
    found = []
    if not given[variable("storage_connection")] and not given[variable("storage_account")]:
        found.append(
            "No storage is named. Set AzureWebJobsStorage__accountName (and give the app's identity its roles there), "
            "or locally AzureWebJobsStorage to a connection string."
        )
    if not given[variable("sweep_schedule")]:
        found.append(
            f"{variable('sweep_schedule')} is missing: without it nothing that failed is tried again. Set it to "
            "`0 * * * * *`, once a minute."
        )
    return found


def secret_setting(name: str) -> str | None:
    """Return an application setting that holds a secret, as it is now. Other settings cannot be read by it."""
    return os.environ.get(name) if name.startswith(SECRET_PREFIX) else None


@cache
def settings() -> Settings:
    """Return this process's settings, read once. Raises ``SettingsError``."""
    return Settings()


def problems() -> Sequence[str]:
    """Return everything that is wrong with the running app's settings, or missing; the log has it once."""
    try:
        found = tuple(settings().missing())
    except SettingsError as error:
        found = error.problems
    if found:
        _tell(found)
    return found


@cache
def _tell(found: tuple[str, ...]) -> None:
    log.error("the app's settings are wrong; nothing works until they are right: %s", " ".join(found))
