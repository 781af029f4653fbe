"""Nothing that a client sends gives a 5xx or something half-written: it is refused as a SCIM error, with words."""

from typing import Any

import pytest

from tests.scim.conftest import PATCH, Client

DEEP = b"[" * 900 + b"]" * 900
NESTED = "not (" * 300 + 'type eq "x"' + ")" * 300


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"x"',
        b'{"userName":NaN}',
        b'{"userName":' + b"9" * 5000 + b"}",
        b'{"userName":"\xff"}',
        b'{"userName":"\\ud800x"}',
        b'{"userName":"rr","roles":[{"value":"{\\"value\\":\\"\\\\ud800\\"}"}]}',
        b"[" * 100_000,
        b'{"userName":"m","name":' + DEEP + b"}",
        b'{"userName":["a","b"]}',
        b'{"userName":{"a":1}}',
        b'{"userName":null}',
        b'{"userName":""}',
        b'{"displayName":"no name to sign in with"}',
        b'{"userName":"m","active":"banana"}',
        b'{"userName":"m","profileUrl":"no address"}',
        b'{"userName":"m","emails":[{"value":"a","primary":true},{"value":"b","primary":true}]}',
    ],
)
async def test_a_body_without_sense_creates_nobody(client: Client, body: bytes) -> None:
    """400, and the directory stays empty."""
    answer = await client.send("POST", "/Users", raw=body)
    assert answer.status == 400, answer
    assert answer.body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert answer.body["detail"]
    assert (await client.get("/Users"))["totalResults"] == 0
    assert not client.announced


@pytest.mark.parametrize(
    "operations",
    [
        b'[{"op":"add","path":"title","value":"\\ud800"}]',
        b'[{"op":"add","path":"emails","value":' + DEEP + b"}]",
        b'[{"op":"add","path":"shoeSize","value":' + DEEP + b"}]",
        b'[{"op":"add","path":"emails[' + NESTED.replace('"', '\\"').encode() + b'].value","value":"x"}]',
        b'[{"op":"add","path":"emails[type eq","value":"x"}]',
        b'[{"op":"add","path":"][","value":"x"}]',
        b'[{"op":"replace","path":"id","value":"x"}]',
        b'[{"op":"replace","path":"meta.version","value":"x"}]',
        b'[{"op":"replace","path":"groups","value":[{"value":"g-1"}]}]',
        b'[{"op":"replace","path":"schemas","value":["urn:x:y"]}]',
        b'[{"op":"replace","path":"userName","value":""}]',
        b'[{"op":"replace","path":"userName","value":5}]',
        b'[{"op":"remove","path":"userName"}]',
        b'[{"op":"remove"}]',
        b'[{"op":"replace","path":"title","value":"a"},{"op":"replace","path":"active","value":"banana"}]',
    ],
)
async def test_a_patch_without_sense_changes_nothing(client: Client, operations: bytes) -> None:
    """400, and not a part of it is stored."""
    user = await client.user("mira", title="Analyst")
    client.announced.clear()
    answer = await client.send("PATCH", f"/Users/{user['id']}", raw=b'{"Operations":' + operations + b"}")
    assert answer.status == 400, answer
    assert await client.get(f"/Users/{user['id']}") == user
    assert not client.announced


@pytest.mark.parametrize(
    "operations",
    [
        b'[{"op":"add","path":"members","value":[{"value":"\\ud800"}]}]',
        b'[{"op":"add","path":"members","value":[{"value":"a\\u0000b"}]}]',
        b'[{"op":"add","path":"members","value":[{"value":7}]}]',
        b'[{"op":"add","path":"members","value":[' + b'{"value":"u-1"},' * 3 + b'{"value":"' + b"x" * 70_000 + b'"}]}]',
        b'[{"op":"remove","path":"members[type eq \\"User\\"]"}]',
        b'[{"op":"remove","path":"members[value eq \\"\\ud800\\"]"}]',
        b'[{"op":"add","path":"members","value":"u-1"},{"op":"replace","path":"members.display","value":"x"}]',
    ],
)
async def test_a_membership_without_sense_changes_nothing(client: Client, operations: bytes) -> None:
    """400, and nobody is in."""
    group = await client.group("Risk")
    client.announced.clear()
    answer = await client.send("PATCH", f"/Groups/{group['id']}", raw=b'{"Operations":' + operations + b"}")
    assert answer.status == 400, answer
    assert await client.members(group["id"]) == []
    assert not client.announced


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/Users", {"filter": 'userName eq "\x00"'}, 400),
        ("/Users", {"filter": "not (" * 300 + "title pr" + ")" * 300}, 400),
        ("/Users", {"filter": "userName eq " + "x" * 9000}, 400),
        ("/Users", {"filter": 'active gt "x"'}, 400),
        ("/Users", {"count": "banana"}, 400),
        ("/Users", {"sortBy": "nothing"}, 400),
        ("/Users", {"attributes": "id", "excludedAttributes": "name"}, 400),
        ("/Users/%00%0a", {}, 404),
        ("/Users/" + "x" * 65_536, {}, 404),
        ("/Users/..%2fGroups", {}, 404),
        ("/Pets", {}, 404),
        ("/Me", {}, 501),
    ],
)
async def test_a_question_without_sense_is_refused(client: Client, path: str, query: Any, status: int) -> None:
    """With the status that tells what was wrong."""
    answer = await client.send("GET", path, **query)
    assert answer.status == status, answer
    assert answer.body["status"] == str(status)


async def test_a_patch_of_too_many_operations_is_refused(client: Client) -> None:
    """413, before one of them is looked at."""
    user = await client.user()
    operations = [{"op": "replace", "path": "title", "value": "x"}] * 1001
    answer = await client.send("PATCH", f"/Users/{user['id']}", {"schemas": [PATCH], "Operations": operations})
    assert answer.status == 413
