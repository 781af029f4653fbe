"""What stays with Azure's SDK: clients for the rarer calls, over our connections; signatures; what its errors mean."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.pipeline.transport import AioHttpTransport
from azure.data.tables import ResourceTypes
from azure.data.tables import generate_account_sas as sign_tables
from azure.data.tables.aio import TableServiceClient
from azure.storage.queue import generate_account_sas as sign_queues
from azure.storage.queue.aio import QueueServiceClient

from provisioning.storage.access import Identity, Signature
from provisioning.storage.entities import StoreError
from provisioning.storage.wire import CONNECT_SECONDS, READ_SECONDS, Endpoint, Wire

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient

# By default the clients of queues and blobs wait 15 seconds before they try again.
_PATIENCE: dict[str, Any] = {"initial_backoff": 1, "increment_base": 2, "retry_total": 3, "random_jitter_range": 1}


@dataclass(frozen=True, slots=True)
class Account:
    """The services of an account: where they are, and the SDK's clients for what is not done over the wire."""

    tables: Endpoint
    queues: Endpoint
    table_client: TableServiceClient
    queue_client: QueueServiceClient
    container_client: Callable[[str], "ContainerClient"]


def by_connection_string(connection: str, wire: Wire) -> Account:
    """Return the account of a connection string, with a key or with a signature."""
    tables = TableServiceClient.from_connection_string(connection, transport=_Shared(wire))
    queues = QueueServiceClient.from_connection_string(connection, transport=_Shared(wire), **_PATIENCE)
    key = tables.credential
    table_url, _, table_query = tables.url.partition("?")
    queue_url, _, queue_query = queues.url.partition("?")
    if isinstance(key, AzureSasCredential):
        table_query = key.signature
    protocol = "https" if table_url.startswith("https:") else "https,http"

    def sign_table(end: datetime) -> str:
        if not isinstance(key, AzureNamedKeyCredential):
            return table_query
        return sign_tables(
            key, ResourceTypes(container=True, object=True), permission="raud", expiry=end, protocol=protocol
        )

    def sign_queue(end: datetime) -> str:
        if not isinstance(key, AzureNamedKeyCredential):
            return queue_query
        return sign_queues(*key.named_key, resource_types="o", permission="a", expiry=end, protocol=protocol)

    def container(name: str) -> "ContainerClient":
        from azure.storage.blob.aio import ContainerClient

        return ContainerClient.from_connection_string(connection, name, transport=_Shared(wire), **_PATIENCE)

    return Account(
        Endpoint(table_url.rstrip("/"), Signature(sign_table)),
        Endpoint(queue_url.rstrip("/"), Signature(sign_queue)),
        tables,
        queues,
        container,
    )


def by_identity(account: str, credential: AsyncTokenCredential, wire: Wire) -> Account:
    """Return the account of that name, by an identity and without any key."""
    tables, queues = (f"https://{account}.{service}.core.windows.net" for service in ("table", "queue"))
    access = Identity(credential)

    def container(name: str) -> "ContainerClient":
        from azure.storage.blob.aio import ContainerClient

        blobs = f"https://{account}.blob.core.windows.net"
        return ContainerClient(blobs, name, credential=credential, transport=_Shared(wire), **_PATIENCE)

    return Account(
        Endpoint(tables, access),
        Endpoint(queues, access),
        TableServiceClient(tables, credential=credential, transport=_Shared(wire)),
        QueueServiceClient(queues, credential=credential, transport=_Shared(wire), **_PATIENCE),
        container,
    )


@contextmanager
def told() -> Iterator[None]:
    """Make ``StoreError`` of the SDK's errors: whoever uses the store has one tree to know."""
    try:
        yield
    except HttpResponseError as error:
        if error.status_code is None:  # the identity, not storage
            raise StoreError(f"The identity gets no token for storage ({type(error).__name__}).") from None
        raise StoreError(f"Storage answered {error.status_code} {getattr(error, 'error_code', '')}.") from error
    except AzureError as error:
        # Not chained: it may quote the URL, and that a signature.
        raise StoreError(f"Storage does not answer ({type(error).__name__}).") from None


class _Shared(AioHttpTransport):  # type: ignore[misc]  # azure.core loads it lazily, untyped
    """The SDK's transport over the session of a wire, which is not the SDK's to open or close."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(connection_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS)
        self._wire = wire

    async def open(self) -> None:
        """Leave it to ``send``, which knows the URL."""

    async def send(self, request: Any, **config: Any) -> Any:
        """Send a request of the SDK."""
        self.session = self._wire.session(request.url)
        return await super().send(request, **config)

    async def close(self) -> None:
        """Leave the session to the wire."""
