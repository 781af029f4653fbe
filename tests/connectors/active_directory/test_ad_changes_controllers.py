"""Imports from a domain with two controllers, one of which goes away: what each way makes of the other one."""

import json
from collections.abc import AsyncIterator

import pytest

from connectors.active_directory import ActiveDirectoryConnector
from connectors.contract import Account
from sandbox.samba import Samba
from sandbox.samba_pair import replicate
from tests.connectors.active_directory.conftest import USER, person, settings_for, word
from tests.connectors.active_directory.importing import READING, read

pytestmark = pytest.mark.samba

type Pair = tuple[Samba, Samba]


def connect(pair: Pair, *, way: str, first: int = 0) -> ActiveDirectoryConnector:
    """Open a connector that tries one controller and then the other."""
    host = f"{pair[first].address}, {pair[1 - first].address}"
    authorities = "\n".join(controller.certificates.ca.read_text() for controller in pair)
    return ActiveDirectoryConnector.open(
        settings_for(pair[0], host=host, ca_file=None, ca_pem=authorities, import_by=way)
    )


@pytest.fixture
async def standing(samba_pair: Pair) -> AsyncIterator[Account]:
    """A user whom both controllers know. The first controller runs again when the test ends."""
    connector = connect(samba_pair, way="auto")
    user = await connector.create(USER, person(word(), title="Engineer"), active=True)
    await connector.close()
    replicate(samba_pair[0], samba_pair[1])
    yield user
    if not samba_pair[0].service.alive:
        samba_pair[0].start()
    replicate(samba_pair[1], samba_pair[0])


async def test_usn_reads_everything_anew_from_the_other_controller_and_stays_with_it(
    samba_pair: Pair, standing: Account
) -> None:
    first, second = samba_pair
    connector = connect(samba_pair, way="usn")
    before = await read(connector)
    assert json.loads(before.cursor)["host"] == first.address
    first.stop()
    after = await read(connector, before.cursor)
    assert after.starts
    assert after.note.startswith(f"Another domain controller answers than {first.address}, and it counts changes")
    assert after.note.endswith("by uSNChanged of dc2.corp.example.test.")
    assert after.told(standing.remote_id)
    first.start()
    changed = connect(samba_pair, way="usn", first=1)
    await changed.update(USER, standing.remote_id, {"title": "Lead"})
    again = await read(connector, after.cursor)
    assert not again.starts
    assert json.loads(again.cursor)["host"] == second.address
    assert again.told(standing.remote_id)
    await connector.close()
    await changed.close()


async def test_dirsync_goes_on_at_the_other_controller(samba_pair: Pair, standing: Account) -> None:
    first, second = samba_pair
    connector = connect(samba_pair, way="dirsync")
    before = await read(connector)
    await connector.update(USER, standing.remote_id, {"title": "Lead"})
    newcomer = await connector.create(USER, person(word()), active=True)
    replicate(first, second)
    first.stop()
    late = await connector.create(USER, person(word()), active=True)
    after = await read(connector, before.cursor)
    assert not after.starts
    assert after.note == f"Another domain controller answers than {first.address}; it may repeat what was told."
    assert after.told(standing.remote_id, newcomer.remote_id, late.remote_id) == {
        standing.remote_id,
        newcomer.remote_id,
        late.remote_id,
    }
    assert [change.account.attributes["title"] for change in after.of(standing.remote_id)] == ["Lead"]
    quiet = await read(connector, after.cursor)
    assert (quiet.changes, quiet.note) == ([], "")
    await connector.close()


@pytest.mark.parametrize("way", ["usn", "dirsync"])
async def test_a_controller_that_goes_away_in_the_middle_of_a_snapshot_costs_nothing(
    samba_pair: Pair, standing: Account, way: str
) -> None:
    first, second = samba_pair
    connector = connect(samba_pair, way=way)
    stream = connector.changes(None, READING)
    pages = [await anext(stream)]
    first.stop()
    pages += [page async for page in stream]
    assert pages[-1].complete
    starts = [index for index, page in enumerate(pages) if page.starts]
    told = {change.account.remote_id for page in pages[starts[-1] :] for change in page.changes}
    assert standing.remote_id in told
    assert json.loads(pages[-1].cursor)["host"] == second.address
    assert len(starts) == 2
    assert pages[starts[1]].note.startswith(f"Another domain controller answers than {first.address}, ")
    await connector.close()
