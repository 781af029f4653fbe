"""Clients of further sources, each with what it may do and how it is answered."""

import dataclasses
from typing import Any

from provisioning.sources.source import Access, Source
from tests.scim.conftest import Client


async def caller(client: Client, source: str, **access: Any) -> Client:
    """Return a client of the same endpoint whose source has this access."""

    def grant(known: Source) -> Source:
        return dataclasses.replace(known, access=Access(**access))

    sources = client.endpoint.sources
    await sources.create(source, source)
    await sources.change(source, grant)
    _, token = await sources.issue(source)
    return Client(client.endpoint, token, client.announced)
