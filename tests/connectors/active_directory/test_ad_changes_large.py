"""Imports of a group of 1,600 members, more than Windows shows at once: by both ways, and taken up anywhere.

They have a domain controller of their own: an import by DirSync looks at the whole domain.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from connectors.active_directory import ActiveDirectoryConnector, ranges, told, usn
from connectors.active_directory.dialect import ACTIVE_DIRECTORY
from connectors.active_directory.identifiers import guid_text
from connectors.contract import MemberChange
from connectors.ldap_client.library import MODIFY_ADD
from connectors.ldap_client.session import Entry, Session
from connectors.ldap_client.tls import client_context
from sandbox.samba import GROUPS, READER, USERS, Samba
from sandbox.services import ServiceFailed
from tests.connectors.active_directory.conftest import USER, Opening, as_admin, person, settings_for, word
from tests.connectors.active_directory.importing import READING, Import, ids, read, read_pages

pytestmark = pytest.mark.samba

GROUP_DN = f"CN=large,{GROUPS}"


@dataclass(frozen=True, slots=True)
class Large:
    """A domain with one group. Tests that change its members put them back."""

    server: Samba
    group: str
    members: list[str]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Large]:
    """Make it (10 s)."""
    try:
        server = Samba.open(tmp_path_factory.mktemp("samba-large"), durable=False)
    except ServiceFailed as problem:
        pytest.skip(str(problem))
    with server:
        settings = settings_for(server, **as_admin(server))
        session = Session.open(settings, client_context(settings), server.address, ACTIVE_DIRECTORY)
        names = [f"CN=large-{number:04d},{USERS}" for number in range(1600)]
        for dn in names:
            session.add(dn, ["user"], {"sAMAccountName": [dn[3:13].encode()]}, "objectGUID")
        session.add(GROUP_DN, ["group"], {"sAMAccountName": [b"large"]}, "objectGUID")
        for start in range(0, len(names), 400):
            members = [dn.encode() for dn in names[start : start + 400]]
            session.modify(GROUP_DN, {"member": [(MODIFY_ADD, members)]})
        found: dict[str, str] = {}
        for base in (USERS, GROUPS):
            entries: Iterator[Entry] = session.search(base, "(cn=large*)", ["objectGUID"])
            found |= {entry.dn: guid_text(entry.octets("objectGUID")[0]) for entry in entries}
        session.close()
        yield Large(server, found[GROUP_DN], [found[dn] for dn in names])


@pytest.fixture
async def opened(large: Large) -> AsyncIterator[Opening]:
    """Open connectors to this domain."""
    connectors: list[ActiveDirectoryConnector] = []

    def open_with(**changes: object) -> ActiveDirectoryConnector:
        connectors.append(ActiveDirectoryConnector.open(settings_for(large.server, **changes)))
        return connectors[-1]

    yield open_with
    for connector in connectors:
        await connector.close()


async def test_the_members_are_read_by_range(large: Large, opened: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    piece_of = ranges.piece_of

    def counted(entry: Entry, name: str) -> ranges.Piece:
        piece = piece_of(entry, name)
        asked.append(len(piece.values))
        return piece

    monkeypatch.setattr(ranges, "piece_of", counted)
    assert set(await opened().members(large.group)) == set(large.members)
    assert asked == [1500, 100]


async def test_by_dirsync_only_who_came_and_who_went_is_told(large: Large, opened: Opening) -> None:
    connector = opened(import_by="dirsync")
    first = await read(connector)
    assert first.members(large.group) == (set(large.members), set())
    assert max(len(page.changes) for page in first.pages) <= 500
    newcomer = (await connector.create(USER, person(word()), active=True)).remote_id
    await connector.change_members(large.group, [newcomer], [large.members[700]])
    second = await read(connector, first.cursor)
    told = [change for page in second.pages for change in page.members]
    assert told == [MemberChange(large.group, (newcomer,), (large.members[700],))]
    await connector.change_members(large.group, [large.members[700]], [newcomer])


async def test_by_usn_a_changed_group_is_told_with_all_of_its_members(large: Large, opened: Opening) -> None:
    connector = opened(import_by="usn")
    first = await read(connector)
    assert first.members(large.group)[0] == set(large.members)
    newcomer = (await connector.create(USER, person(word()), active=True)).remote_id
    await connector.change_members(large.group, [newcomer], [large.members[3]])
    second = await read(connector, first.cursor)
    (change,) = [change for page in second.pages for change in page.members]
    assert change.whole
    assert set(change.added) == {newcomer, *large.members} - {large.members[3]}
    await connector.change_members(large.group, [large.members[3]], [newcomer])


@pytest.mark.parametrize("way", ["dirsync", "usn"])
async def test_a_page_resumes_in_another_process(large: Large, opened: Opening, way: str) -> None:
    connector = opened(import_by=way)
    whole = await read(connector)
    assert len(whole.pages) >= 5
    for count in (2, len(whole.pages) - 1):
        begun = await read_pages(connector, None, count)
        again = opened(import_by=way)
        rest = Import([page async for page in again.changes(begun[-1].cursor, READING)])
        assert not rest.starts
        assert rest.pages[-1].complete
        told = {*ids(change for page in begun for change in page.changes), *ids(rest.changes)}
        assert told >= set(ids(whole.changes))
        came = {i for page in begun for change in page.members for i in change.added}
        assert came | rest.members(large.group)[0] >= set(large.members)


async def test_a_comparison_resumes_as_well(large: Large, opened: Opening) -> None:
    reader = opened(bind_user=READER, bind_password=large.server.reader_password)
    first = await read(reader)
    user = await opened().create(USER, person(word()), active=True)
    begun = await read_pages(reader, first.cursor, 1)
    rest = Import([page async for page in reader.changes(begun[-1].cursor, READING)])
    named = {standing.remote_id for page in begun for standing in page.standing} | rest.standing
    assert named >= set(large.members)
    assert rest.told(user.remote_id)
    assert rest.pages[-1].complete


async def test_windows_are_small_however_many_objects_there_are(
    large: Large, opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    tell = told.Teller.objects

    def counted(teller: told.Teller, *values: object) -> told.Told:
        sizes.append(len(values[2]))  # type: ignore[arg-type]  # the entries
        return tell(teller, *values)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(told.Teller, "objects", counted)
    whole = await read(opened(import_by="usn"))
    assert whole.told(*large.members) == set(large.members)
    assert max(sizes) <= usn.ACCOUNTS
