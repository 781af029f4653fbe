"""What one search may cost: an answer in words instead of a time-out, and cursors that go on where it ends."""

from typing import Any

import pytest
from scim2_models import SearchRequest, TooManyException
from scim2_server.storage import SearchPage
from scim2_server.utils import parametrize

from benchmarks.counting import RoundTrips
from connectors.contract import ObjectKind
from provisioning.directory.directory import Directory
from provisioning.directory.outbox import Announcement
from provisioning.scim.published import published
from provisioning.scim.search import related
from provisioning.scim.search.searching import Search
from provisioning.sources.caller import Caller
from provisioning.storage.store import Storage

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
MODELS = {kind: published().provider.model_for(kind.value) for kind in (USER, GROUP)}


async def unheard(_: Announcement) -> None:
    """Announce to nobody."""


@pytest.fixture
def directory(storage: Storage) -> Directory:
    """An empty directory."""
    return Directory(storage, unheard)


@pytest.fixture
async def people(directory: Directory) -> list[str]:
    """Twenty users, every fifth of them a lead; their ids in order."""
    made = [
        await directory.create(USER, {"userName": f"u{n:02}", "title": "Dev" if n % 5 else "Lead"}, "entra")
        for n in range(20)
    ]
    return sorted(each.id for each in made)


async def search(directory: Directory, kind: ObjectKind, most: int, position: Any = None, **asked: Any) -> SearchPage:
    request = parametrize(SearchRequest, MODELS[kind])(**asked)
    return await Search(directory, published(), Caller("entra"), most).page([kind], request, position)


@pytest.mark.parametrize("asked", [{"filter": 'title eq "lead"'}, {"sort_by": "title"}, {"filter": 'userName sw "u"'}])
async def test_a_page_by_index_of_more_than_may_be_looked_at_is_refused_with_a_way_out(
    directory: Directory,
    people: list[str],
    asked: dict[str, Any],
) -> None:
    assert (await search(directory, USER, 20, count=5, **asked)).total == (
        4 if "title" in asked.get("filter", "") else 20
    )
    with pytest.raises(TooManyException) as refused:
        await search(directory, USER, 19, count=5, **asked)
    assert refused.value.status == 400
    for word in ("userName", "externalId", "displayName", "emails", "eq", "sortBy" if "sort_by" in asked else "cursor"):
        assert word in refused.value.detail


async def test_a_page_by_cursor_ends_early_instead_and_its_cursor_goes_on(
    directory: Directory,
    people: list[str],
) -> None:
    """A short or empty page is not the last one (RFC 9865 section 2); every page makes progress."""
    asked = {"filter": 'title eq "lead"', "count": 3, "cursor": ""}
    pages = [await search(directory, USER, 4, **asked)]
    while pages[-1].next is not None:
        pages.append(await search(directory, USER, 4, pages[-1].next, **asked))
    assert len(pages) == 5
    assert pages[0].total is None
    found = [each.id for page in pages for each in page.resources]
    assert found == [each.id for each in (await search(directory, USER, 20, filter='title eq "lead"')).resources]
    assert len(found) == 4


async def test_backwards_too(directory: Directory, people: list[str]) -> None:
    asked = {"filter": 'title eq "lead"', "count": 3, "cursor": ""}
    page = await search(directory, USER, 4, {"d": "previous", "i": "u-zzz"}, **asked)
    found = [each.id for each in page.resources]
    for _ in range(10):
        if page.previous is None:
            break
        page = await search(directory, USER, 4, page.previous, **asked)
        found = [*(each.id for each in page.resources), *found]
    assert page.previous is None
    assert found == [each.id for each in (await search(directory, USER, 20, filter='title eq "lead"')).resources]


async def test_what_an_index_finds_is_bounded_too(directory: Directory, people: list[str]) -> None:
    for number in range(5):
        await directory.create(USER, {"userName": f"same{number}", "displayName": "Same"}, "entra")
    with pytest.raises(TooManyException):
        await search(directory, USER, 4, filter='displayName eq "same"')
    page = await search(directory, USER, 4, filter='displayName eq "same"', cursor="", count=3)
    rest = await search(directory, USER, 4, page.next, filter='displayName eq "same"', cursor="", count=3)
    assert (len(page.resources), len(rest.resources), rest.next) == (3, 2, None)


