"""Imports from LDAP beyond the contract: the server's clock, servers that compare no ids, and groups of any size."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from connectors.contract import Account, Change, ObjectKind, Page, Reading, Reference
from connectors.ldap import LdapConnector, cursors, imports, pages, slices, timestamps
from connectors.ldap_client.session import Session
from sandbox.slapd import USERS, Slapd
from tests.connectors.ldap.conftest import settings_for, word
from tests.connectors.ldap.ldap_proxy import LdapProxy

pytestmark = pytest.mark.slapd

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
SEARCH_REQUEST = 0x63


@pytest.fixture
async def own(slapd: Slapd, admin: Session) -> AsyncIterator[Callable[..., LdapConnector]]:
    """Open connectors to a part of the tree that nobody else uses."""
    base, made = f"ou={word()},{USERS}", list[LdapConnector]()
    for unit in (base, f"ou=teams,{base}", f"ou=gone,{base}"):
        admin.add(unit, ["organizationalUnit"], {}, "entryUUID")

    def opened(**settings: Any) -> LdapConnector:
        given = {"user_base": base, "group_base": f"ou=teams,{base}", **settings}
        made.append(LdapConnector.open(settings_for(slapd, **given)))
        return made[-1]

    yield opened
    for connector in made:
        await connector.close()


async def user(connector: LdapConnector, **values: str | Reference) -> Account:
    return await connector.create(USER, {"uid": word(), **values}, active=True)


async def read(connector: LdapConnector, cursor: str | None, reading: Reading | None = None) -> list[Page]:
    return [page async for page in connector.changes(cursor, reading or Reading())]


def told(stream: list[Page]) -> list[str]:
    return [change.account.remote_id for page in stream for change in page.changes]


def standing(stream: list[Page]) -> list[str]:
    return [each.remote_id for page in stream for each in page.standing]


async def test_who_did_not_change_is_named_by_id_alone_and_who_did_comes_whole(own: Any, admin: Session) -> None:
    connector = own(import_overlap=1)
    mira, noa = await user(connector, title="Engineer"), await user(connector)
    first = await read(connector, None)
    assert sorted(told(first)) == sorted([mira.remote_id, noa.remote_id])
    await connector.update(USER, mira.remote_id, {"title": "Lead"})
    second = await read(connector, first[-1].cursor)
    assert (told(second), standing(second)) == ([mira.remote_id], [noa.remote_id])
    (change,) = [change for page in second for change in page.changes]
    assert isinstance(change, Change)
    assert (change.partial, change.account.attributes["title"], change.account.active) == (False, "Lead", True)
    assert second[0].starts
    assert second[-1].complete


async def test_changes_within_one_second_are_all_seen(own: Any) -> None:
    """modifyTimestamp knows seconds: what it says twice may be two states."""
    connector = own(import_overlap=1)
    mira, cursor = await user(connector), None
    for number in range(8):
        await connector.update(USER, mira.remote_id, {"title": f"Title {number}"})
        stream = await read(connector, cursor)
        cursor = stream[-1].cursor
        seen = [change.account.attributes["title"] for page in stream for change in page.changes]
        assert seen == [f"Title {number}"]


async def test_a_change_from_within_the_overlap_is_seen_late_but_once(
    own: Any, admin: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that another server made, by a clock behind this one's, and that arrives after the import."""
    connector = own(import_overlap=600)
    mira = await user(connector)
    first = await read(connector, None)
    # The import ended at a time that lies ahead of the next change's.
    ahead = timestamps.moved((await cursor_of(first)).since, 300)
    await connector.update(USER, mira.remote_id, {"title": "Late"})
    late = replace(await cursor_of(first), since=ahead)
    second = await read(connector, late.text())
    assert told(second) == [mira.remote_id]
    assert told(await read(connector, second[-1].cursor)) == []


async def cursor_of(stream: list[Page]) -> cursors.Cursor:
    cursor = cursors.parsed(stream[-1].cursor)
    assert cursor is not None
    return cursor


