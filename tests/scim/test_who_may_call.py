"""How the SCIM endpoint answers callers that it does not serve."""

import json
from dataclasses import replace

import pytest

from provisioning.scim.bulk import BULK_REQUEST
from provisioning.sources.rates import Rate
from tests.scim.conftest import USER, Client


async def test_every_refused_caller_is_answered_alike(client: Client) -> None:
    _, off = await _source(client, "off")
    await client.endpoint.sources.enable("off", enabled=False)
    answers = [
        await client.send("GET", "/Users", headers={"authorization": header})
        for header in ("", "Bearer made-up", f"Bearer {off}", "Bearer lsa_made-up", "Bearer eyJ.x.y", "Basic eDp5")
    ]
    assert {answer.status for answer in answers} == {401}
    assert {json.dumps(answer.body) for answer in answers} == {json.dumps(answers[0].body)}
    assert answers[0].headers["WWW-Authenticate"].startswith("Bearer")


async def test_a_body_is_not_looked_at_before_the_caller_is_known(client: Client) -> None:
    for raw in (b"\xff not json", b"x" * 5_000_000):
        answer = await client.send("POST", "/Users", raw=raw, headers={"authorization": "Bearer made-up"})
        assert answer.status == 401


async def test_a_source_beyond_its_rate_is_told_when_to_come_again(client: Client) -> None:
    await client.endpoint.sources.change("entra", lambda source: replace(source, rate=Rate(1, 2)))
    answers = [await client.send("GET", "/Users") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[-1].headers["Retry-After"] == "1"
    assert answers[-1].body["status"] == "429"


async def test_each_operation_of_a_bulk_request_counts_for_the_rate(client: Client) -> None:
    """Those beyond the rate wait: nobody can pace what stands in one body."""
    await client.endpoint.sources.change("entra", lambda source: replace(source, rate=Rate(1, 4)))
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": f"{n}", "data": {"schemas": [USER], "userName": f"m{n}"}}
        for n in range(5)
    ]
    answer = await client.send("POST", "/Bulk", {"schemas": [BULK_REQUEST], "Operations": operations})
    assert [each["status"] for each in answer.body["Operations"]] == ["201"] * 5
    assert (await client.send("GET", "/Users")).status == 429


async def test_a_refused_call_is_logged_by_reason_and_origin(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    await client.send(
        "GET", "/Users", headers={"authorization": "Bearer made-up", "x-forwarded-for": "203.0.113.7:4711"}
    )
    assert '"reason": "unknown", "source": "", "from": "203.0.113.7"' in caplog.text
    assert "made-up" not in caplog.text


async def _source(client: Client, source_id: str) -> tuple[object, str]:
    await client.endpoint.sources.create(source_id, source_id)
    return await client.endpoint.sources.issue(source_id)
