"""GET, POST and PUT of one group: members never become models, neither on the way in nor on the way out.

A group that is read by its id shows all its members, however many: 100,000 are 14 MB of JSON, made page by page as text
(``rendering``). Lists are bounded (``showing.MOST_MEMBERS``). ``excludedAttributes=members`` reads none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from scim2_models import Context, ResourceType, ResponseParameters
from scim2_server.conditions import Conditions
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse

from provisioning.scim.membership import MembershipChange, everyone_of, named_members
from provisioning.scim.rendering import MemberText, RenderedResponse, spliced
from provisioning.scim.service import HubService
from provisioning.scim.showing import Wanted
from provisioning.scim.storage import DirectoryStorage


@dataclass(frozen=True, slots=True)
class Groups:
    """Serves single groups. ``payload`` is a body in its RFC form, as the handler makes it."""

    service: HubService
    storage: DirectoryStorage

    async def query(
        self, request: ScimRequest, group_id: str, shown: ResponseParameters[Any], conditions: Conditions
    ) -> ScimResponse:
        """GET (RFC 7644 section 3.4.1): one round trip, and one for each 1,000 members that are asked for."""
        group = await self.storage.group(group_id)
        response = self.service.query_response(request.base_url, group, shown, conditions)
        return await self._with_members(request, response, group_id, shown)

    async def create(
        self,
        request: ScimRequest,
        resource_type: ResourceType,
        payload: Mapping[str, Any],
        shown: ResponseParameters[Any],
    ) -> ScimResponse:
        """POST (RFC 7644 section 3.3): the answer has the members that were sent."""
        rest, members = _apart(payload)
        group = self.service.read(self.service.get_model(resource_type), rest, Context.RESOURCE_CREATION_REQUEST)
        stored = await self.storage.create_group(group, members or {})
        created, status = self.service.publish(request.base_url, stored), HTTPStatus.CREATED
        response = self.service.resource_response(created, Context.RESOURCE_CREATION_RESPONSE, shown, status)
        response.headers["Location"] = response.headers["Content-Location"]
        text = MemberText(request.base_url, Wanted.by(shown).parts)
        return _rendered(response, (text.entry(*each) for each in (members or {}).items()))

    async def replace(
        self,
        request: ScimRequest,
        resource_type: ResourceType,
        group_id: str,
        payload: Mapping[str, Any],
        shown: ResponseParameters[Any],
        conditions: Conditions,
    ) -> ScimResponse:
        """PUT (RFC 7644 section 3.5.1); members by the difference. Without ``members``, they stay as they are."""
        rest, members = _apart(payload)
        apply = self.service.replacing(resource_type, rest, conditions)
        change = MembershipChange() if members is None else everyone_of(members)
        group = await self.storage.put_group(group_id, apply, change, conditions.if_match)
        response = self.service.replacement_response(request.base_url, group, shown)
        return await self._with_members(request, response, group_id, shown)

    async def _with_members(
        self, request: ScimRequest, response: ScimResponse, group_id: str, shown: ResponseParameters[Any]
    ) -> ScimResponse:
        wanted = Wanted.by(shown)
        if response.body is None or not wanted.members:
            return response
        text = MemberText(request.base_url, wanted.parts)
        return _rendered(response, await self.storage.rendered_members(group_id, text))


def _apart(payload: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str] | None]:
    """Return a group's body without its members, and the members; ``None`` where the body has none."""
    rest = {name: value for name, value in payload.items() if name.lower() != "members"}
    sent = [value for name, value in payload.items() if name.lower() == "members"]
    return rest, named_members(sent[0]) if sent and sent[0] is not None else None


def _rendered(response: ScimResponse, entries: Iterable[str]) -> ScimResponse:
    body = response.body or {}
    return RenderedResponse(response.status, body, response.headers, spliced(body, [each for each in entries if each]))
