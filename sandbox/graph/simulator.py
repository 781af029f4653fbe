"""The simulated service behind its web server: token check, faults, batches and the tenant, request by request."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.graph.api import perform
from sandbox.graph.batch import answer_batch
from sandbox.graph.errors import GraphError, failing
from sandbox.graph.messages import Answer, Request
from sandbox.graph.quota import Quota
from sandbox.graph.state import DirectoryObject, Tenant
from sandbox.graph.tokens import Application, Tokens


class ConnectionDropped(Exception):
    """A fault wants the connection cut instead of an answer."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request to Graph and what was answered, as observers see it. ``answered`` is false on a cut connection."""

    method: str
    url: str
    request_headers: dict[str, str]
    request_body: bytes
    status: int
    answer_headers: dict[str, str]
    answer_body: bytes
    answered: bool = True


class Simulator:
    """One tenant with one app registration. Everything is synchronous: a request is carried out as one step."""

    def __init__(self, tenant: Tenant, application: Application) -> None:
        self.tenant = tenant
        self.knobs = tenant.knobs
        self.clock = tenant.clock
        self.application = application
        self.tokens = Tokens(tenant.id, application, tenant.knobs)
        self.observers: list[Callable[[Exchange], None]] = []
        self.counts = {"requests": 0, "operations": 0, "refused": 0, "throttled": 0}
        self._quota = Quota(tenant.knobs, f"{application.client_id}/{tenant.id}")

    def answer(self, request: Request, origin: str, unreadable: GraphError | None = None) -> Answer:
        """Answer one request as Graph does. Raises ``ConnectionDropped`` where a fault says so.

        ``unreadable`` is what is wrong with a URL or a body that could not be read; who asks is looked at first.
        """
        self.counts["requests"] += 1
        ids = _request_ids(request)
        try:
            self.tokens.check(request.headers.get("authorization"), self.clock.now(), origin)
            if unreadable:
                raise unreadable
        except GraphError as error:
            return self._error(error, ids)
        if request.segments != ("$batch",):
            return self._answer_one(request, ids)
        return self._answer_batch(request, ids)

    def _answer_batch(self, request: Request, ids: dict[str, str]) -> Answer:
        dropped: list[Request] = []

        def perform_item(item: Request) -> Answer:
            try:
                return self._answer_one(item, ids, item=True)
            except ConnectionDropped:
                dropped.append(item)
                return Answer(504)

        def whole(outer: Request) -> Answer:
            if outer.method != "POST":
                raise GraphError(
                    405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target."
                )
            return answer_batch(outer, perform_item)

        answer = self._struck(request, ids, whole)
        if dropped:
            raise ConnectionDropped
        return answer

    def _answer_one(self, request: Request, ids: dict[str, str], *, item: bool = False) -> Answer:
        self.counts["operations"] += 1
        return self._struck(request, ids, lambda inner: perform(self.tenant, self._quota, inner), item=item)

    def _struck(
        self, request: Request, ids: dict[str, str], carry_out: Callable[[Request], Answer], *, item: bool = False
    ) -> Answer:
        """Carry out a request unless a fault is in the way, and answer errors instead of raising them."""
        fault = (
            self.knobs.strike(request.method, request.path, self.clock.now(), item=item) if self.knobs.faults else None
        )
        answer = Answer(503)
        if fault is None or fault.after_commit:
            try:
                answer = carry_out(request)
            except GraphError as error:
                answer = self._error(error, ids)
        if fault is None:
            answer.headers |= ids
            return answer
        if fault.status is None:
            raise ConnectionDropped
        return self._error(failing(fault.status, fault.retry_after), ids)

    def _error(self, error: GraphError, ids: dict[str, str]) -> Answer:
        self.counts["throttled" if error.status == 429 else "refused"] += 1
        date = self.clock.now().strftime("%Y-%m-%dT%H:%M:%S")
        body = error.body(date=date, request_id=ids["request-id"], client_request_id=ids["client-request-id"])
        return Answer(error.status, body, {**error.headers, **ids})

    def state(self) -> dict[str, Any]:
        """Return all that stands in the tenant, delays aside: for people and for tables, not part of Graph."""
        tenant = self.tenant
        live = [thing for thing in tenant.objects.values() if thing.deleted is None]
        gone = [thing for thing in tenant.objects.values() if thing.deleted is not None]

        def related(links: dict[str, dict[str, int]], thing: DirectoryObject) -> list[str]:
            return [key for key in links.get(thing.id, ()) if tenant.objects[key].deleted is None]

        return {
            "tenant": tenant.id,
            "users": [
                {"id": thing.id, **thing.values, "manager": tenant.managers.get(thing.id)}
                for thing in live
                if thing.entity.name == "User"
            ],
            "groups": [
                {
                    "id": thing.id,
                    **thing.values,
                    "members": related(tenant.members, thing),
                    "owners": related(tenant.owners, thing),
                }
                for thing in live
                if thing.entity.name == "Group"
            ],
            "deleted": [{"id": thing.id, "type": thing.entity.name, **thing.values} for thing in gone],
            "counts": dict(self.counts),
        }


def _request_ids(request: Request) -> dict[str, str]:
    own = str(uuid.uuid4())
    return {"request-id": own, "client-request-id": request.headers.get("client-request-id") or own}
