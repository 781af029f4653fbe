"""Limits of Table Storage are kept by the hub, because the emulator does not: a clear refusal, nothing half-written."""

import random
import string

import pytest

from connectors.contract import ObjectKind
from provisioning.directory.directory import Directory
from provisioning.directory.documents import pack, unpack
from provisioning.directory.outbox import Announcement
from provisioning.storage.entities import TooLarge, check_entity, insert
from provisioning.storage.store import Storage

USER = ObjectKind.USER
KEYS = {"PartitionKey": "p", "RowKey": "r"}


def noise(length: int) -> str:
    """Text that does not deflate well."""
    return "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=length))


@pytest.mark.parametrize("size", [10, 32_000, 40_000, 900_000])
def test_a_document_of_any_size_up_to_a_record_comes_back_whole(size: int) -> None:
    document = {"userName": "mira", "note": noise(size)}
    packed = pack(document)
    check_entity({**KEYS, **packed})
    assert unpack(packed) == document


async def test_a_larger_document_is_refused_and_leaves_nothing(
    directory: Directory, announced: list[Announcement]
) -> None:
    with pytest.raises(TooLarge, match="1 MiB"):
        await directory.create(USER, {"userName": "mira", "note": noise(2_000_000)}, "entra")
    assert announced == []
    assert await directory.counts.of(USER) == 0


async def test_more_addresses_than_one_change_can_index_are_refused(directory: Directory) -> None:
    emails = [{"type": "other", "value": f"m{n}@example.com"} for n in range(60)]
    with pytest.raises(TooLarge, match="to be found by"):
        await directory.create(USER, {"userName": "mira", "emails": emails}, "entra")


@pytest.mark.parametrize(
    ("entity", "words"),
    [
        ({f"p{n}": 1 for n in range(253)}, "253 properties"),
        ({"text": "x" * 32_769}, "property text"),
        ({f"p{n}": b"x" * 65_536 for n in range(17)}, "record has"),
        ({"RowKey": "k" * 513}, "key"),
    ],
)
async def test_an_entity_beyond_the_limits_is_refused_before_it_is_sent(
    storage: Storage, entity: dict[str, object], words: str
) -> None:
    with pytest.raises(TooLarge, match=words):
        await storage.table("directory").transact([insert({**KEYS, **entity})])
    assert await storage.table("directory").query("p", "", "~") == []


async def test_more_than_a_hundred_operations_are_refused(storage: Storage) -> None:
    operations = [insert({"PartitionKey": "p", "RowKey": f"{n:03}"}) for n in range(101)]
    with pytest.raises(TooLarge, match="101 operations"):
        await storage.table("directory").transact(operations)
    assert await storage.table("directory").query("p", "", "~") == []
