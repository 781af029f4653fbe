"""Routes under ``/api/schemas``: an organisation's own extensions of User and Group."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import Field

from connectors.contract import ObjectKind
from provisioning.admin.problems import Refused
from provisioning.admin.requests import NewExtension
from provisioning.admin.views import TheHub, View
from provisioning.hub import Hub
from provisioning.scim.schema.declaring import outdated
from provisioning.scim.schema.extensions import InvalidSchema, WrongPart, check_beside, extension
from provisioning.scim.schema.schemas import Extension

router = APIRouter(prefix="/api/schemas", tags=["schemas"])

Urn = Annotated[
    str, Path(max_length=300, description="Such as `urn:ietf:params:scim:schemas:extension:northwind:2.0:User`.")
]


class ExtensionView(View):
    """One extension."""

    urn: str
    resource_type: ObjectKind
    definition: dict[str, Any] = Field(alias="schema", description="The schema, complete, as `/Schemas` answers it.")

    @classmethod
    def of(cls, shown: Extension) -> "ExtensionView":
        """Show an extension."""
        return cls(urn=shown.urn, resource_type=shown.kind, schema=shown.definition)


class ExtensionList(View):
    """Every extension, by URN."""

    extensions: list[ExtensionView]


@router.get("", summary="List extensions")
async def list_extensions(hub: TheHub) -> ExtensionList:
    """The organisation's own; what RFC 7643 defines is at `/scim/v2/Schemas`."""
    return ExtensionList(extensions=[ExtensionView.of(each) for each in await hub.extensions.list()])


@router.get("/{urn}", summary="Read an extension")
async def read_extension(hub: TheHub, urn: Urn) -> ExtensionView:
    """With every characteristic of its attributes."""
    return ExtensionView.of(await hub.extensions.get(urn))


@router.put("/{urn}", summary="Write an extension")
async def write_extension(hub: TheHub, urn: Urn, body: NewExtension, response: Response) -> ExtensionView:
    """A SCIM schema (RFC 7643 section 7). In force within ten seconds; a value that is stored is never lost by it."""
    new = extension(body.resource_type, urn, body.definition)
    others = await hub.extensions.list()
    check_beside(new, others)
    in_force = [*(each for each in others if each.urn.lower() != urn.lower()), new]
    await _check_declared(hub, in_force)
    await asyncio.to_thread(_try, tuple(in_force))
    response.status_code = 201 if await hub.extensions.put(new) else 200
    return ExtensionView.of(new)


@router.delete("/{urn}", status_code=204, summary="Delete an extension")
async def delete_extension(hub: TheHub, urn: Urn) -> None:
    """Its attributes are shown and taken no more, within ten seconds. What is stored of them stays, hidden, and is
    there again when the extension is."""
    found = await hub.extensions.get(urn)
    await _check_declared(hub, [each for each in await hub.extensions.list() if each.urn != found.urn])
    await hub.extensions.delete(found.urn)


async def _check_declared(hub: Hub, in_force: Sequence[Extension]) -> None:
    """Refuse what would leave a matching attribute without its attribute: its index would find the wrong people."""
    lost = outdated(in_force, [each.declared for each in await hub.declared.list()])
    if lost:
        names = ", ".join(each.path for each in lost)
        raise Refused(409, "schema.inUse", f"Matching attributes depend on it: {names}. Take those back first.")


def _try(extensions: tuple[Extension, ...]) -> None:
    """Make the models once, as the endpoint will."""
    from provisioning.scim.published import published

    try:
        published(extensions)
    except Exception as error:
        raise InvalidSchema(
            [WrongPart("attributes", f"No model can be made of them: {type(error).__name__}.")]
        ) from error
