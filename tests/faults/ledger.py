"""The strict check at the end of every fault: no duplicate, nothing lost, nothing left over, the report right."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from provisioning.engine.links import Link, LinkStatus, MemberLink
from provisioning.reports.entries import Action, Entry, Status
from provisioning.storage.entities import Entity, after
from tests.faults.office import CONNECTION, Office

REFERENCE = "reference.waiting"
LOST = {"ldap.connectionLost", "graph.connectionLost"}
"""The connection broke, and a create may have happened."""
DOWN = {"ldap.unreachable", "ldap.tlsInterrupted", "graph.unreachable", "graph.tls", *LOST}
"""The server is away."""

type Codes = Counter[str]


async def check(office: Office, *, told: Collection[str] = (), unsure: Collection[str] = ()) -> Codes:
    """Compare the system, the links and the report with what is wanted.

    ``told`` are the codes of what went wrong for single accounts and memberships: no others may be in the report.
    After one of ``unsure`` an account may have been found instead of created. Returns how often each code was told.
    """
    await check_system(office)
    await check_links(office)
    await check_nothing_left(office)
    return await check_report(office, told=told, unsure=unsure)


async def check_system(office: Office, *, without: Collection[str] = ()) -> None:
    """Everybody but ``without`` and every group stands once, with the right values and members."""
    standing = await office.target.read()
    assert sorted((each.login, each.display_name, each.title, each.manager) for each in standing.people) == sorted(
        (
            login,
            person.document["displayName"],
            person.document["title"],
            "" if office.managers.get(login) in without else office.managers.get(login, ""),
        )
        for login, person in office.people.items()
        if login not in without
    )
    assert [each.login for each in standing.people if not each.active] == []
    assert sorted((each.name, sorted(each.members)) for each in standing.groups) == sorted(
        (name, sorted(set(members) - set(without))) for name, members in office.members.items()
    )


async def check_links(office: Office) -> None:
    """Every link and membership is applied as it is wanted now, and points at the account that stands."""
    standing = await office.target.read()
    remote = {each.login: each.remote_id for each in standing.people} | {
        each.name: each.remote_id for each in standing.groups
    }
    wanted = office.people | office.groups
    links = {link.resource_id: link for link in map(Link.of, await rows_of(office, "l:"))}
    owners = {row["RowKey"].removeprefix("a:"): row["resource"] for row in await rows_of(office, "a:")}
    assert _states(links.values()) == {
        (resource.id, remote[name], resource.generation, LinkStatus.APPLIED, "", "", (), "")
        for name, resource in wanted.items()
    }
    assert owners == {remote[name]: resource.id for name, resource in wanted.items()}
    rows = [MemberLink.of(row) for row in await rows_of(office, "m:")]
    assert {
        (row.group_id, row.member_id, row.group_remote, row.member_remote, row.applied, row.status, row.due, row.lease)
        for row in rows
    } == {
        (office.groups[name].id, office.people[login].id, remote[name], remote[login], True, LinkStatus.APPLIED, "", "")
        for name, members in office.members.items()
        for login in members
    }


def _states(links: Iterable[Link]) -> set[tuple[object, ...]]:
    return {
        (
            link.resource_id,
            link.remote_id,
            link.generation,
            link.status,
            link.problem.code,
            link.due,
            link.intent,
            link.lease,
        )
        for link in links
    }


async def rows_of(office: Office, prefix: str) -> list[Entity]:
    """The rows of the connection's partition whose keys begin so."""
    return [row async for row in office.hub.links.table.scan(CONNECTION, prefix, after(prefix))]


async def check_nothing_left(office: Office) -> None:
    """No outbox row, acknowledgement, clock or message is left."""
    counts = await office.hub.health.counts()
    assert (counts.jobs_waiting, counts.poison, counts.outbox, counts.links_behind) == (0, 0, 0, 0)
    assert await rows_of(office, "k:") == []
    assert await rows_of(office, "d:") == []


