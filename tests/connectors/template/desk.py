"""The template's external system: a desk of people and teams in this process, with the HTTP statuses of a real one."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

UNIQUE = {"people": "login", "teams": "name"}


class DeskError(Exception):
    """The desk's answer was not 2xx. Status 0: the answer of a request that was sent is lost."""

    def __init__(self, status: int, message: str, *, member: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.field = member
        self.retry_after = retry_after


@dataclass(slots=True)
class Desk:
    """The system itself: records by collection and id, and what a test breaks."""

    token: str
    records: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {"people": {}, "teams": {}})
    down: bool = False
    loses_answers: bool = False
    busy_for: float | None = None


@dataclass(frozen=True, slots=True)
class DeskClient:
    """What would be an HTTP client: each method is one request."""

    desk: Desk
    token: str = field(repr=False)

    async def search(self, collection: str, name: str, value: str) -> list[dict[str, Any]]:
        """GET /collection?name=value: at most two records, compared without regard to case."""
        await self._request()
        found = [each for each in self._all(collection) if str(each.get(name, "")).casefold() == value.casefold()]
        return [dict(each) for each in found[:2]]

    async def page(self, collection: str, after: str, limit: int) -> list[dict[str, Any]]:
        """GET /collection?after=id: records in the order of their ids."""
        await self._request()
        ids = sorted(each for each in self.desk.records[collection] if each > after)
        return [dict(self.desk.records[collection][each]) for each in ids[:limit]]

    async def get(self, collection: str, record_id: str) -> dict[str, Any]:
        """GET /collection/id."""
        await self._request()
        return dict(self._record(collection, record_id))

    async def post(self, collection: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """POST /collection."""
        await self._request()
        self._check(collection, "", values)
        record = {"id": uuid4().hex, **({"members": []} if collection == "teams" else {}), **values}
        self.desk.records[collection][record["id"]] = record
        return self._answer(record)

    async def patch(self, collection: str, record_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """PATCH /collection/id: ``None`` removes a field."""
        await self._request()
        record = self._record(collection, record_id)
        self._check(collection, record_id, values)
        record.update(values)
        for name in [name for name, value in record.items() if value is None]:
            del record[name]
        return self._answer(record)

    async def delete(self, collection: str, record_id: str) -> None:
        """DELETE /collection/id; who is deleted leaves the teams and is nobody's boss."""
        await self._request()
        self._record(collection, record_id)
        del self.desk.records[collection][record_id]
        for team in self._all("teams"):
            team["members"] = [each for each in team["members"] if each != record_id]
        for person in self._all("people"):
            if person.get("boss") == record_id:
                del person["boss"]
        self._answer({})

    async def put_member(self, team: str, person: str) -> None:
        """PUT /teams/id/members/id: 404 for the person when there is nobody; one who is in is a success."""
        await self._request()
        members = self._record("teams", team)["members"]
        if not any(person in records for records in self.desk.records.values()):
            raise DeskError(404, "There is no such member.", member="members")
        if person not in members:
            members.append(person)
        self._answer({})

    async def delete_member(self, team: str, person: str) -> None:
        """DELETE /teams/id/members/id: one who is not in is a success."""
        await self._request()
        record = self._record("teams", team)
        record["members"] = [each for each in record["members"] if each != person]
        self._answer({})

    async def _request(self) -> None:
        await asyncio.sleep(0)
        if self.desk.down:
            raise DeskError(503, "The desk is closed.")
        if self.token != self.desk.token:
            raise DeskError(401, "The token is not known.")
        if self.desk.busy_for is not None:
            raise DeskError(429, "Too many requests.", retry_after=self.desk.busy_for)

    def _answer(self, record: Mapping[str, Any]) -> dict[str, Any]:
        if self.desk.loses_answers:
            raise DeskError(0, "The connection was lost.")
        return dict(record)

    def _all(self, collection: str) -> list[dict[str, Any]]:
        return list(self.desk.records[collection].values())

    def _record(self, collection: str, record_id: str) -> dict[str, Any]:
        if record_id not in self.desk.records[collection]:
            raise DeskError(404, f"There is nothing under {record_id}.")
        return self.desk.records[collection][record_id]

    def _check(self, collection: str, record_id: str, values: Mapping[str, Any]) -> None:
        unique = UNIQUE[collection]
        taken = str(values.get(unique, "")).casefold()
        for other in self._all(collection):
            if taken and other["id"] != record_id and other[unique].casefold() == taken:
                raise DeskError(409, f"The {unique} is taken.", member=unique)
        if (boss := values.get("boss")) and boss not in self.desk.records["people"]:
            raise DeskError(422, "The boss is not known.", member="boss")