async def test_the_store_leaves_out_what_it_can(
    directory: Directory,
    people: list[str],
) -> None:
    """Of twenty users five are looked at: the work is what the store did not leave out."""
    for each in people[:5]:
        user = await directory.get(USER, each)
        await directory.replace(user, {**user.document, "active": False})
    moment = (await directory.get(USER, people[4])).modified.isoformat()
    assert (await search(directory, USER, 5, filter="active eq false")).total == 5
    assert (await search(directory, USER, 5, filter=f'active eq false and meta.lastModified ge "{moment}"')).total == 1
    assert (await search(directory, USER, 5, filter=f'id lt "{people[3]}" and userName pr')).total == 3


async def test_that_a_group_has_members_is_read_from_one_row(
    directory: Directory,
    trips: RoundTrips,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = await directory.create(GROUP, {"displayName": "All"}, "entra", [f"u-{n:032}" for n in range(60)])
    empty = await directory.create(GROUP, {"displayName": "Nobody"}, "entra")
    nested = await directory.create(GROUP, {"displayName": "Nested"}, "entra", [empty.id])
    monkeypatch.setattr(related, "MOST_MEMBERS_SEARCHED", 50)
    for text, expected in (
        ("members pr", {group.id, nested.id}),
        ("not (members pr)", {empty.id}),
        ('members.type eq "User"', {group.id}),
        ('members.type eq "Group"', {nested.id}),
        ('members[type ne "User"]', {nested.id}),
        (f'members[value ne "u-{0:032}"]', {group.id, nested.id}),
        (f'not (members[value ne "{empty.id}"])', {empty.id, nested.id}),
        (f'members eq "u-{7:032}"', {group.id}),
    ):
        with trips.counted() as counted:
            found = await search(directory, GROUP, 100, filter=text)
        assert {each.id for each in found.resources} == expected, text
        assert len(counted) < 25
    with pytest.raises(TooManyException, match="more than 50 members"):
        await search(directory, GROUP, 100, filter='members co "u-"')


async def test_users_are_found_by_groups_that_they_are_in_through_others(
    directory: Directory, people: list[str]
) -> None:
    inner = await directory.create(GROUP, {"displayName": "Inner"}, "entra", people[:3])
    outer = await directory.create(GROUP, {"displayName": "Outer"}, "entra", [inner.id, people[2], people[7]])
    expected = [*people[:3], people[7]]
    for text in (
        f'groups.value eq "{outer.id}"',
        f'groups eq "{outer.id}" and title pr',
        f'groups[value eq "{outer.id}"]',
        f'not (not (groups.value eq "{outer.id}"))',
        f'groups[type eq "indirect"] or groups[value eq "{outer.id}" and type eq "direct"]',
    ):
        found = await search(directory, USER, 100, filter=text)
        assert [each.id for each in found.resources] == expected, text
    page = await search(directory, USER, 100, filter=f'groups.value eq "{outer.id}"', cursor="", count=2)
    rest = await search(directory, USER, 100, page.next, filter=f'groups.value eq "{outer.id}"', cursor="", count=2)
    assert [each.id for each in (*page.resources, *rest.resources)] == expected


async def test_an_external_id_is_found_by_the_source_that_gave_it(directory: Directory) -> None:
    """However it is asked: from the index or one by one (RFC 7643 section 3.1)."""
    mine = await directory.create(USER, {"userName": "mine", "externalId": "7"}, "entra")
    await directory.create(USER, {"userName": "theirs", "externalId": "7"}, "okta")
    for text in ('externalId eq "7"', 'externalId co "7"', 'externalId sw "7"', "externalId pr"):
        found = await search(directory, USER, 100, filter=text)
        assert [each.id for each in found.resources] == [mine.id], text
