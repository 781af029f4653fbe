"""POST /oauth/token with a client secret: RFC 6749, its errors, and what the access tokens are good for."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import ObjectKind
from provisioning.sources.caller import EVERY_KIND
from provisioning.sources.errors import Reason
from provisioning.sources.source import Access, CredentialKind
from provisioning.sources.sources import Sources
from provisioning.storage.store import Storage
from tests.sources.conftest import ASSERTION, Time, TokenClient, reason, source_of

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
async def secret(sources: Sources) -> str:
    """A client secret of ``entra``."""
    return (await sources.issue_secret("entra"))[1]


async def test_a_secret_gets_an_access_token_that_lets_its_source_in(
    sources: Sources, tokens: TokenClient, secret: str
) -> None:
    answer = await tokens.with_secret("entra", secret)
    assert answer.status == 200
    text = answer.body.pop("access_token")
    assert answer.body == {"token_type": "Bearer", "expires_in": 3600, "scope": "scim"}
    assert answer.headers["Cache-Control"] == "no-store"
    assert await source_of(sources, text) == "entra"


async def test_the_secret_may_stand_in_the_header_the_body_or_both_alike(tokens: TokenClient, secret: str) -> None:
    both = {**GRANT, "client_id": "entra", "client_secret": secret}
    answers = [
        await tokens.post(GRANT, basic=("entra", secret)),
        await tokens.post(both),
        await tokens.post(both, basic=("entra", secret)),
        await tokens.post({**GRANT, "client_id": "entra"}, basic=("entra", secret)),
        await tokens.post(GRANT, basic=("%65ntra", secret)),
    ]
    assert [answer.status for answer in answers] == [200] * 5


async def test_a_header_and_a_body_that_differ_are_refused(tokens: TokenClient, secret: str) -> None:
    for body in ({"client_id": "okta"}, {"client_secret": "other"}):
        answer = await tokens.post({**GRANT, **body}, basic=("entra", secret))
        assert (answer.status, answer.body["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ("", "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"grant_type": "password", "username": "x", "password": "y"}, "unsupported_grant_type"),
        ("grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        (b"grant_type=client_credentials&client_id=\xff", "invalid_request"),
        ("grant_type=client_credentials&client_id=%FF", "invalid_request"),
        ("&".join(f"a{n}=1" for n in range(30)), "invalid_request"),
        ("a=" + "x" * 17_000, "invalid_request"),
        ({**GRANT, "client_assertion": "x"}, "invalid_request"),
        ({**GRANT, "client_assertion": "x", "client_assertion_type": "saml"}, "invalid_request"),
        ({**GRANT, "client_assertion_type": ASSERTION}, "invalid_request"),
        (
            {**GRANT, "client_secret": "x", "client_assertion": "x", "client_assertion_type": ASSERTION},
            "invalid_request",
        ),
    ],
)
async def test_a_request_that_cannot_be_read_is_told_in_words(tokens: TokenClient, form: Any, error: str) -> None:
    answer = await tokens.post(form)
    assert (answer.status, answer.body["error"]) == (400, error)
    assert len(answer.body["error_description"]) > 20
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("header", ["Basic", "Basic ###", "Basic eA==", "Bearer eDp5", "Basic /w=="])
async def test_an_authorization_header_that_is_not_basic_is_told(tokens: TokenClient, header: str) -> None:
    answer = await tokens.post(GRANT, headers={"authorization": header})
    assert (answer.status, answer.body["error"]) == (400, "invalid_request")


async def test_a_body_of_another_type_and_a_secret_in_the_address_are_refused(tokens: TokenClient, secret: str) -> None:
    json_body = await tokens.post("{}", headers={"content-type": "application/json"})
    in_address = await tokens.post(GRANT, query={"client_secret": secret, "client_id": "entra"})
    assert [each.body["error"] for each in (json_body, in_address)] == ["invalid_request"] * 2
    assert secret not in str(in_address.body)


async def test_whatever_is_wrong_with_a_client_it_is_answered_alike(
    sources: Sources, tokens: TokenClient, secret: str, time: Time
) -> None:
    await sources.create("okta", "Okta")
    _, token = await sources.issue("entra")
    _, old = await sources.issue_secret("okta", expires=time.now() + timedelta(days=1))
    time.forward(timedelta(days=2))
    await sources.create("off", "Off")
    _, off = await sources.issue_secret("off")
    await sources.enable("off", enabled=False)
    answers = [
        await tokens.with_secret("nobody", secret),
        await tokens.with_secret("entra", "wrong"),
        await tokens.with_secret("okta", secret),
        await tokens.with_secret("okta", old),
        await tokens.with_secret("off", off),
        await tokens.with_secret("entra", token),
        await tokens.with_secret("ünknown", "\U0001f600"),
        await tokens.post({**GRANT, "client_id": "entra"}),
        await tokens.post(GRANT),
    ]
    assert {answer.status for answer in answers} == {401}
    assert {str(answer.body) for answer in answers} == {str(answers[0].body)}
    assert answers[0].body["error"] == "invalid_client"
    assert all(answer.headers["WWW-Authenticate"].startswith("Basic") for answer in answers)
    assert {each.reason for each in await sources.refused_calls()} >= {
        Reason.CLIENT, Reason.EXPIRED, Reason.DISABLED, Reason.MISSING,
    }  # fmt: skip


async def test_several_secrets_are_good_side_by_side_until_one_is_revoked(
    sources: Sources, tokens: TokenClient, secret: str
) -> None:
    second, text = await sources.issue_secret("entra")
    assert (await tokens.with_secret("entra", secret)).status == 200
    assert (await tokens.with_secret("entra", text)).status == 200
    await sources.revoke("entra", second.id, CredentialKind.SECRET)
    assert (await tokens.with_secret("entra", secret)).status == 200
    assert (await tokens.with_secret("entra", text)).status == 401


async def test_a_secret_expires_after_a_year_unless_said_otherwise(sources: Sources, time: Time) -> None:
    made, _ = await sources.issue_secret("entra")
    assert made.expires == time.now() + timedelta(days=365)


async def test_an_access_token_is_out_after_its_life(
    sources: Sources, tokens: TokenClient, secret: str, time: Time
) -> None:
    text = (await tokens.with_secret("entra", secret)).body["access_token"]
    time.forward(timedelta(seconds=3599))
    assert await source_of(sources, text) == "entra"
    time.forward(timedelta(seconds=1))
    assert await reason(sources, text) is Reason.EXPIRED


async def test_how_long_an_access_token_lives_is_a_setting(storage: Storage, sources: Sources) -> None:
    _, secret = await sources.issue_secret("entra")
    longer = TokenClient(Sources(storage, access_token_life=timedelta(hours=6)))
    assert (await longer.with_secret("entra", secret)).body["expires_in"] == 6 * 3600


async def test_an_access_token_goes_with_its_secret_and_with_its_source(
    sources: Sources, tokens: TokenClient, secret: str
) -> None:
    second, text = await sources.issue_secret("entra")
    mine = (await tokens.with_secret("entra", text)).body["access_token"]
    other = (await tokens.with_secret("entra", secret)).body["access_token"]
    await sources.revoke("entra", second.id, CredentialKind.SECRET)
    assert await reason(sources, mine) is Reason.REVOKED
    assert await source_of(sources, other) == "entra"
    await sources.enable("entra", enabled=False)
    assert await reason(sources, other) is Reason.DISABLED


async def test_another_instance_knows_an_access_token_at_once(
    sources: Sources, tokens: TokenClient, secret: str, storage: Storage
) -> None:
    other = Sources(storage)
    await reason(other, "nobody")
    text = (await tokens.with_secret("entra", secret)).body["access_token"]
    assert await source_of(other, text) == "entra"


@pytest.mark.parametrize(
    ("asked", "granted", "kinds", "writes"),
    [
        ("scim", "scim", EVERY_KIND, True),
        ("", "scim", EVERY_KIND, True),
        ("scim.read", "scim.read", EVERY_KIND, False),
        ("scim.users", "scim.users", {ObjectKind.USER}, True),
        ("scim.groups scim.read", "scim.read scim.groups", {ObjectKind.GROUP}, False),
        ("scim.users scim.groups", "scim", EVERY_KIND, True),
        ("scim scim.read", "scim", EVERY_KIND, True),
    ],
)
async def test_an_access_token_is_good_for_its_scope(
    sources: Sources, tokens: TokenClient, secret: str, asked: str, granted: str, kinds: Any, writes: bool
) -> None:
    answer = await tokens.with_secret("entra", secret, scope=asked)
    assert answer.body["scope"] == granted
    caller = await sources.authenticate(f"Bearer {answer.body['access_token']}")
    assert (caller.kinds, caller.writes) == (kinds, writes)


async def test_a_scope_gives_no_more_than_the_source_has(sources: Sources, tokens: TokenClient, secret: str) -> None:
    await sources.change("entra", lambda each: replace(each, access=Access(frozenset({ObjectKind.USER}), writes=False)))
    answer = await tokens.with_secret("entra", secret, scope="scim")
    assert answer.body["scope"] == "scim.read scim.users"
    caller = await sources.authenticate(f"Bearer {answer.body['access_token']}")
    assert (caller.kinds, caller.writes) == ({ObjectKind.USER}, False)
    assert (await tokens.with_secret("entra", secret, scope="scim.groups")).body["error"] == "invalid_scope"


async def test_a_source_that_is_narrowed_later_narrows_its_access_tokens(
    sources: Sources, tokens: TokenClient, secret: str
) -> None:
    text = (await tokens.with_secret("entra", secret)).body["access_token"]
    await sources.change("entra", lambda each: replace(each, access=Access(writes=False)))
    assert not (await sources.authenticate(f"Bearer {text}")).writes


@pytest.mark.parametrize("scope", ["scim.write", "api://x/.default", "scim admin", "SCIM"])
async def test_a_scope_that_there_is_not_is_refused_with_those_that_there_are(
    tokens: TokenClient, secret: str, scope: str
) -> None:
    answer = await tokens.with_secret("entra", secret, scope=scope)
    assert (answer.status, answer.body["error"]) == (400, "invalid_scope")
    assert "scim.read" in answer.body["error_description"]
    assert "admin" not in answer.body["error_description"]


async def test_a_source_gets_thirty_access_tokens_at_once_and_then_one_a_second(
    tokens: TokenClient, secret: str, time: Time
) -> None:
    answers = [await tokens.with_secret("entra", secret) for _ in range(31)]
    assert [answer.status for answer in answers] == [200] * 30 + [429]
    assert answers[-1].headers["Retry-After"] == "1"
    time.forward(timedelta(seconds=1))
    assert (await tokens.with_secret("entra", secret)).status == 200


async def test_access_tokens_past_their_end_are_tidied_away_and_others_stay(
    sources: Sources, tokens: TokenClient, secret: str, time: Time, storage: Storage
) -> None:
    await tokens.with_secret("entra", secret)
    time.forward(timedelta(minutes=40))
    text = (await tokens.with_secret("entra", secret)).body["access_token"]
    time.forward(timedelta(minutes=40))
    await sources.tidy()
    assert len(await storage.table("sources").query("sources", "a:", "a;")) == 1
    assert await source_of(sources, text) == "entra"


async def test_without_storage_the_client_is_told_to_come_again(azurite_connection: str) -> None:
    nowhere = Storage.from_connection_string(azurite_connection, prefix="never")
    answer = await TokenClient(Sources(nowhere)).with_secret("entra", "x")
    assert (answer.status, answer.body["error"]) == (503, "temporarily_unavailable")
    assert answer.headers["Retry-After"] == "5"
    await nowhere.close()
