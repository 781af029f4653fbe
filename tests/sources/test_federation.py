"""POST /oauth/token with a client assertion of Entra's: workload identity federation, RFC 7523."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from provisioning.sources.errors import Reason, SourceRefused
from provisioning.sources.source import Trust
from provisioning.sources.sources import Sources
from tests.sources.conftest import SERVICE, TENANT, WORKLOAD, Entra, Time, TokenClient, federated, reason, source_of

OTHER = "00000000-1111-4222-8333-444444444444"
FEDERATION = Trust(TENANT, WORKLOAD, object_id=SERVICE)


@pytest.fixture(autouse=True)
async def federation(sources: Sources) -> None:
    """The source ``entra`` takes assertions."""
    await sources.change("entra", federated(FEDERATION))


async def test_an_assertion_gets_an_access_token(
    sources: Sources, tokens: TokenClient, entra: Entra, time: Time
) -> None:
    answer = await tokens.with_assertion(entra.assertion(time.now()))
    assert answer.status == 200
    assert (answer.body["token_type"], answer.body["expires_in"], answer.body["scope"]) == ("Bearer", 3600, "scim")
    assert await source_of(sources, answer.body["access_token"]) == "entra"


async def test_the_client_id_may_be_left_out_but_not_be_anothers(
    sources: Sources, tokens: TokenClient, entra: Entra, time: Time
) -> None:
    await sources.create("other", "Other")
    assert (await tokens.with_assertion(entra.assertion(time.now()), "")).status == 200
    assert (await tokens.with_assertion(entra.assertion(time.now()), "other")).status == 401


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"iss": f"https://sts.windows.net/{TENANT}/"}, Reason.ISSUER),
        ({"iss": f"https://login.microsoftonline.com/{OTHER}/v2.0"}, Reason.ISSUER),
        ({"aud": "api://other"}, Reason.AUDIENCE),
        ({"tid": OTHER}, Reason.AUDIENCE),
        ({"oid": OTHER}, Reason.AUDIENCE),
        ({"sub": OTHER}, Reason.AUDIENCE),
        ({"nbf": 4_000_000_000}, Reason.NOT_YET),
        ({"exp": 1}, Reason.EXPIRED),
        ({"exp": 4_000_000_000}, Reason.LIFETIME),
    ],
)
async def test_an_assertion_that_is_not_right_is_refused(
    sources: Sources, tokens: TokenClient, entra: Entra, time: Time, changed: dict[str, Any], why: Reason
) -> None:
    answer = await tokens.with_assertion(entra.assertion(time.now(), **changed))
    assert (answer.status, answer.body["error"]) == (401, "invalid_client")
    assert [each.reason for each in await sources.refused_calls()] == [why]


@pytest.mark.parametrize("assertion", ["x", "a.b.c", "eyJ" * 4000])
async def test_what_is_no_assertion_is_refused(tokens: TokenClient, assertion: str) -> None:
    assert (await tokens.with_assertion(assertion)).status == 401


async def test_an_assertion_is_no_bearer_token(sources: Sources, entra: Entra, time: Time) -> None:
    assert await reason(sources, entra.assertion(time.now())) is Reason.AUDIENCE


async def test_access_tokens_go_with_the_federation(
    sources: Sources, tokens: TokenClient, entra: Entra, time: Time
) -> None:
    text = (await tokens.with_assertion(entra.assertion(time.now()))).body["access_token"]
    await sources.change("entra", federated(replace(FEDERATION, object_id=OTHER)))
    assert await reason(sources, text) is Reason.REVOKED


async def test_a_federation_names_whose_assertions_it_takes(sources: Sources) -> None:
    with pytest.raises(SourceRefused, match="object id"):
        await sources.change("entra", federated(Trust(TENANT, WORKLOAD)))


async def test_while_keys_cannot_be_read_the_client_is_told_to_come_again(
    tokens: TokenClient, entra: Entra, time: Time
) -> None:
    entra.down = True
    answer = await tokens.with_assertion(entra.assertion(time.now()))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    entra.down = False
    time.forward(timedelta(seconds=6))
    assert (await tokens.with_assertion(entra.assertion(time.now()))).status == 200
