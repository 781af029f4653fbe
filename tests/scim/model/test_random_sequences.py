"""Any sequence of requests leaves what a plain model of SCIM says, in whatever dialect each request is written."""

import asyncio
import itertools
import os
from collections.abc import Coroutine
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, multiple, rule, run_state_machine_as_test

from provisioning.storage.store import Storage
from tests.hubs import QUEUES, TABLES
from tests.scim.conftest import GROUP, USER, Answer, open_client
from tests.scim.model import spelling
from tests.scim.model.budget import FUZZ
from tests.scim.model.plain import Circle, Conflict, Filter, Group, Plain, as_scim, from_scim

USER_NAMES = st.sampled_from(["mira", "MIRA", "noor", "Ada@x", "zoë"])
WORDS = st.sampled_from(["Risk", "risk", "Audit", "Zoë “Mi” O'Neill", "a b", "0", "True"])
GROUP_NAMES = st.sampled_from(["Risk", "RISK", "Audit", "All"])
MAILS = st.sampled_from(["m@x", "M@X", "n@x"])
TYPES = ["work", "home", "other"]
TEXTS = ["displayName", "title", "nickName", "name.givenName", "name.familyName", "E.department", "E.division"]
STRANGERS = ["u-00000000000000000000000000000000", "somebody"]

ATTRIBUTES = {
    **dict.fromkeys(TEXTS, WORDS),
    **{f"emails:{kind}": MAILS for kind in TYPES},
    "externalId": st.sampled_from(["e1", "e2"]),
    "active": st.booleans(),
    "E.manager": st.sampled_from([*STRANGERS, "u-1"]),
}
BODIES = st.fixed_dictionaries({"userName": USER_NAMES}, optional=ATTRIBUTES)
CHANGES = st.lists(
    st.one_of(*(st.tuples(st.just(name), values | st.none()) for name, values in ATTRIBUTES.items()))
    | st.tuples(st.just("userName"), USER_NAMES),
    min_size=1,
    max_size=4,
)
COMPARISONS: st.SearchStrategy[Filter] = st.one_of(
    st.tuples(st.just("eq"), st.just("userName"), USER_NAMES),
    st.tuples(st.just("eq"), st.just("externalId"), st.sampled_from(["e1", "e2", "E1"])),
    st.tuples(st.just("eq"), st.sampled_from([f"emails:{kind}" for kind in TYPES] + ["emails"]), MAILS),
    st.tuples(st.just("eq"), st.just("active"), st.booleans()),
    st.tuples(st.just("eq"), st.just("E.manager"), st.sampled_from([*STRANGERS, "u-1"])),
    st.tuples(st.sampled_from(["eq", "co", "sw", "ew"]), st.sampled_from(TEXTS), WORDS),
    st.tuples(st.just("pr"), st.sampled_from([*TEXTS, "userName", "emails", "active", "E.manager"])),
)
FILTERS = st.recursive(
    COMPARISONS,
    lambda inner: st.tuples(st.sampled_from(["and", "or"]), inner, inner) | st.tuples(st.just("not"), inner),
    max_leaves=4,
)
BAD = st.sampled_from(
    [
        {"op": "Replace", "path": "active", "value": "banana"},
        {"op": "Replace", "path": "userName", "value": ""},
        {"op": "Remove", "path": "userName"},
        {"op": "replace", "path": "id", "value": "mine"},
        {"op": "explode", "path": "title", "value": "x"},
        {"op": "replace", "path": "emails[type eq", "value": "x"},
    ]
)

_prefixes = itertools.count()


