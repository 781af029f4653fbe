"""Sources and their tokens: known by hash only, shown once, revoked at once, told apart by nothing an outsider sees."""

import hashlib

import pytest

from provisioning.directory.store import Storage
from provisioning.sources.sources import SourceExists, SourceMissing, SourceRefused, Sources


@pytest.fixture
async def sources(storage: Storage) -> Sources:
    made = Sources(storage)
    await made.create("entra", "Entra")
    return made


async def test_an_issued_token_lets_its_source_in(sources: Sources) -> None:
    token, text = await sources.issue("entra", "first")
    assert len(text) > 40
    found = await sources.authenticate(f"Bearer {text}")
    assert found is not None
    assert found.source == "entra"
    assert [each.id for each in (await sources.get("entra")).tokens] == [token.id]


async def test_only_the_hash_of_a_token_is_stored(sources: Sources, storage: Storage) -> None:
    _, text = await sources.issue("entra")
    rows = await storage.table("sources").query("sources", "", "~")
    assert text not in repr(rows)
    assert hashlib.sha256(text.encode()).hexdigest() in repr(rows)


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic abc", "Bearer " + "x" * 5000, "bearer\twrong"]
)
async def test_anything_else_is_kept_out(sources: Sources, header: str | None) -> None:
    await sources.issue("entra")
    assert await sources.authenticate(header) is None


async def test_a_token_made_elsewhere_is_registered_by_its_hash(sources: Sources) -> None:
    await sources.register("entra", hashlib.sha256(b"chosen").hexdigest(), "by hand")
    await sources.register("entra", hashlib.sha256(b"chosen").hexdigest(), "again")
    assert await sources.authenticate("bearer chosen") is not None
    assert len((await sources.get("entra")).tokens) == 1


async def test_a_token_belongs_to_one_source(sources: Sources) -> None:
    await sources.create("okta", "Okta")
    await sources.register("entra", hashlib.sha256(b"chosen").hexdigest())
    with pytest.raises(SourceExists):
        await sources.register("okta", hashlib.sha256(b"chosen").hexdigest())


async def test_a_revoked_token_is_out_at_once_and_the_other_stays(sources: Sources) -> None:
    token, text = await sources.issue("entra")
    _, second = await sources.issue("entra")
    assert await sources.authenticate(f"Bearer {text}") is not None
    await sources.revoke("entra", token.id)
    assert await sources.authenticate(f"Bearer {text}") is None
    assert await sources.authenticate(f"Bearer {second}") is not None


async def test_a_disabled_source_is_out_with_all_its_tokens(sources: Sources) -> None:
    _, text = await sources.issue("entra")
    await sources.enable("entra", enabled=False)
    assert await sources.authenticate(f"Bearer {text}") is None
    await sources.enable("entra")
    assert await sources.authenticate(f"Bearer {text}") is not None


async def test_what_is_not_there_or_not_acceptable_is_refused(sources: Sources) -> None:
    with pytest.raises(SourceExists):
        await sources.create("entra", "again")
    with pytest.raises(SourceRefused):
        await sources.create("En/tra", "x")
    with pytest.raises(SourceRefused):
        await sources.register("entra", "not a hash")
    for call in (
        sources.get("x"),
        sources.issue("x"),
        sources.revoke("entra", "0" * 16),
        sources.revoke("entra", "x'"),
    ):
        with pytest.raises(SourceMissing):
            await call