async def entries_of(office: Office) -> list[Entry]:
    """The whole report, oldest first."""
    entries: list[Entry] = []
    cursor = ""
    while True:
        found = await office.hub.reports.search(connection=CONNECTION, cursor=cursor, limit=200)
        entries += found.entries
        cursor = found.cursor
        if not cursor:
            return list(reversed(entries))


async def check_report(office: Office, *, told: Collection[str] = (), unsure: Collection[str] = ()) -> Codes:
    """The report tells the story of every account, every membership and the connection; see ``check``."""
    entries = await entries_of(office)
    _check_connection([entry for entry in entries if entry.action is Action.CONNECTION])
    rest = [entry for entry in entries if entry.action is not Action.CONNECTION]
    for entry in rest:
        if entry.status is not Status.SUCCESS:
            assert entry.code in {*told, *unsure, REFERENCE}, entry
            assert entry.reason, entry
            assert entry.recommended_action, entry
    for resource in (*office.people.values(), *office.groups.values()):
        own = [entry for entry in rest if entry.resource_id == resource.id and not entry.member_id]
        _check_account(own, unsure)
    for name, members in office.members.items():
        for login in members:
            group, member = office.groups[name].id, office.people[login].id
            story = [entry for entry in rest if (entry.resource_id, entry.member_id) == (group, member)]
            assert {entry.action for entry in story} == {Action.ADD_MEMBER}, (name, login, _told(story))
            assert [entry.status for entry in story].count(Status.SUCCESS) == 1, (name, login, _told(story))
            assert story[-1].status is Status.SUCCESS, (name, login, _told(story))
    stories = len(office.people) + len(office.groups) + sum(len(members) for members in office.members.values())
    assert len({(entry.resource_id, entry.member_id) for entry in rest}) == stories
    return Counter(entry.code for entry in rest if entry.status is not Status.SUCCESS)


def _check_account(story: Sequence[Entry], unsure: Collection[str]) -> None:
    """Created once, or found once after a create of which nobody knew, and finished. Then a manager may be written."""
    shown = _told(story)
    begun = [entry for entry in story if entry.action in (Action.CREATE, Action.LINK)]
    done = [entry for entry in begun if entry.status is Status.SUCCESS]
    assert len(done) == 1, shown
    assert begun[-1] is done[0], shown
    if done[0].action is Action.LINK:
        assert any(entry.code in unsure for entry in begun), shown
    else:
        assert all(old is None for old, _ in done[0].changes.values()), done[0]
    after = story[story.index(done[0]) + 1 :]
    if done[0].action is Action.CREATE:
        # What of a create that was cut off is sure to stand nobody knows: the update that finishes it tells the values.
        assert done[0].changes or after[0].status is not Status.SUCCESS, shown
        assert any(new for entry in (done[0], *after) for _, new in entry.changes.values()), shown
    finished = {Action.UPDATE, *([Action.ACTIVATE] if done[0].action is Action.LINK else [])}
    assert {entry.action for entry in after} <= finished, shown
    assert story[-1].status is Status.SUCCESS, shown
    assert {entry.remote_id for entry in story[story.index(done[0]) :]} == {story[-1].remote_id}, shown


def _check_connection(story: Sequence[Entry]) -> None:
    """Every stop is told once, with a reason and what to do, and so is its end. A quarantine may follow a stop."""
    working = (Status.SUCCESS, "")
    before = working
    for entry in story:
        if entry.status is Status.SUCCESS:
            assert before != working, _told(story)
            assert entry.code in ("connection.back", "connection.retry")
            before = working
            continue
        assert (before[0], entry.status) in (
            (Status.SUCCESS, Status.WAITING),
            (Status.SUCCESS, Status.FAILURE),
            (Status.WAITING, Status.FAILURE),
        ), _told(story)
        assert entry.reason, entry
        assert entry.recommended_action, entry
        before = (entry.status, entry.code)
    assert before == working, _told(story)


def _told(story: Sequence[Entry]) -> list[tuple[str, str, str]]:
    return [(entry.action.value, entry.status.value, entry.code) for entry in story]
