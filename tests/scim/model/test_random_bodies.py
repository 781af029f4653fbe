"""Whatever a client sends: never a 5xx, a refusal is a SCIM error in words, and after it nothing has changed."""

import asyncio
import itertools
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.storage.store import Storage
from tests.hubs import QUEUES, TABLES
from tests.scim.conftest import GROUP, PATCH, USER, Answer, Client, open_client
from tests.scim.model.budget import FUZZ
from tests.scim.test_dialect_any_input import NAMES, OPERATIONS, VALUES, WORDS

BOUNDED = settings(
    max_examples=1500 if FUZZ else 100,
    deadline=None,
    derandomize=not FUZZ,
    suppress_health_check=list(HealthCheck),
)
KINDS = st.sampled_from(["Users", "Groups"])
OBJECTS = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), VALUES, max_size=6)
BYTES = st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode(errors="surrogatepass"))
QUERIES = st.dictionaries(
    st.sampled_from(
        ["filter", "sortBy", "sortOrder", "startIndex", "count", "attributes", "excludedAttributes", "cursor"]
    ),
    st.lists(WORDS, max_size=8).map(" ".join)
    | st.text(max_size=20)
    | st.integers().map(str)
    | st.sampled_from(["ascending", "descending", "userName", "members", "meta.created", "emails.value", "id"]),
    max_size=4,
)
METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
PATHS = st.lists(
    st.sampled_from(["Users", "Groups", "Schemas", "ResourceTypes", "ServiceProviderConfig", "Bulk", ".search", "Me"])
    | st.sampled_from(["", "..", "%2e%2e", "users", "{id}", USER, "u-1", "$metadata"])
    | st.text(alphabet=st.characters(exclude_characters="/?#", exclude_categories=["Cs"]), max_size=20),
    max_size=4,
).map(lambda parts: "/" + "/".join(parts))

_prefixes = itertools.count()


@dataclass
class Endpoint:
    """An endpoint on a loop of its own, with one user and one group in it."""

    runner: asyncio.Runner
    client: Client
    ids: dict[str, str]

    def send(self, method: str, path: str, body: Any = None, **named: Any) -> Answer:
        """Send a request; whatever comes back is no 5xx, and an error says what was wrong."""
        answer = self.runner.run(self.client.send(method, path, body, **named))
        assert answer.status != 429
        assert answer.status < 500 or answer.status == 501, answer
        if answer.status >= 400 and method != "HEAD":
            assert answer.headers["content-type"] == "application/scim+json"
            assert answer.body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
            assert (answer.body["status"], bool(answer.body["detail"])) == (str(answer.status), True)
        return answer

    def seen(self) -> Any:
        """Everything that a client can read."""
        lists = [self.send("GET", f"/{kind}", count=200).body for kind in ("Users", "Groups")]
        return [sorted(each.get("Resources", []), key=lambda one: str(one["id"])) for each in lists]

    def check(self, answer: Answer, before: Any) -> None:
        """After a refusal everything is as it was; after a success what was answered is what is read."""
        if answer.status >= 400:
            assert self.seen() == before, answer
        elif answer.body and answer.body.get("meta", {}).get("location"):
            path = answer.body["meta"]["location"].partition("/scim/v2")[2]
            assert self.send("GET", path).body == answer.body


@pytest.fixture
def endpoint(azurite_connection: str) -> Iterator[Endpoint]:
    """One endpoint for all the examples of a test."""

    async def opened() -> tuple[Storage, Client]:
        storage = Storage.from_connection_string(azurite_connection, prefix=f"b{os.getpid()}x{next(_prefixes)}")
        await storage.ensure(TABLES, QUEUES)
        return storage, await open_client(storage)

    with asyncio.Runner() as runner:
        storage, client = runner.run(opened())
        user = runner.run(client.user("mira", title="Analyst"))
        group = runner.run(client.group("Risk", user["id"]))
        yield Endpoint(runner, client, {"Users": user["id"], "Groups": group["id"]})
        runner.run(storage.close())


