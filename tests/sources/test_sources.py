"""Sources and their tokens: known by hash only, shown once, revoked at once, told apart by nothing an outsider sees."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.contract import ObjectKind
from provisioning.sources.caller import Caller, Profile
from provisioning.sources.errors import Reason, Refused, SourceExists, SourceMissing, SourceRefused
from provisioning.sources.rates import Rate
from provisioning.sources.source import Access, CredentialKind, Source
from provisioning.sources.sources import Sources
from provisioning.storage.store import Storage
from tests.sources.conftest import Time, reason, source_of


async def test_an_issued_token_lets_its_source_in(sources: Sources) -> None:
    token, text = await sources.issue("entra", "first")
    assert len(text) > 40
    assert await sources.authenticate(f"Bearer {text}") == Caller("entra")
    assert [each.id for each in (await sources.get("entra")).tokens] == [token.id]


async def test_only_the_hash_of_a_token_is_stored(sources: Sources, storage: Storage) -> None:
    _, text = await sources.issue("entra")
    _, secret = await sources.issue_secret("entra")
    rows = await storage.table("sources").query("sources", "", "~")
    assert text not in repr(rows)
    assert secret not in repr(rows)
    assert hashlib.sha256(text.encode()).hexdigest() in repr(rows)


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (None, Reason.MISSING),
        ("", Reason.MISSING),
        ("Bearer", Reason.MISSING),
        ("Bearer ", Reason.MISSING),
        ("Basic abc", Reason.MISSING),
        ("bearer\twrong", Reason.MISSING),
        ("Bearer " + "x" * 9000, Reason.MISSING),
        ("Bearer wrong", Reason.UNKNOWN),
        ("Bearer \ud800", Reason.UNKNOWN),
        ("Bearer lsa_wrong", Reason.UNKNOWN),
        ("Bearer eyJ.e30.x", Reason.MALFORMED),
    ],
)
async def test_anything_else_is_kept_out(sources: Sources, header: str | None, why: Reason) -> None:
    await sources.issue("entra")
    with pytest.raises(Refused) as caught:
        await sources.authenticate(header)
    assert (caught.value.reason, caught.value.source) == (why, "")


async def test_a_token_made_elsewhere_is_registered_by_its_hash(sources: Sources) -> None:
    await sources.register("entra", hashlib.sha256(b"chosen").hexdigest(), "by hand")
    await sources.register("entra", hashlib.sha256(b"chosen").hexdigest(), "again")
    assert (await sources.authenticate("bearer chosen")).source == "entra"
    assert len((await sources.get("entra")).tokens) == 1


async def test_a_token_belongs_to_one_source(sources: Sources) -> None:
    await sources.create("okta", "Okta")
    await sources.register("entra", hashlib.sha256(b"chosen").hexdigest())
    with pytest.raises(SourceExists):
        await sources.register("okta", hashlib.sha256(b"chosen").hexdigest())


async def test_a_revoked_token_is_out_at_once_and_the_other_stays(sources: Sources) -> None:
    token, text = await sources.issue("entra")
    _, second = await sources.issue("entra")
    assert await source_of(sources, text) == "entra"
    await sources.revoke("entra", token.id)
    assert await reason(sources, text) is Reason.UNKNOWN
    assert await source_of(sources, second) == "entra"


async def test_a_token_that_another_instance_revoked_is_out_within_thirty_seconds(
    sources: Sources, storage: Storage, time: Time
) -> None:
    token, text = await sources.issue("entra")
    await source_of(sources, text)
    await Sources(storage).revoke("entra", token.id)
    time.forward(timedelta(seconds=31))
    assert await reason(sources, text) is Reason.UNKNOWN


async def test_a_token_that_another_instance_issued_is_good_at_once(sources: Sources, storage: Storage) -> None:
    _, first = await sources.issue("entra")
    await source_of(sources, first)
    _, text = await Sources(storage).issue("entra")
    assert await source_of(sources, text) == "entra"


async def test_a_disabled_source_is_out_with_all_its_tokens(sources: Sources) -> None:
    _, text = await sources.issue("entra")
    await sources.enable("entra", enabled=False)
    assert await reason(sources, text) is Reason.DISABLED
    await sources.enable("entra")
    assert await source_of(sources, text) == "entra"


async def test_a_token_is_out_from_its_end_on(sources: Sources, time: Time) -> None:
    _, text = await sources.issue("entra", expires=time.now() + timedelta(days=1))
    assert await source_of(sources, text) == "entra"
    time.forward(timedelta(days=1))
    assert await reason(sources, text) is Reason.EXPIRED


async def test_a_client_secret_is_no_bearer_token(sources: Sources) -> None:
    _, secret = await sources.issue_secret("entra")
    assert await reason(sources, secret) is Reason.UNKNOWN


async def test_what_a_source_may_do_is_stored_and_handed_to_its_callers(sources: Sources) -> None:
    _, text = await sources.issue("entra")

    def narrowed(source: Source) -> Source:
        profile = Profile(strict=True, patch_answers_resource=False)
        access = Access(frozenset({ObjectKind.GROUP}), writes=False, own_only=True, profile=profile)
        return replace(source, access=access, rate=Rate(5, 7))

    changed = await sources.change("entra", narrowed)
    assert changed == await sources.get("entra")
    assert changed.rate == Rate(5, 7)
    assert await sources.authenticate(f"Bearer {text}") == Caller(
        "entra", frozenset({ObjectKind.GROUP}), False, True, Profile(True, False), Rate(5, 7)
    )


async def test_changes_of_one_source_at_the_same_time_lose_nothing(sources: Sources, storage: Storage) -> None:
    other = Sources(storage)

    def longer(source: Source) -> Source:
        return replace(source, name=f"{source.name}+")

    await asyncio.gather(*(each.change("entra", longer) for each in (sources, other, sources)))
    assert (await sources.get("entra")).name == "Entra+++"


async def test_what_is_not_there_or_not_acceptable_is_refused(sources: Sources, time: Time) -> None:
    with pytest.raises(SourceExists):
        await sources.create("entra", "again")
    with pytest.raises(SourceRefused):
        await sources.create("En/tra", "x")
    with pytest.raises(SourceRefused):
        await sources.register("entra", "not a hash")
    with pytest.raises(SourceRefused, match="in the future"):
        await sources.issue("entra", expires=time.now())
    with pytest.raises(SourceRefused, match="within 1095 days"):
        await sources.issue_secret("entra", expires=time.now() + timedelta(days=1096))
    for call in (
        sources.get("x"),
        sources.issue("x"),
        sources.revoke("entra", "0" * 16),
        sources.revoke("entra", "x'"),
    ):
        with pytest.raises(SourceMissing):
            await call


async def test_a_token_is_not_revoked_as_a_secret_nor_a_secret_as_a_token(sources: Sources) -> None:
    token, _ = await sources.issue("entra")
    secret, _ = await sources.issue_secret("entra")
    with pytest.raises(SourceMissing):
        await sources.revoke("entra", token.id, CredentialKind.SECRET)
    with pytest.raises(SourceMissing):
        await sources.revoke("entra", secret.id)


async def test_a_source_has_ten_tokens_and_ten_secrets_at_most(sources: Sources) -> None:
    for _ in range(10):
        await sources.issue("entra")
        await sources.issue_secret("entra")
    with pytest.raises(SourceRefused, match="10 tokens"):
        await sources.issue("entra")
    with pytest.raises(SourceRefused, match="10 secrets"):
        await sources.issue_secret("entra")
