"""The deployment's settings: the only reader of the environment in the hub. Each field says what it decides."""

from functools import cache
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What a deployment decides. Names in the environment are these, upper case, with the prefix ``LOCKSTEP_``."""

    model_config = SettingsConfigDict(env_prefix="LOCKSTEP_", extra="ignore", frozen=True)

    storage_connection: str = Field(
        default="",
        validation_alias="AzureWebJobsStorage",
        description="Connection string of the storage account (local: Azurite). Empty where an identity is used.",
        repr=False,
    )
    storage_account: str = Field(
        default="",
        validation_alias="AzureWebJobsStorage__accountName",
        description="Name of the storage account that the app's managed identity may use.",
    )
    storage_client_id: str = Field(
        default="",
        validation_alias="AzureWebJobsStorage__clientId",
        description="Client id of the user-assigned identity for storage. Empty: the system-assigned one.",
    )
    secrets_file: Path | None = Field(
        default=None,
        description="JSON file with the secrets that `file:NAME` references name. For development only.",
    )
    trusted_hosts: str = Field(
        default="",
        description="Comma-separated host[:port] that a Graph connection and `LOCKSTEP_ENTRA_AUTHORITY` may name "
        "besides Microsoft's clouds.",
    )
    entra_authority: str = Field(
        default="https://login.microsoftonline.com",
        description="The Microsoft cloud whose tokens sources may show: where the tenants' signing keys are read.",
    )
    entra_ca_file: Path | None = Field(
        default=None,
        description="PEM file with a certificate authority to trust there besides the system's. For development only.",
    )
    access_token_minutes: int = Field(
        default=60, ge=60, le=360, description="How long an access token of `/oauth/token` is good."
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
    scim_max_body_bytes: int = Field(default=4_194_304, ge=65_536, description="The largest SCIM request body taken.")


@cache
def settings() -> Settings:
    """Return this process's settings, read once."""
    return Settings()
