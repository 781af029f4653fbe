"""Made-up credentials cost next to no storage, keep nobody out who is known, and are counted in few rows."""

import itertools
import os
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from benchmarks.counting import RoundTrips
from provisioning.sources.credentials import mark, sha256
from provisioning.sources.errors import RateExceeded, Reason, Refused
from provisioning.sources.sources import Sources
from provisioning.storage.store import Storage
from tests.sources.conftest import Time, TokenClient, reason, source_of

_NUMBERS = itertools.count()


@pytest.fixture
def counter() -> RoundTrips:
    """What counts the storage requests of the test."""
    return RoundTrips()


@pytest.fixture
async def counting(azurite_connection: str, counter: RoundTrips) -> AsyncIterator[Storage]:
    """A storage account whose requests are counted."""
    prefix = f"flood{os.getpid()}x{next(_NUMBERS)}"
    opened = Storage.from_connection_string(azurite_connection, prefix=prefix, traces=[counter.trace()])
    await opened.ensure(["sources"], [])
    yield opened
    await opened.close()


@pytest.fixture
async def counted(counting: Storage, time: Time) -> Sources:
    """Sources whose storage requests are counted."""
    made = Sources(counting, now=time.now, clock=time.clock)
    await made.create("entra", "Entra")
    return made


async def test_a_thousand_unknown_tokens_read_storage_eleven_times(counted: Sources, counter: RoundTrips) -> None:
    with counter.counted() as requests:
        for number in range(1000):
            assert await reason(counted, f"made-up-{number}") is Reason.UNKNOWN
    assert len(requests) == 1 + 10, "the roster, and ten looks whether it is outdated"


async def test_a_thousand_wrong_secrets_and_unknown_clients_read_storage_eleven_times(
    counted: Sources, counter: RoundTrips
) -> None:
    client = TokenClient(counted)
    with counter.counted() as requests:
        for number in range(500):
            assert (await client.with_secret("entra", f"made-up-{number}")).status == 401
            assert (await client.with_secret(f"nobody-{number}", "x")).status == 401
    assert len(requests) == 1 + 10


def marked(secret: str, number: int) -> str:
    """An access token that was never issued, with the mark of a secret."""
    return f"lsa_made-up-{number}.{mark(sha256(secret), f'made-up-{number}')}"


async def test_made_up_access_tokens_are_not_looked_up_and_keep_no_good_one_out(
    counted: Sources, counter: RoundTrips, counting: Storage
) -> None:
    """The good one was got of another instance of the app, and is not known here."""
    _, secret = await counted.issue_secret("entra")
    other = Sources(counting)
    access = (await TokenClient(other).with_secret("entra", secret)).body["access_token"]
    with counter.counted() as requests:
        for number in range(300):
            assert await reason(counted, f"lsa_made-up-{number}.{'0' * 32}") is Reason.UNKNOWN
    assert len(requests) <= 11
    assert await source_of(counted, access) == "entra"


async def test_access_tokens_with_a_good_mark_are_looked_up_a_hundred_times_and_then_told_to_wait(
    counted: Sources, counter: RoundTrips
) -> None:
    """The mark of a federation is computed from ids, which are no secrets."""
    _, secret = await counted.issue_secret("entra")
    outcomes = {Refused: 0, RateExceeded: 0}
    with counter.counted() as requests:
        for number in range(300):
            try:
                await counted.authenticate(f"Bearer {marked(secret, number)}")
            except (Refused, RateExceeded) as error:
                outcomes[type(error)] += 1
    assert outcomes == {Refused: 100, RateExceeded: 200}
    assert len(requests) <= 100 + 11


async def test_the_same_unknown_access_token_is_looked_up_once(counted: Sources, counter: RoundTrips) -> None:
    _, secret = await counted.issue_secret("entra")
    await reason(counted, marked(secret, 1))
    with counter.counted() as requests:
        for _ in range(150):
            assert await reason(counted, marked(secret, 1)) is Reason.UNKNOWN
    assert len(requests) <= 10


async def test_whoever_is_known_is_let_in_during_a_flood(counted: Sources) -> None:
    _, token = await counted.issue("entra")
    _, secret = await counted.issue_secret("entra")
    access = (await TokenClient(counted).with_secret("entra", secret)).body["access_token"]
    await source_of(counted, access)
    for number in range(300):
        for made_up in (f"x-{number}", f"lsa_{number}"):
            with pytest.raises((Refused, RateExceeded)):
                await counted.authenticate(f"Bearer {made_up}")
        if number % 100 == 0:
            assert await source_of(counted, token) == await source_of(counted, access) == "entra"
            assert (await TokenClient(counted).with_secret("entra", secret)).status == 200


async def test_a_source_that_calls_all_the_time_costs_one_read_in_thirty_seconds(
    counted: Sources, counter: RoundTrips, time: Time
) -> None:
    _, token = await counted.issue("entra")
    with counter.counted() as requests:
        for _ in range(600):
            await source_of(counted, token)
            time.forward(timedelta(milliseconds=100))
    assert len(requests) == 2


async def test_refused_calls_are_written_in_one_row_however_many_they_were(
    counted: Sources, counter: RoundTrips, counting: Storage
) -> None:
    for number in range(500):
        await reason(counted, f"made-up-{number}")
    with counter.counted() as requests:
        await counted.close()
    assert len(requests) == 1
    assert len(await counting.table("sources").query("sources", "f:", "f;")) == 1