class Sequences(RuleBasedStateMachine):
    """One directory, from empty, and the model beside it; each rule sends a request and compares."""

    connection = ""
    users: Bundle[str] = Bundle("users")
    groups: Bundle[str] = Bundle("groups")
    gone: Bundle[str] = Bundle("gone")

    def __init__(self) -> None:
        super().__init__()
        self.plain = Plain()
        self.versions: dict[str, str] = {}
        self.runner = asyncio.Runner()
        self.storage = self.runner.run(self._open())
        self.client = self.runner.run(open_client(self.storage))

    async def _open(self) -> Storage:
        prefix = f"m{os.getpid()}x{next(_prefixes)}"
        storage = Storage.from_connection_string(self.connection, prefix=prefix)
        await storage.ensure(TABLES, QUEUES)
        return storage

    def teardown(self) -> None:
        """Compare everything once more, by the lists."""
        try:
            listed = {each["id"]: each for each in self._pages("/Users", 3)}
            assert {key: from_scim(each) for key, each in listed.items()} == self.plain.users
            groups = {each["id"]: each for each in self._pages("/Groups", 2)}
            assert {key: from_scim(each) for key, each in groups.items()} == {
                key: group.attributes for key, group in self.plain.groups.items()
            }
            for group_id in self.plain.groups:
                self._compare_group(group_id)
        finally:
            self.runner.run(self.storage.close())
            self.runner.close()

    def _send(self, method: str, path: str, body: Any = None, **named: Any) -> Answer:
        answer: Answer = self._run(self.client.send(method, path, body, **named))
        assert answer.status != 429
        assert answer.status < 500, answer
        if answer.status >= 400:
            assert answer.body["status"] == str(answer.status)
            assert answer.body["detail"]
        return answer

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(work)

    def _pages(self, path: str, count: int) -> list[dict[str, Any]]:
        seen: list[dict[str, Any]] = []
        while True:
            page = self._send("GET", path, startIndex=len(seen) + 1, count=count, excludedAttributes="members").body
            seen += page.get("Resources", [])
            if len(seen) >= page["totalResults"]:
                return seen
            assert page["Resources"], "a page before the last one is empty"

    def _compare_user(self, user_id: str) -> dict[str, Any]:
        answer = self._send("GET", f"/Users/{user_id}")
        assert answer.status == 200
        assert from_scim(answer.body) == self.plain.users[user_id]
        return dict(answer.body)

    def _compare_group(self, group_id: str) -> dict[str, Any]:
        answer = self._send("GET", f"/Groups/{group_id}")
        group = self.plain.groups[group_id]
        assert answer.status == 200
        assert from_scim(answer.body) == group.attributes
        members = [each["value"] for each in answer.body.get("members", [])]
        assert len(members) == len(set(members)), "a member appeared twice"
        # Who was deleted leaves by the outbox, in its own time.
        assert set(members) - self.plain.deleted == group.members - self.plain.deleted
        return dict(answer.body)

    # -- users ---------------------------------------------------------------

    @rule(target=users, body=BODIES)
    def create_user(self, body: dict[str, Any]) -> Any:
        answer = self._send("POST", "/Users", {"schemas": [USER]} | as_scim(body))
        if not self.plain.may_be_called(body["userName"]):
            assert (answer.status, answer.body["scimType"]) == (409, "uniqueness")
            return multiple()
        assert answer.status == 201, answer
        self.plain.users[answer.body["id"]] = dict(body)
        self._compare_user(answer.body["id"])
        return answer.body["id"]

    @rule(user=users, body=BODIES)
    def put_user(self, user: str, body: dict[str, Any]) -> None:
        answer = self._send("PUT", f"/Users/{user}", {"schemas": [USER]} | as_scim(body))
        if self.plain.may_be_called(body["userName"], user):
            assert answer.status == 200, answer
            self.plain.users[user] = dict(body)
        else:
            assert answer.status == 409, answer
        self._compare_user(user)

    @rule(user=users, changes=CHANGES, data=st.data())
    def patch_user(self, user: str, changes: list[tuple[str, Any]], data: st.DataObject) -> None:
        operations = [spelling.operation(data.draw, name, value) for name, value in changes]
        before = self._send("GET", f"/Users/{user}").body
        answer = self._run(self.client.patch(f"/Users/{user}", *operations))
        try:
            changed = self.plain.changed_user(user, dict(changes))
        except Conflict:
            assert answer.status == 409, (operations, answer)
        else:
            assert answer.status == 200, (operations, answer)
            self.plain.users[user] = changed
        after = self._compare_user(user)
        assert (after["meta"] == before["meta"]) == (after | {"meta": 0} == before | {"meta": 0})

    @rule(user=users, changes=CHANGES, bad=BAD, data=st.data())
    def patch_user_badly(
        self, user: str, changes: list[tuple[str, Any]], bad: dict[str, Any], data: st.DataObject
    ) -> None:
        operations = [spelling.operation(data.draw, name, value) for name, value in changes]
        operations.insert(data.draw(st.integers(0, len(operations))), bad)
        before = self._send("GET", f"/Users/{user}").body
        answer = self._run(self.client.patch(f"/Users/{user}", *operations))
        assert answer.status in (400, 409), answer
        assert self._send("GET", f"/Users/{user}").body == before

    @rule(user=users, changes=CHANGES, data=st.data())
    def patch_user_on_an_old_version(self, user: str, changes: list[tuple[str, Any]], data: st.DataObject) -> None:
        operations = [spelling.operation(data.draw, name, value) for name, value in changes]
        headers = {"if-match": 'W/"something else"'}
        assert self._run(self.client.patch(f"/Users/{user}", *operations, headers=headers)).status == 412
        self._compare_user(user)

    @rule(target=gone, user=consumes(users))
    def delete_user(self, user: str) -> str:
        assert self._send("DELETE", f"/Users/{user}").status == 204
        self.plain.delete(user)
        return user

    # -- groups --------------------------------------------------------------

    @rule(target=groups, name=GROUP_NAMES, members=st.lists(users | st.sampled_from(STRANGERS), max_size=3))
    def create_group(self, name: str, members: list[str]) -> Any:
        body = {"schemas": [GROUP], "displayName": name, "members": [{"value": each} for each in members]}
        answer = self._send("POST", "/Groups", body)
        if not self.plain.may_be_named(name):
            assert answer.status == 409, answer
            return multiple()
        assert answer.status == 201, answer
        self.plain.groups[answer.body["id"]] = Group({"displayName": name}, set(members))
        self._compare_group(answer.body["id"])
        return answer.body["id"]

    @rule(
        group=groups,
        members=st.lists(users | groups | st.sampled_from(STRANGERS), min_size=1, max_size=4, unique=True),
        remove=st.booleans(),
        data=st.data(),
    )
    def patch_members(self, group: str, members: list[str], remove: bool, data: st.DataObject) -> None:
        operations = spelling.members(data.draw, members, remove=remove)
        answer = self._run(self.client.patch(f"/Groups/{group}", *operations))
        known = self.plain.groups[group]
        try:
            if not remove:
                self.plain.check_circle(group, set(members))
        except Circle:
            assert answer.status == 400, (operations, answer)
        else:
            assert answer.status == 204, (operations, answer)
            known.members = known.members - set(members) if remove else known.members | set(members)
        self._compare_group(group)

    @rule(
        group=groups,
        members=st.lists(users | st.sampled_from(STRANGERS), max_size=3, unique=True),
        name=st.none() | GROUP_NAMES,
    )
    def replace_members(self, group: str, members: list[str], name: str | None) -> None:
        operations: list[dict[str, Any]] = [
            {"op": "replace", "path": "members", "value": [{"value": each} for each in members]}
        ]
        if name is not None:
            operations.append({"op": "Replace", "path": "displayName", "value": name})
        answer = self._run(self.client.patch(f"/Groups/{group}", *operations))
        if name is None or self.plain.may_be_named(name, group):
            assert answer.status == 204, answer
            self.plain.groups[group].members = set(members)
            self.plain.groups[group].attributes["displayName"] = (
                name or self.plain.groups[group].attributes["displayName"]
            )
        else:
            assert answer.status == 409, answer
        self._compare_group(group)

    @rule(group=groups, members=st.none() | st.lists(users, max_size=3, unique=True), name=GROUP_NAMES)
    def put_group(self, group: str, members: list[str] | None, name: str) -> None:
        """Without ``members`` they stay: a PUT of a large group by who has not read them must not empty it."""
        listed = {} if members is None else {"members": [{"value": each} for each in members]}
        answer = self._send("PUT", f"/Groups/{group}", {"schemas": [GROUP], "displayName": name} | listed)
        if self.plain.may_be_named(name, group):
            assert answer.status == 200, answer
            self.plain.groups[group].attributes = {"displayName": name}
            if members is not None:
                self.plain.groups[group].members = set(members)
        else:
            assert answer.status == 409, answer
        self._compare_group(group)

    @rule(group=groups)
    def wipe_members(self, group: str) -> None:
        assert self._run(self.client.patch(f"/Groups/{group}", {"op": "remove", "path": "members"})).status == 204
        self.plain.groups[group].members = set()
        self._compare_group(group)

    @rule(target=gone, group=consumes(groups))
    def delete_group(self, group: str) -> str:
        assert self._send("DELETE", f"/Groups/{group}").status == 204
        self.plain.delete(group)
        return group

    # -- questions -----------------------------------------------------------

    @rule(wanted=FILTERS, data=st.data())
    def filter_users(self, wanted: Filter, data: st.DataObject) -> None:
        text = spelling.question(data.draw, wanted)
        answer = self._send("GET", "/Users", filter=text)
        assert answer.status == 200, (text, answer)
        found = [each["id"] for each in answer.body.get("Resources", [])]
        assert len(found) == len(set(found)) == answer.body["totalResults"], text
        assert set(found) == self.plain.found(wanted), text

    @rule(name=GROUP_NAMES)
    def find_group(self, name: str) -> None:
        answer = self._send("GET", "/Groups", filter=f'displayName eq "{name}"', excludedAttributes="members")
        wanted = {
            key for key, group in self.plain.groups.items() if group.attributes["displayName"].lower() == name.lower()
        }
        assert {each["id"] for each in answer.body.get("Resources", [])} == wanted

    @rule(group=groups, member=users | st.sampled_from(STRANGERS))
    def check_a_reference(self, group: str, member: str) -> None:
        question = f'id eq "{group}" and members eq "{member}"'
        answer = self._send("GET", "/Groups", filter=question, attributes="id")
        assert answer.body["totalResults"] == int(member in self.plain.groups[group].members)

    @rule(user=users)
    def read_direct_groups(self, user: str) -> None:
        shown = self._send("GET", f"/Users/{user}", attributes="groups").body.get("groups", [])
        direct = {each["value"] for each in shown if each.get("type") != "indirect"}
        assert direct == self.plain.groups_of(user)

    @rule(id=gone, method=st.sampled_from(["GET", "PUT", "PATCH", "DELETE"]))
    def ask_for_what_is_gone(self, id: str, method: str) -> None:  # noqa: A002 - SCIM's word
        path = f"/Groups/{id}" if id.startswith("g-") else f"/Users/{id}"
        body = {
            "PUT": {"schemas": [USER], "userName": "nobody", "displayName": "Nobody"},
            "PATCH": {"Operations": [{"op": "replace", "path": "displayName", "value": "Nobody"}]},
        }.get(method)
        assert self._send(method, path, body).status == 404


def test_any_sequence_of_requests_leaves_what_a_plain_model_says(azurite_connection: str) -> None:
    """In ``make test`` always the same sequences; ``make fuzz`` draws many others."""
    machine = type("Sequences", (Sequences,), {"connection": azurite_connection})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=300 if FUZZ else 30,
            stateful_step_count=60 if FUZZ else 40,
            deadline=None,
            derandomize=not FUZZ,
            # Making a failing sequence shorter takes minutes; its steps are printed either way.
            phases=list(Phase) if FUZZ else [Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