@BOUNDED
@given(kind=KINDS, body=OBJECTS | VALUES)
def test_any_json_is_created_whole_or_refused(endpoint: Endpoint, kind: str, body: Any) -> None:
    """What was created is taken away again, so that the directory stays small."""
    before = endpoint.seen()
    answer = endpoint.send("POST", f"/{kind}", body)
    endpoint.check(answer, before)
    if answer.status == 201:
        assert endpoint.send("DELETE", f"/{kind}/{answer.body['id']}").status == 204


@BOUNDED
@given(kind=KINDS, body=OBJECTS)
def test_any_json_replaces_whole_or_is_refused(endpoint: Endpoint, kind: str, body: dict[str, Any]) -> None:
    """A valid name is there, so that more than the missing name is looked at."""
    named = {"schemas": [USER if kind == "Users" else GROUP], "userName": "mira", "displayName": "Risk"}
    before = endpoint.seen()
    endpoint.check(endpoint.send("PUT", f"/{kind}/{endpoint.ids[kind]}", named | body), before)


@BOUNDED
@given(kind=KINDS, operations=st.lists(OPERATIONS, max_size=4) | VALUES)
def test_any_patch_is_applied_whole_or_refused(endpoint: Endpoint, kind: str, operations: Any) -> None:
    """No operation of a refused PATCH is stored, whichever of them was wrong."""
    before = endpoint.seen()
    body = {"schemas": [PATCH], "Operations": operations}
    endpoint.check(endpoint.send("PATCH", f"/{kind}/{endpoint.ids[kind]}", body), before)


@BOUNDED
@given(kind=KINDS, raw=BYTES, method=st.sampled_from(["POST", "PUT", "PATCH"]))
def test_any_bytes_are_refused(endpoint: Endpoint, kind: str, raw: bytes, method: str) -> None:
    """Bytes that happen to be a JSON object are no valid resource either."""
    before = endpoint.seen()
    path = f"/{kind}" if method == "POST" else f"/{kind}/{endpoint.ids[kind]}"
    answer = endpoint.send(method, path, raw=raw)
    assert 400 <= answer.status < 500, (raw, answer)
    endpoint.check(answer, before)


@BOUNDED
@given(kind=KINDS, query=QUERIES)
def test_any_question_is_answered_or_refused(endpoint: Endpoint, kind: str, query: dict[str, str]) -> None:
    """By GET, and as the body of a search."""
    answer = endpoint.send("GET", f"/{kind}", **query)
    if answer.status == 200:
        assert answer.body["totalResults"] >= len(answer.body.get("Resources", []))
    endpoint.send("POST", f"/{kind}/.search", query)
    endpoint.send("GET", f"/{kind}/{endpoint.ids[kind]}", **query)


@BOUNDED
@given(method=METHODS, path=PATHS, body=st.none() | OBJECTS)
def test_any_path_and_method_is_answered_or_refused(endpoint: Endpoint, method: str, path: str, body: Any) -> None:
    """Nothing that has no name is created, whatever the path."""
    before = endpoint.seen()
    answer = endpoint.send(method, path.replace("{id}", endpoint.ids["Users"]), body)
    if answer.status >= 400:
        assert endpoint.seen() == before


@BOUNDED
@given(
    operations=st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "method": st.sampled_from(["POST", "PUT", "PATCH", "DELETE", "get", "GET"]) | VALUES,
                "path": st.sampled_from(["/Users", "/Groups", "/Users/bulkId:a", "/Users/u-1", "Users", "/Bulk", "/"])
                | VALUES,
                "bulkId": st.sampled_from(["a", "b", ""]) | VALUES,
                "version": VALUES,
                "data": OBJECTS | VALUES,
            },
        ),
        max_size=3,
    )
    | VALUES,
    limit=st.none() | VALUES,
)
def test_any_bulk_is_answered_operation_by_operation_or_refused(
    endpoint: Endpoint, operations: Any, limit: Any
) -> None:
    """Each operation inside has a status of its own, and none is a 5xx."""
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    answer = endpoint.send("POST", "/Bulk", body if limit is None else body | {"failOnErrors": limit})
    if answer.status == 200:
        assert all(int(each["status"]) < 500 for each in answer.body["Operations"]), answer.body
    json.dumps(answer.body)
