"""Storage lets the hub in by a token that is fetched once for all, or by a signature that is renewed in time."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

from provisioning.storage.access import EARLY, SCOPE, SIGNED_FOR, Identity, Signature
from provisioning.storage.entities import StoreError, insert
from provisioning.storage.store import Storage


class Credential:
    """An identity that counts its tokens; ``life`` is theirs in seconds."""

    def __init__(self, life: float = 3600) -> None:
        self.life = life
        self.asked = 0
        self.broken = False

    async def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """A token of its own for each call."""
        assert scopes == (SCOPE,)
        self.asked += 1
        number = self.asked
        await asyncio.sleep(0.01)
        if self.broken:
            raise ClientAuthenticationError("no identity here")
        return AccessToken(f"token{number}", int(time.time() + self.life))

    async def close(self) -> None:
        """Nothing to close."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds to add to the time of day."""
    ahead, real = [0.0], time.time
    monkeypatch.setattr("provisioning.storage.access.time.time", lambda: real() + ahead[0])
    return ahead


async def test_a_token_is_fetched_once_for_all_who_wait() -> None:
    credential = Credential()
    identity = Identity(credential)
    granted = await asyncio.gather(*(identity.grant() for _ in range(50)))
    assert set(granted) == {("Bearer token1", "")}
    assert credential.asked == 1


async def test_a_token_is_renewed_before_it_ends(clock: list[float]) -> None:
    identity = Identity(Credential())
    assert await identity.grant() == ("Bearer token1", "")
    clock[0] = 3600 - EARLY - 5
    assert await identity.grant() == ("Bearer token1", "")
    clock[0] = 3600 - EARLY + 5
    assert await identity.grant() == ("Bearer token2", "")


async def test_a_token_that_storage_refused_is_not_used_again() -> None:
    identity = Identity(Credential())
    await identity.grant()
    identity.refused()
    assert await identity.grant() == ("Bearer token2", "")


async def test_a_renewal_that_fails_costs_nothing_while_the_old_token_holds(clock: list[float]) -> None:
    credential = Credential()
    identity = Identity(credential)
    await identity.grant()
    credential.broken = True
    clock[0] = 3600 - EARLY + 5
    assert await identity.grant() == ("Bearer token1", "")
    assert await identity.grant() == ("Bearer token1", "")
    assert credential.asked == 2, "it is not asked with every request"
    clock[0] = 3600
    with pytest.raises(StoreError, match="Storage Table Data Contributor"):
        await identity.grant()


async def test_a_signature_is_made_once_and_renewed_before_it_ends(clock: list[float]) -> None:
    ends: list[datetime] = []
    signature = Signature(lambda end: ends.append(end) or f"sig={len(ends)}")
    assert [await signature.grant() for _ in range(3)] == [("", "sig=1")] * 3
    assert ends[0] - datetime.now(UTC) <= SIGNED_FOR
    clock[0] = SIGNED_FOR.total_seconds() - EARLY + 5
    assert await signature.grant() == ("", "sig=2")


async def test_a_connection_string_with_a_signature_instead_of_a_key_opens_the_account(
    storage: Storage, azurite_connection: str
) -> None:
    tables = storage._account.tables
    _, signature = await tables.access.grant()
    shared = Storage.from_connection_string(
        f"TableEndpoint={tables.url};QueueEndpoint={storage._account.queues.url};SharedAccessSignature={signature}",
        prefix=storage._prefix,
    )
    await shared.table("directory").transact([insert({"PartitionKey": "p", "RowKey": "r"})])
    assert await storage.table("directory").get("p", "r") is not None
    await shared.close()


async def test_what_a_signature_does_not_allow_is_a_store_error(storage: Storage) -> None:
    queues = storage._account.queues
    tables = storage._account.tables
    storage._account.tables.access.refused()
    wrong = Storage.from_connection_string(
        f"TableEndpoint={tables.url};QueueEndpoint={queues.url};SharedAccessSignature=sv=2019-02-02&ss=t&srt=o&sp=r"
        f"&se={(datetime.now(UTC) + timedelta(hours=1)).strftime('%Y-%m-%dT%H:%M:%SZ')}&sig=AAAA"
    )
    with pytest.raises(StoreError, match="Storage answered 403"):
        await wrong.table("directory").get("p", "r")
    await wrong.close()
