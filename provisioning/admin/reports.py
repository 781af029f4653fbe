"""Routes under ``/api/reports``: what was done for whom, where, when, and how it went."""

import re
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from provisioning.admin.problems import Refused
from provisioning.admin.views import EntryView, ReportPage, TheHub
from provisioning.engine.jobs import HUB
from provisioning.reports.search import MOST

router = APIRouter(prefix="/api/reports", tags=["reports"])

_CURSOR = re.compile(r"[0-9]{16}:[0-9A-Za-z]{1,40}")


@router.get("", summary="Search the report")
async def search_reports(
    hub: TheHub,
    person: Annotated[
        str, Query(max_length=400, description="A userName or a group's name, current or former, or the hub's id.")
    ] = "",
    connection: Annotated[str, Query(max_length=100, description="The id of a connection, deleted ones too.")] = "",
    since: Annotated[
        datetime | None, Query(alias="from", description="No older entries; ISO 8601, UTC where no zone is given.")
    ] = None,
    until: Annotated[datetime | None, Query(alias="to", description="No newer entries; as `from`.")] = None,
    cursor: Annotated[str, Query(max_length=80, description="Of the page before, with the same search.")] = "",
    limit: Annotated[int, Query(ge=1, le=MOST, description="How many entries.")] = 50,
) -> ReportPage:
    """Newest first, a page at a time. All conditions must hold; without any, everything is told."""
    since, until = _utc(since), _utc(until)
    if since and until and since > until:
        raise Refused(422, "report.timespan", "'from' is later than 'to'.")
    if cursor and not _CURSOR.fullmatch(cursor):
        raise Refused(422, "report.cursor", "The cursor is not one of this API. Start the search again without it.")
    names = {HUB: "The hub itself", **await hub.connections.names()}
    if connection and connection not in names:
        raise Refused(422, "report.connection", f"There is and was no connection with the id '{connection}'.")
    found = await hub.reports.search(
        person=person.strip(), connection=connection, since=since, until=until, cursor=cursor, limit=limit
    )
    return ReportPage(entries=[EntryView.of(entry, names) for entry in found.entries], cursor=found.cursor)


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
