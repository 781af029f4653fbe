"""Opening the storage account that the deployment's settings name, for the app and for the operator's commands."""

from azure.core.credentials_async import AsyncTokenCredential

from provisioning.settings import Settings
from provisioning.storage.store import Storage


def identity(chosen: Settings) -> AsyncTokenCredential:
    """Return the app's identity: in Azure the managed one that the settings name, elsewhere the developer's own."""
    from azure.identity.aio import DefaultAzureCredential

    return DefaultAzureCredential(managed_identity_client_id=chosen.storage_client_id or None)


def open_storage(chosen: Settings) -> Storage:
    """Open the storage account that the settings name: by the app's identity, or locally by a connection string."""
    if chosen.storage_connection:
        return Storage.from_connection_string(chosen.storage_connection)
    if not chosen.storage_account:
        raise LookupError(
            "No storage: set AzureWebJobsStorage__accountName (with an identity that may use it), or locally "
            "AzureWebJobsStorage to a connection string."
        )
    return Storage.from_identity(chosen.storage_account, identity(chosen))
