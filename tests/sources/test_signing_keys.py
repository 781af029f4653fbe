"""Signing keys: kept by kid, read again for an unknown one but rarely, used while the authority is down."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from provisioning.setting_rules import origins
from provisioning.sources.authority import PUBLIC_CLOUD, Authority
from provisioning.sources.errors import KeysUnreachable
from provisioning.sources.key_sets import read_key_set, usable_keys
from provisioning.sources.signing_keys import SigningKeys
from sandbox.certificates import Certificates
from tests.sources.conftest import TENANT, Entra, Time

BOTH = [f"/{TENANT}/discovery/v2.0/keys", f"/{TENANT}/discovery/keys"]


@pytest.fixture
def keys(entra: Entra, entra_certificates: Certificates, time: Time) -> SigningKeys:
    """The keys of the test's Entra."""
    authority = Authority.chosen(entra.origin, origins(entra.origin.removeprefix("https://")))
    return SigningKeys(authority, lambda url: read_key_set(url, entra_certificates.ca), time.clock)


async def settled() -> None:
    """Let a read in the background end."""
    await asyncio.gather(*(task for task in asyncio.all_tasks() if "_renew" in repr(task)))


async def test_keys_are_read_once_for_many_callers(keys: SigningKeys, entra: Entra) -> None:
    found = await asyncio.gather(*(keys.get(TENANT, "k1") for _ in range(20)))
    assert all(key is found[0] and key is not None for key in found)
    assert entra.asked == BOTH


async def test_a_new_key_is_found_within_a_minute(keys: SigningKeys, entra: Entra, time: Time) -> None:
    await keys.get(TENANT, "k1")
    entra.new_key("k2")
    assert await keys.get(TENANT, "k2") is None
    time.forward(timedelta(seconds=60))
    assert await keys.get(TENANT, "k2") is not None


async def test_unknown_kids_have_the_keys_read_once_a_minute(keys: SigningKeys, entra: Entra, time: Time) -> None:
    for second in range(180):
        for kid in range(3):
            assert await keys.get(TENANT, f"made-up-{second}-{kid}") is None
        time.forward(timedelta(seconds=1))
    assert len(entra.asked) == 3 * len(BOTH)


async def test_known_keys_are_used_while_the_authority_is_down(keys: SigningKeys, entra: Entra, time: Time) -> None:
    first = await keys.get(TENANT, "k1")
    entra.down = True
    for _ in range(3):
        time.forward(timedelta(days=2))
        assert await keys.get(TENANT, "k1") is first
        await settled()
    assert await keys.get(TENANT, "unknown") is None


async def test_keys_older_than_a_day_are_read_again_without_holding_up_a_caller(
    keys: SigningKeys, entra: Entra, time: Time
) -> None:
    first = await keys.get(TENANT, "k1")
    entra.new_key("k2")
    entra.keys.pop("k1")
    time.forward(timedelta(hours=25))
    assert await keys.get(TENANT, "k1") is first
    await settled()
    assert await keys.get(TENANT, "k1") is None, "withdrawn"


async def test_keys_that_were_never_read_are_asked_for_every_five_seconds(
    keys: SigningKeys, entra: Entra, time: Time
) -> None:
    entra.down = True
    for _ in range(10):
        with pytest.raises(KeysUnreachable):
            await keys.get(TENANT, "k1")
        time.forward(timedelta(seconds=1))
    assert len(entra.asked) == 2


@pytest.mark.parametrize("answer", [[], {}, {"keys": 1}, {"keys": [1, {}, {"kty": "RSA", "kid": "k1", "n": "?"}]}, "x"])
async def test_an_answer_that_holds_no_keys_is_no_answer(keys: SigningKeys, entra: Entra, answer: Any) -> None:
    entra.answer = answer
    with pytest.raises(KeysUnreachable):
        await keys.get(TENANT, "k1")


async def test_an_answer_that_is_too_large_is_not_read(entra: Entra, entra_certificates: Certificates) -> None:
    entra.answer = {"keys": ["x" * 300_000]}
    with pytest.raises(KeysUnreachable, match="more than"):
        await read_key_set(f"{entra.origin}/x", entra_certificates.ca)


async def test_an_authority_whose_certificate_nobody_vouches_for_is_not_believed(entra: Entra) -> None:
    with pytest.raises(KeysUnreachable, match="could not be read"):
        await read_key_set(f"{entra.origin}/x")


def test_only_rsa_signing_keys_of_2048_bits_for_the_issuer_are_used(entra: Entra) -> None:
    entra.new_key("short", bits=1024)
    issuers = PUBLIC_CLOUD.issuers(TENANT)
    good = entra.public("k1")
    listed = [
        good,
        entra.public("short"),
        {**good, "kid": "encrypts", "use": "enc"},
        {**good, "kid": "other kind", "kty": "EC"},
        {**good, "kid": "ours", "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0"},
        {**good, "kid": "personal", "issuer": "https://login.microsoftonline.com/9188040d/v2.0"},
        {**good, "kid": ["list"]},
        {**good, "kid": "no number", "n": "!"},
    ]
    assert set(usable_keys({"keys": listed}, issuers, TENANT)) == {"k1", "ours"}


@pytest.mark.parametrize(
    ("url", "v1", "v2"),
    [
        ("https://login.microsoftonline.com", "https://sts.windows.net/t/", "https://login.microsoftonline.com/t/v2.0"),
        ("https://login.microsoftonline.us/", "https://sts.windows.net/t/", "https://login.microsoftonline.us/t/v2.0"),
        (
            "https://login.partner.microsoftonline.cn",
            "https://sts.chinacloudapi.cn/t/",
            "https://login.partner.microsoftonline.cn/t/v2.0",
        ),
        ("https://proxy.example:8443", "https://sts.windows.net/t/", "https://login.microsoftonline.com/t/v2.0"),
    ],
)
def test_each_cloud_has_its_issuers_and_a_trusted_host_stands_for_the_public_one(url: str, v1: str, v2: str) -> None:
    chosen = Authority.chosen(url, origins("localhost:1, proxy.example:8443"))
    assert chosen.issuers("t") == (v1, v2)
    assert chosen.key_urls("t")[0] == f"{url.rstrip('/')}/t/discovery/v2.0/keys"


@pytest.mark.parametrize(
    "url",
    ["https://evil.example", "http://login.microsoftonline.com", "https://u@login.microsoftonline.com",
     "https://login.microsoftonline.com:444", "https://login.microsoftonline.com/x", ""],
)  # fmt: skip
def test_any_other_authority_is_refused_in_words(url: str) -> None:
    with pytest.raises(ValueError, match="LOCKSTEP_ENTRA_AUTHORITY"):
        Authority.chosen(url, origins("localhost:1"))
