"""Tokens that Entra issues for the app: who they stand for, and every way in which one is not what it says."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from provisioning.sources.caller import Caller
from provisioning.sources.errors import KeysUnreachable, Reason, Refused, SourceExists, SourceRefused
from provisioning.sources.records import source_row
from provisioning.sources.source import CUSTOM_APPS, Trust
from provisioning.sources.sources import Sources
from provisioning.storage.entities import upsert
from provisioning.storage.store import Storage
from tests.sources.conftest import SERVICE, TENANT, Entra, Time, federated, reason, source_of, trusting

OTHER = "00000000-1111-4222-8333-444444444444"
APP = "00000014-0000-0000-c000-000000000000"
PROVISIONING = Trust(TENANT, CUSTOM_APPS, object_id=SERVICE)


@pytest.fixture
async def trusting_sources(sources: Sources) -> Sources:
    """The sources, of which ``entra`` takes the tenant's tokens."""
    await sources.change("entra", trusting(PROVISIONING))
    return sources


def part(content: dict[str, Any]) -> str:
    """Return a part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "issuer", [f"https://sts.windows.net/{TENANT}/", f"https://login.microsoftonline.com/{TENANT}/v2.0"]
)
async def test_a_token_of_either_version_lets_its_source_in(
    trusting_sources: Sources, entra: Entra, time: Time, issuer: str
) -> None:
    text = entra.sign(entra.claims(time.now(), iss=issuer))
    assert await trusting_sources.authenticate(f"Bearer {text}") == Caller("entra")


async def test_the_app_of_a_version_2_token_is_its_azp(sources: Sources, entra: Entra, time: Time) -> None:
    await sources.change("entra", trusting(replace(PROVISIONING, app_id=APP)))
    text = entra.sign(entra.claims(time.now(), appid=None, azp=APP.upper()))
    assert await source_of(sources, text) == "entra"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"iss": "https://sts.windows.net/common/"}, Reason.ISSUER),
        ({"iss": f"https://sts.windows.net/{OTHER}/"}, Reason.ISSUER),
        ({"iss": f"https://evil.example/{TENANT}/v2.0"}, Reason.ISSUER),
        ({"iss": None}, Reason.ISSUER),
        ({"iss": [f"https://sts.windows.net/{TENANT}/"]}, Reason.ISSUER),
        ({"aud": OTHER}, Reason.AUDIENCE),
        ({"aud": [CUSTOM_APPS]}, Reason.AUDIENCE),
        ({"aud": None}, Reason.AUDIENCE),
        ({"tid": OTHER}, Reason.AUDIENCE),
        ({"tid": None}, Reason.AUDIENCE),
        ({"scp": "user_impersonation"}, Reason.DELEGATED),
        ({"nbf": None}, Reason.MALFORMED),
        ({"exp": None}, Reason.MALFORMED),
        ({"exp": "soon"}, Reason.MALFORMED),
        ({"exp": 1e300}, Reason.MALFORMED),
    ],
)
async def test_a_token_with_another_claim_is_refused(
    trusting_sources: Sources, entra: Entra, time: Time, changed: dict[str, Any], why: Reason
) -> None:
    assert await reason(trusting_sources, entra.sign(entra.claims(time.now(), **changed))) is why


@pytest.mark.parametrize(
    ("begins", "ends", "why"),
    [
        (-3600, -301, Reason.EXPIRED),
        (-3600, -299, None),
        (299, 3600, None),
        (301, 3600, Reason.NOT_YET),
        (-60, 31 * 3600, Reason.LIFETIME),
    ],
)
async def test_clocks_may_be_five_minutes_apart_and_no_more(
    trusting_sources: Sources, entra: Entra, time: Time, begins: int, ends: int, why: Reason | None
) -> None:
    now = int(time.now().timestamp()) + 1
    assert await reason(trusting_sources, entra.sign(entra.claims(time.now(), nbf=now + begins, exp=now + ends))) is why


async def test_a_token_that_was_good_is_refused_from_its_end_on(
    trusting_sources: Sources, entra: Entra, time: Time
) -> None:
    text = entra.sign(entra.claims(time.now()))
    assert await source_of(trusting_sources, text) == "entra"
    time.forward(timedelta(minutes=69))
    assert await source_of(trusting_sources, text) == "entra"
    time.forward(timedelta(minutes=2))
    assert await reason(trusting_sources, text) is Reason.EXPIRED


async def test_a_token_signed_by_another_key_is_refused(trusting_sources: Sources, entra: Entra, time: Time) -> None:
    forged = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = jwt.encode(entra.claims(time.now()), forged, algorithm="RS256", headers={"kid": "k1"})
    assert await reason(trusting_sources, text) is Reason.SIGNATURE


async def test_a_token_whose_claims_were_changed_is_refused(
    trusting_sources: Sources, entra: Entra, time: Time
) -> None:
    header, _, signature = entra.sign(entra.claims(time.now())).split(".")
    changed = part(entra.claims(time.now(), appid=OTHER))
    assert await reason(trusting_sources, f"{header}.{changed}.{signature}") is Reason.SIGNATURE


async def test_the_token_does_not_choose_its_algorithm(trusting_sources: Sources, entra: Entra, time: Time) -> None:
    claims = entra.claims(time.now())
    public = entra.keys["k1"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    unsigned = f"{part({'alg': 'none', 'typ': 'JWT', 'kid': 'k1'})}.{part(claims)}."
    signed = f"{part({'alg': 'HS256', 'typ': 'JWT', 'kid': 'k1'})}.{part(claims)}"
    mac = base64.urlsafe_b64encode(hmac.new(public, signed.encode(), hashlib.sha256).digest()).rstrip(b"=").decode()
    other = jwt.encode(claims, entra.keys["k1"], algorithm="RS512", headers={"kid": "k1"})
    for text in (unsigned, f"{signed}.{mac}", other):
        assert await reason(trusting_sources, text) is Reason.ALGORITHM


@pytest.mark.parametrize(
    "text",
    [
        "eyJ.x.y",
        f"{part({'alg': 'RS256'})}..",
        f"{part({'alg': 'RS256'})}.{base64.urlsafe_b64encode(b'[' * 3000).decode()}.x",
        f"{part({'alg': 'RS256'})}.{base64.urlsafe_b64encode(b'[1]').decode()}.x",
        f"{part({'alg': 'RS256'})}.{base64.urlsafe_b64encode(bytes([255, 254])).decode()}.x",
        f"{part({'alg': 'RS256'})}.é.x",
    ],
)
async def test_what_only_looks_like_a_token_is_malformed(trusting_sources: Sources, text: str) -> None:
    assert await reason(trusting_sources, text) is Reason.MALFORMED


async def test_sources_of_one_tenant_are_told_apart_by_app_or_object(
    sources: Sources, entra: Entra, time: Time
) -> None:
    await sources.create("other", "Other")
    await sources.change("entra", trusting(replace(PROVISIONING, app_id=APP)))
    await sources.change("other", trusting(replace(PROVISIONING, app_id=OTHER, object_id=SERVICE)))
    assert await source_of(sources, entra.sign(entra.claims(time.now()))) == "entra"
    assert await source_of(sources, entra.sign(entra.claims(time.now(), appid=OTHER))) == "other"
    assert await reason(sources, entra.sign(entra.claims(time.now(), appid=OTHER, oid=OTHER))) is Reason.AUDIENCE


async def test_a_token_that_two_sources_trust_all_the_same_is_refused(
    sources: Sources, entra: Entra, time: Time, storage: Storage
) -> None:
    await sources.create("other", "Other")
    source = replace(await sources.get("other"), entra=(PROVISIONING,))
    mine = replace(await sources.get("entra"), entra=(PROVISIONING,))
    for each in (source, mine):  # as two administrators at once could
        await storage.table("sources").transact([upsert(source_row(each))])
    assert await reason(sources, entra.sign(entra.claims(time.now()))) is Reason.AMBIGUOUS


async def test_an_audience_alone_lets_nobody_in_however_it_came_to_be_stored(
    sources: Sources, entra: Entra, time: Time, storage: Storage
) -> None:
    """Every custom app of a tenant can get tokens with the same audience."""
    source = replace(await sources.get("entra"), entra=(Trust(TENANT, CUSTOM_APPS),))
    await storage.table("sources").transact([upsert(source_row(source))])
    assert await reason(sources, entra.sign(entra.claims(time.now()))) is Reason.AUDIENCE


@pytest.mark.parametrize("change", [trusting, federated])
async def test_what_a_token_could_not_tell_apart_is_refused_at_configuration(sources: Sources, change: Any) -> None:
    await sources.create("other", "Other")
    here = Trust(TENANT, CUSTOM_APPS, object_id=SERVICE)
    await sources.change("entra", change(here))
    with pytest.raises(SourceExists, match="'entra'"):
        await sources.change("other", change(replace(here, app_id=APP)))
    with pytest.raises(SourceExists, match="'entra'"):
        await sources.change("entra", change(here, here))
    assert (await sources.get("other")).entra == ()


@pytest.mark.parametrize(
    ("trust", "words"),
    [
        (Trust(TENANT, CUSTOM_APPS), "every app of the tenant"),
        (replace(PROVISIONING, tenant="northwind.example"), "tenant must be a GUID"),
        (replace(PROVISIONING, tenant=""), "tenant must be a GUID"),
        (replace(PROVISIONING, audience=""), "audience must be"),
        (replace(PROVISIONING, audience="a b"), "audience must be"),
        (Trust(TENANT, CUSTOM_APPS, app_id="x"), "app_id must be a GUID"),
        (Trust(TENANT, CUSTOM_APPS, object_id="x"), "object_id must be a GUID"),
    ],
)
async def test_a_trust_that_cannot_be_is_refused_in_words(sources: Sources, trust: Trust, words: str) -> None:
    with pytest.raises(SourceRefused, match=words):
        await sources.change("entra", trusting(trust))


async def test_a_disabled_source_and_one_that_trusts_no_longer_are_out(
    trusting_sources: Sources, entra: Entra, time: Time
) -> None:
    text = entra.sign(entra.claims(time.now()))
    assert await source_of(trusting_sources, text) == "entra"
    await trusting_sources.enable("entra", enabled=False)
    assert await reason(trusting_sources, text) is Reason.DISABLED
    await trusting_sources.enable("entra")
    await trusting_sources.change("entra", trusting())
    assert await reason(trusting_sources, text) is Reason.AUDIENCE


async def test_a_refused_token_names_the_source_it_was_for(trusting_sources: Sources, entra: Entra, time: Time) -> None:
    text = entra.sign(entra.claims(time.now(), nbf=0, exp=1))
    with pytest.raises(Refused) as caught:
        await trusting_sources.authenticate(f"Bearer {text}")
    assert (caught.value.reason, caught.value.source) == (Reason.EXPIRED, "entra")


async def test_without_any_key_the_caller_is_told_to_come_again(
    trusting_sources: Sources, entra: Entra, time: Time
) -> None:
    entra.down = True
    text = entra.sign(entra.claims(time.now()))
    with pytest.raises(KeysUnreachable):
        await trusting_sources.authenticate(f"Bearer {text}")
    entra.down = False
    time.forward(timedelta(seconds=6))
    assert await source_of(trusting_sources, text) == "entra"


async def test_no_key_is_asked_for_before_a_source_trusts_the_token(
    trusting_sources: Sources, entra: Entra, time: Time
) -> None:
    await reason(trusting_sources, entra.sign(entra.claims(time.now(), tid=OTHER)))
    await reason(trusting_sources, entra.sign(entra.claims(time.now(), iss="https://evil.example")))
    assert entra.asked == []