async def test_the_last_change_is_told_by_the_servers_clock_and_never_lies_ahead_of_ours(
    own: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector = own()
    await user(connector)
    stream = await read(connector, None)
    changed = (await cursor_of(stream)).since

    for since in ("", changed, timestamps.moved(changed, -9000)):
        assert await connector._run(lambda directory, since=since: timestamps.latest(directory, since)) == changed
    ahead = timestamps.moved(changed, 9000)
    assert await connector._run(lambda directory: timestamps.latest(directory, ahead)) <= timestamps.now()
    monkeypatch.setattr(timestamps, "now", lambda: timestamps.moved(changed, -50))
    assert await connector._run(lambda directory: timestamps.latest(directory, "")) == timestamps.moved(changed, -50)


async def test_without_readable_timestamps_everybody_is_read_each_time_and_that_is_told(
    own: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector = own()
    mira = await user(connector)
    monkeypatch.setattr(imports, "latest", lambda *_: "")
    cursor = None
    for _ in range(2):
        stream = await read(connector, cursor)
        cursor = stream[-1].cursor
        assert told(stream) == [mira.remote_id]
        assert "may not read modifyTimestamp" in stream[0].note


@pytest.mark.parametrize("compares", [True, False])
async def test_streams_go_on_after_every_page_whether_the_server_compares_ids_or_not(
    own: Any, monkeypatch: pytest.MonkeyPatch, compares: bool
) -> None:
    monkeypatch.setattr(pages, "MOST_CHANGES", 3)
    monkeypatch.setattr(pages, "MOST_IDS", 4)
    monkeypatch.setattr(slices, "WISHED", 5)
    monkeypatch.setattr(slices, "MOST", 7)
    if not compares:
        monkeypatch.setattr(imports, "compares_ids", lambda _: False)
    connector = own(import_overlap=1)
    made = {(await user(connector)).remote_id for _ in range(23)}
    cursor: str | None = None
    for expected in ("told", "standing"):
        seen, complete, count = list[str](), False, 0
        while not complete:
            # Another process for every page.
            page = await anext(own(import_overlap=1).changes(cursor, Reading()))
            assert page.starts is (count == 0)
            seen += told([page]) if expected == "told" else standing([page]) + told([page])
            cursor, complete, count = page.cursor, page.complete, count + 1
            assert len(page.changes) <= 3
        assert count >= 5
        assert (len(seen), set(seen)) == (len(made), made)


async def test_a_server_that_gives_wrong_answers_about_ranges_of_ids_is_found_out(
    own: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await own()._run(slices.compares_ids)
    assert not await own(id_attribute="ou")._run(slices.compares_ids), "names are no UUIDs"
    monkeypatch.setattr(slices, "at_least", lambda *_: "(objectClass=*)")
    assert not await own()._run(slices.compares_ids)


async def test_a_group_beyond_a_page_comes_in_parts_and_can_be_taken_up_in_the_middle(
    own: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST_MEMBERS", 4)
    connector = own()
    ids = [(await user(connector)).remote_id for _ in range(11)]
    for members in (ids, ids[:4], []):
        team = await connector.create(GROUP, {"cn": word()}, active=True)
        await connector.change_members(team.remote_id, members, [])
    whole = await read(connector, None)
    parts = [change for page in whole for change in page.members]
    assert sorted(len(change.added) for change in parts) == [0, 3, 4, 4, 4]
    assert sorted(change.whole for change in parts) == [False, False, False, True, True]
    assert sorted(m for change in parts if not change.whole for m in change.added) == sorted(ids)
    assert all(sum(len(change.added) for change in page.members) <= 8 for page in whole)
    cursor, seen, pages_read = None, list[str](), 0
    while True:
        page = await anext(own().changes(cursor, Reading(frozenset({GROUP}))))
        seen += [member for change in page.members if not change.whole for member in change.added]
        cursor, pages_read = page.cursor, pages_read + 1
        if page.complete:
            break
        assert pages_read < 10, "the stream does not get on"
    assert sorted(seen) == sorted(ids)


async def test_another_directory_under_the_same_name_is_noticed(own: Any, admin: Session) -> None:
    connector = own()
    stream = await read(connector, None)
    base = connector._settings.user_base
    other = f"ou={word()},{USERS}"
    admin.rename(base, other.partition(",")[0])
    for unit in (base, f"ou=teams,{base}"):
        admin.add(unit, ["organizationalUnit"], {}, "entryUUID")
    again = await read(connector, stream[-1].cursor)
    assert "another directory" in again[0].note


async def test_other_settings_are_noticed_and_cosmetic_ones_are_not(own: Any) -> None:
    connector = own()
    cursor = (await read(connector, None))[-1].cursor
    assert "the settings" in (await read(own(user_class="person"), cursor))[0].note
    assert (await read(own(connections=2, response_timeout=7), cursor))[0].note == ""


async def test_who_is_moved_while_both_places_are_read_is_in_the_picture(
    own: Any, admin: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deactivated users live in a place of their own: activated between the two searches, they were in neither."""
    base = own()._settings.user_base
    people, gone = f"ou=teams,{base}", f"ou=gone,{base}"
    connector = own(user_base=people, deactivation="move", inactive_base=gone)
    mira = await connector.create(USER, {"uid": word()}, active=False)
    search, moves = Session.search, list[str]()

    def moving(self: Session, place: str, *given: Any, **more: Any) -> Any:
        found = list(search(self, place, *given, **more))
        if place == people and not moves and "inetOrgPerson" in given[0]:
            moves.append(place)
            admin.rename(mira.name, mira.name.partition(",")[0], parent=people)
        return iter(found)

    monkeypatch.setattr(Session, "search", moving)
    stream = await read(connector, None, Reading(frozenset({USER})))
    assert moves
    assert told(stream) == [mira.remote_id]


async def test_what_is_asked_for_by_another_name_comes_by_that_name_and_nothing_else_comes(own: Any) -> None:
    connector = own()
    await user(connector, sn="Ito", title="Engineer")
    asked = Reading(attributes={USER: ("surname", "uid", "userPassword")})
    (change,) = [change for page in await read(connector, None, asked) for change in page.changes]
    assert change.account.attributes.keys() == {"surname", "uid"}
    assert change.account.attributes["surname"] == "Ito"


async def test_managers_of_a_page_are_looked_up_together(slapd: Slapd, own: Any) -> None:
    connector = own()
    boss = await user(connector)
    for _ in range(30):
        await user(connector, manager=Reference(USER, boss.remote_id))
    async with LdapProxy(slapd).serve() as proxy:
        through = own(port=proxy.port)
        stream = await read(through, None, Reading(frozenset({USER})))
        before = len(proxy.requests)
        assert proxy.requests.count(SEARCH_REQUEST) < 90
        assert len(told(stream)) == 31
        managers = {c.account.attributes.get("manager") for page in stream for c in page.changes}
        assert managers == {None, Reference(USER, boss.remote_id)}
        await read(through, stream[-1].cursor, Reading(frozenset({USER})))
        assert len(proxy.requests) - before < 40


async def test_a_stream_is_left_in_the_middle_without_harm(own: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_CHANGES", 2)
    connector = own(connections=1)
    made = [(await user(connector)).remote_id for _ in range(5)]
    stream = connector.changes(None, Reading())
    page = await anext(stream)
    await stream.aclose()
    rest = await read(connector, page.cursor)
    assert sorted(told([page]) + told(rest)) == sorted(made)


RELAX = ("1.3.6.1.4.1.4203.666.5.12", True, None)
"""OpenLDAP's control that lets its administrator write operational attributes."""


async def test_one_entry_with_a_time_that_lies_ahead_hides_no_change_of_the_others(own: Any, admin: Session) -> None:
    """The server's clock was wrong for a moment, years ahead: what it stamped then stays so."""
    connector = own(import_overlap=1)
    odd, mira = await user(connector), await user(connector)
    admin.modify(odd.name, {"modifyTimestamp": [("MODIFY_REPLACE", [b"20990101000000Z"])]}, [RELAX])
    cursor = (await read(connector, None))[-1].cursor
    for title in ("Engineer", "Lead"):
        await connector.update(USER, mira.remote_id, {"title": title})
        stream = await read(connector, cursor)
        cursor = stream[-1].cursor
        assert told(stream) == [mira.remote_id]


async def test_what_no_time_shows_is_told_within_a_day(
    own: Any, admin: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of the tree that is moved here as a whole: its entries keep their times."""
    connector = own(import_overlap=1)
    mira = await user(connector)
    elsewhere, unit = f"ou={word()},{USERS}", f"ou={word()}"
    admin.add(elsewhere, ["organizationalUnit"], {}, "entryUUID")
    admin.add(f"{unit},{elsewhere}", ["organizationalUnit"], {}, "entryUUID")
    old = {"cn": [b"Noa"], "sn": [b"Noa"], "uid": [b"noa"]}
    noa = admin.add(f"uid=noa,{unit},{elsewhere}", ["inetOrgPerson"], old, "entryUUID")
    dn = f"uid=noa,{unit},{elsewhere}"
    admin.modify(dn, {"modifyTimestamp": [("MODIFY_REPLACE", [b"20200101000000Z"])]}, [RELAX])
    first = await read(connector, None)
    admin.rename(f"{unit},{elsewhere}", unit, parent=connector._settings.user_base)
    second = await read(connector, first[-1].cursor)
    assert noa in standing(second)
    assert second[0].note == ""
    tomorrow = timestamps.moved(timestamps.now(), imports.WHOLE_SECONDS)
    monkeypatch.setattr(imports, "now", lambda: tomorrow)
    third = await read(connector, second[-1].cursor)
    assert sorted(told(third)) == sorted([mira.remote_id, str(noa)])
    assert "once a day" in third[0].note
    assert told(await read(connector, third[-1].cursor)) == []


async def test_a_time_of_ours_that_was_wrong_is_not_kept(own: Any) -> None:
    connector = own(import_overlap=1)
    mira = await user(connector)
    held = await cursor_of(await read(connector, None))
    for wrong in ({"since": "20990101000000Z"}, {"whole": "20990101000000Z"}, {"whole": ""}):
        assert told(await read(connector, replace(held, **wrong).text())) == [mira.remote_id]


async def test_content_that_went_and_came_back_is_told_again(own: Any, admin: Session) -> None:
    """The page between may have been stored, and its cursor not."""
    connector = own(import_overlap=600)
    mira = await user(connector, title="Engineer")
    first = await read(connector, None)
    await connector.update(USER, mira.remote_id, {"title": "Lead"})
    assert told(await read(connector, first[-1].cursor)) == [mira.remote_id]
    await connector.update(USER, mira.remote_id, {"title": "Engineer"})
    later = timestamps.moved(timestamps.now(), 1).encode()
    admin.modify(mira.name, {"modifyTimestamp": [("MODIFY_REPLACE", [later])]}, [RELAX])
    assert told(await read(connector, first[-1].cursor)) == [mira.remote_id]


async def test_a_server_that_stands_in_for_the_first_one_deletes_nobody_and_skips_nothing(
    own: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may lag behind: the copy here does not know yet what the first one told."""
    connector = own(host="127.0.0.1, localhost", import_overlap=1)
    mira = await user(connector)
    first = await read(connector, None)
    assert first[-1].complete
    with monkeypatch.context() as away:
        away.setattr(Session, "host", "localhost")
        second = await read(connector, first[-1].cursor)
    assert not second[-1].complete
    assert not second[-1].more
    assert "not taken for deleted" in second[-1].note
    held, before = await cursor_of(second), await cursor_of(first)
    assert (held.since, held.told, held.doubtful) == (before.since, before.told, False)
    await connector.update(USER, mira.remote_id, {"title": "Lead"})
    third = await read(connector, second[-1].cursor)
    assert told(third) == [mira.remote_id]
    assert third[-1].complete


async def test_doubt_of_one_page_is_doubt_of_the_stream(own: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_CHANGES", 2)
    connector = own(host="127.0.0.1, localhost")
    for _ in range(5):
        await user(connector)
    with monkeypatch.context() as away:
        away.setattr(Session, "host", "localhost")
        page = await anext(connector.changes(None, Reading()))
    rest = await read(connector, page.cursor)
    assert not rest[-1].complete
    assert (await cursor_of(rest)).since == ""


async def test_who_is_moved_between_listing_and_reading_is_told(
    own: Any, admin: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = own()._settings.user_base
    people, gone = f"ou=teams,{base}", f"ou=gone,{base}"
    connector = own(user_base=people, deactivation="move", inactive_base=gone)
    mira = await connector.create(USER, {"uid": word()}, active=False)
    search, moves = Session.search, list[str]()

    def moving(self: Session, place: str, *given: Any, **more: Any) -> Any:
        found = list(search(self, place, *given, **more))
        if place == people and not moves and f"(entryUUID={mira.remote_id})" in given[0]:
            moves.append(place)
            admin.rename(mira.name, mira.name.partition(",")[0], parent=people)
        return iter(found)

    monkeypatch.setattr(imports, "compares_ids", lambda _: False)
    monkeypatch.setattr(Session, "search", moving)
    stream = await read(connector, None, Reading(frozenset({USER})))
    assert moves
    assert told(stream) == [mira.remote_id]


async def test_a_place_in_a_cursor_that_is_no_id_starts_a_snapshot(own: Any) -> None:
    connector = own()
    mira = await user(connector)
    held = await cursor_of(await read(connector, None))
    stream = await read(connector, replace(held, kind="User", until=held.since, after="nobody").text())
    assert (stream[0].starts, told(stream)) == (True, [mira.remote_id])
    assert "could not be read" in stream[0].note
