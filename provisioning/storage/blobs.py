"""Blobs in one container: written once, read whole, listed and deleted by name. What a table is too small for."""

from collections.abc import AsyncIterator, Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError

from provisioning.storage.entities import Exists, Missing
from provisioning.storage.sdk import told

if TYPE_CHECKING:
    from azure.storage.blob.aio import ContainerClient


class Blob(NamedTuple):
    """A blob's name, and what was written beside its content."""

    name: str
    metadata: Mapping[str, str]


class Container:
    """One container. Whatever fails that has no error of its own is ``StoreError``."""

    def __init__(self, opened: Callable[[], "ContainerClient"]) -> None:
        self._opened = opened

    @cached_property
    def _client(self) -> "ContainerClient":
        """The SDK's client, which few processes ever need: it is loaded with the first use."""
        return self._opened()

    async def ensure(self) -> None:
        """Create the container where it does not exist. In Azure the templates have made it."""
        with told():
            if not await self._client.exists():
                await self._client.create_container()

    async def put(self, name: str, content: bytes, metadata: Mapping[str, str]) -> None:
        """Write a new blob. Raises ``Exists``: what was written stays as it is."""
        with told():
            try:
                await self._client.upload_blob(name, content, metadata=dict(metadata), overwrite=False)
            except ResourceExistsError:
                raise Exists(f"There is a blob {name}.") from None

    async def get(self, name: str) -> bytes:
        """Return a blob's content. Raises ``Missing``."""
        with told():
            try:
                return await (await self._client.download_blob(name)).readall()
            except ResourceNotFoundError:
                raise Missing(f"There is no blob {name}.") from None

    async def metadata(self, name: str) -> Mapping[str, str]:
        """Return what stands beside a blob. Raises ``Missing``."""
        with told():
            try:
                return dict((await self._client.get_blob_client(name).get_blob_properties()).metadata)
            except ResourceNotFoundError:
                raise Missing(f"There is no blob {name}.") from None

    async def list(self, prefix: str = "") -> AsyncIterator[Blob]:
        """Stream the blobs whose name begins so, by name; nothing where there is no container."""
        with told():
            try:
                async for found in self._client.list_blobs(name_starts_with=prefix, include=["metadata"]):
                    yield Blob(found.name, dict(found.metadata or {}))
            except ResourceNotFoundError:
                return

    async def delete(self, name: str) -> None:
        """Delete a blob; one that is gone is deleted."""
        with told():
            try:
                await self._client.delete_blob(name)
            except ResourceNotFoundError:
                return
