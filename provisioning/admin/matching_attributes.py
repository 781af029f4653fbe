"""Routes under ``/api/matching-attributes``: by which attributes a source looks people up, beside those built in."""

import dataclasses
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field

from connectors.contract import ObjectKind
from provisioning.admin.requests import NewMatchingAttribute
from provisioning.admin.views import TheHub, View
from provisioning.correlation import correlation
from provisioning.directory.declared import SETTLE, Declaration
from provisioning.directory.indexing import IndexState
from provisioning.engine.jobs import index_job
from provisioning.hub import Hub
from provisioning.scim.schema.declaring import declarable, shapes_with

router = APIRouter(prefix="/api/matching-attributes", tags=["schemas"])

DELAY = SETTLE
"""How long a job waits after a change: until every instance works with it."""

Id = Annotated[str, Path(max_length=100, description="The id of the declared attribute.")]


class MatchingAttributeView(View):
    """One declared attribute and how far its index is."""

    id: str
    resource_type: ObjectKind
    path: str
    state: IndexState = Field(description="Filters ask the index while it is `ready`, and scan before.")
    done: int = Field(description="How many users or groups the job has looked at in this state.")
    total: int = Field(description="Of about how many, counted when the job began; 0 before that.")
    since: datetime
    moved: datetime = Field(description="When the job last came on.")

    @classmethod
    def of(cls, shown: Declaration) -> "MatchingAttributeView":
        """Show a declaration."""
        return cls(
            id=shown.id,
            resource_type=shown.declared.kind,
            path=shown.declared.path,
            state=shown.declared.state,
            done=shown.done,
            total=shown.total,
            since=shown.since,
            moved=shown.moved,
        )


class MatchingAttributeList(View):
    """Every declared attribute."""

    matching_attributes: list[MatchingAttributeView]


@router.get("", summary="List matching attributes")
async def list_matching_attributes(hub: TheHub) -> MatchingAttributeList:
    """Those that were declared, with the progress of their indexes."""
    shown = [MatchingAttributeView.of(each) for each in await hub.declared.list()]
    return MatchingAttributeList(matching_attributes=shown)


@router.post("", status_code=202, summary="Declare a matching attribute")
async def declare_matching_attribute(
    hub: TheHub, body: NewMatchingAttribute, response: Response
) -> MatchingAttributeView:
    """Its index is built in the background, from half a minute later on. One that is declared already is answered as
    it is."""
    shape = shapes_with(await hub.extensions.list())[body.resource_type.value]
    declared = declarable(body.resource_type, shape, body.path)
    made = await hub.declared.declare(declared)
    if made.declared.state is IndexState.BUILDING:
        await _send(hub, made)
    response.headers["Location"] = f"/api/matching-attributes/{made.id}"
    return MatchingAttributeView.of(made)


@router.get("/{id}", summary="Read a matching attribute")
async def read_matching_attribute(hub: TheHub, id: Id) -> MatchingAttributeView:  # noqa: A002 - the route's own word
    """With the progress of its index."""
    return MatchingAttributeView.of(await hub.declared.get(id))


@router.delete("/{id}", status_code=202, summary="Take a matching attribute back")
async def retire_matching_attribute(hub: TheHub, id: Id) -> MatchingAttributeView:  # noqa: A002 - the route's own word
    """Filters on it scan again, within ten seconds; its index is removed in the background, and then it is gone."""
    retired = await hub.declared.retire(id)
    await _send(hub, retired)
    return MatchingAttributeView.of(retired)


async def _send(hub: Hub, declaration: Declaration) -> None:
    """Send the job. Were the message lost, the sweeper would send it again."""
    job = index_job(declaration)
    await hub.jobs.send([dataclasses.replace(job, correlation=correlation.get())], delay=DELAY)
