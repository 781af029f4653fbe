"""Nothing that a client sends gives a 5xx or something half-written: it is refused as a SCIM error, with words."""

import base64
import os
from typing import Any

import pytest
from scim2_server.cursor import Cursors

from provisioning.sources.caller import Profile
from tests.scim.callers import caller
from tests.scim.conftest import PATCH, Client

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"

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
        b'{"userName":"m","userName":"n"}',
        b'{"userName":"m","USERNAME":"n"}',
        b'{"userName":"m\\u0000"}',
        b'{"userName":"m","title":Infinity}',
        b'{"userName":"m","title":1e999}',
        b'{"userName":"m","shoeSize":123456789012345678901234567890}',
        b'{"userName":"m","title":7}',
        b'{"userName":"m","title":{"x":{"y":{}}}}',
        b'{"userName":"m","emails":"m@x"}]',
        b'{"userName":"m","name":[{"givenName":"a"},{"givenName":"b"}]}',
        b'{"userName":"m","x509Certificates":[{"value":"not base64"}]}',
        "\ufeff{".encode(),
        '{"userName":"m"}'.encode("utf-16"),
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
        b'[{"op":"add","path":"' + b"a" * 9000 + b'","value":"x"}]',
        b'[{"op":"add","path":"emails' + b"[value pr]" * 800 + b'","value":"x"}]',
        b'[{"op":"add","path":"title","value":"a","value":"b"}]',
        b'[{"op":"add","path":"title","Path":"nickName","value":"b"}]',
        b'[{"op":"add","path":"title","value":{"a":{"b":1}}}]',
        b'[{"op":["add"],"path":"title","value":"x"}]',
        b'[{"op":"add","path":{"a":1},"value":"x"}]',
        b'[{"op":"add","path":"x509Certificates","value":[{"value":"***"}]}]',
        b"[null]",
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
        ("/Users", {"filter": " and ".join(["title pr"] * 700) + " and"}, 400),
        ("/Users", {"filter": 'userName eq "a" or'}, 400),
        ("/Users", {"filter": "[" * 4000}, 400),
        ("/Users", {"filter": "emails[" * 1000}, 400),
        ("/Users", {"filter": "eq eq eq"}, 400),
        ("/Users", {"filter": "\ufffd"}, 400),
        ("/Users", {"filter": ""}, 400),
        ("/Users", {"attributes": "a" * 9000}, 400),
        ("/Users", {"sortBy": "a" * 9000}, 400),
        ("/Users", {"sortOrder": "banana"}, 400),
        ("/Users", {"startIndex": "9" * 5000}, 400),
        ("/Users", {"count": "1e3"}, 400),
        ("/Users", {"count": "banana"}, 400),
        ("/Users", {"sortBy": "nothing"}, 400),
        ("/Users", {"attributes": "id", "excludedAttributes": "name"}, 400),
        ("/Users/%00%0a", {}, 404),
        ("/Users/" + "x" * 65_536, {}, 404),
        ("/Users/..%2fGroups", {}, 404),
        ("/Users/" + "%c3%28" * 10, {}, 404),
        ("/Users/%zz%", {}, 404),
        ("/Users/" + "../" * 500, {}, 404),
        ("/" + "a/" * 5000, {}, 404),
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


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({"count": "-1"}, 0),
        ({"count": "0"}, 0),
        ({"count": "1"}, 1),
        ({"count": "99999999999999999999"}, 2),
        ({"startIndex": "0"}, 2),
        ({"startIndex": "-5"}, 2),
        ({"startIndex": "3"}, 0),
        ({"startIndex": "99999999999999999999"}, 0),
        ({"filter": 'userName eq "(a+)+$"'}, 0),
        ({"filter": 'userName co "' + "(a*)*" * 300 + '"'}, 0),
        ({"filter": 'userName eq "' + "x" * 8000 + '"'}, 0),
        ({"filter": 'id eq "' + "x" * 8000 + '"'}, 0),
        ({"filter": "(" * 4000 + "title pr" + ")" * 4000}, 0),
        ({"filter": " or ".join(['title eq "x"'] * 400)}, 0),
        ({"aadOptscim062020": "", "unheard": "x" * 5000}, 2),
    ],
)
async def test_an_odd_question_is_answered(client: Client, query: Any, shown: int) -> None:
    """RFC 7644 section 3.4.2.4 bends what is out of range, and a text is a text whatever it looks like."""
    await client.user("mira")
    await client.user("noor")
    body = await client.get("/Users", **query)
    assert len(body["Resources"]) == shown
    assert body["startIndex"] >= 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"emails": [{"type": "other", "value": f"{number}@x"} for number in range(10_000)]}, 413),
        ({"emails": [{"type": "other", "value": f"{number}@x"} for number in range(1000)]}, 413),
        ({"title": "x" * 2_000_000}, 201),
        ({"x" * 100_000: "y"}, 201),
        ({f"a{number}": number for number in range(20_000)}, 201),
        ({"externalId": "x" * 65_536}, 201),
        ({"displayName": "\U0001f600" * 30_000}, 201),
        ({"nickName": "‮\u0007\r\n\ufffe"}, 201),
    ],
)
async def test_a_large_or_odd_body_is_kept_whole_or_refused_whole(client: Client, body: Any, status: int) -> None:
    """What is kept is read back as it was sent; what is refused leaves nothing behind."""
    answer = await client.send("POST", "/Users", {"userName": "mira", **body})
    assert answer.status == status, str(answer)[:500]
    if status != 201:
        assert (await client.get("/Users"))["totalResults"] == 0
        return
    read = await client.get(f"/Users/{answer.body['id']}")
    known = {name: value for name, value in body.items() if name in {"title", "externalId", "displayName", "nickName"}}
    assert {name: read[name] for name in known} == known
    assert len(read) == len(known) + 4


@pytest.mark.parametrize("target", ["userName", "displayName"])
async def test_a_very_long_name_is_found_again_and_is_unique(client: Client, target: str) -> None:
    name = "m" * 20_000
    made = await client.user(**{"name": name} if target == "userName" else {"name": "m", "displayName": name})
    assert made[target] == name
    if target == "userName":
        assert (await client.send("POST", "/Users", {"userName": name})).status == 409
        assert (await client.send("POST", "/Users", {"userName": name + "x"})).status == 201


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "add", "path": "emails", "value": [{"value": f"{number}@x"}]} for number in range(100)],
        [{"op": "add", "path": "title", "value": str(number)} for number in range(201)],
        [{"op": "add", "path": f'emails[type eq "t{number}"].value', "value": "x"} for number in range(100)],
        [{"op": "add", "path": "emails", "value": [{"value": f"{number}@x"} for number in range(1001)]}],
    ],
)
async def test_a_patch_that_makes_a_user_too_large_changes_nothing(client: Client, operations: Any) -> None:
    user = await client.user("mira")
    answer = await client.patch(f"/Users/{user['id']}", *operations)
    assert answer.status == 413, str(answer)[:500]
    assert await client.get(f"/Users/{user['id']}") == user


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("body", "scim_type"),
    [
        ({"attributes": ["," * 9000]}, "invalidValue"),
        ({"attributes": ["title"] * 9000}, "invalidValue"),
        ({"sortBy": "a" * 9000}, "invalidValue"),
        ({"filter": " or ".join(["title pr"] * 2000)}, "invalidFilter"),
    ],
)
async def test_a_search_that_is_dear_to_read_is_refused_unread(
    client: Client, strict: bool, body: dict[str, Any], scim_type: str
) -> None:
    mine = await caller(client, "pure", profile=Profile(strict=strict))
    answer = await mine.send("POST", "/Users/.search", {"schemas": [SEARCH], **body})
    assert (answer.status, answer.body["scimType"]) == (400, scim_type)
    assert "8192" in answer.body["detail"]


async def test_half_a_surrogate_pair_in_a_filter_finds_nobody(client: Client) -> None:
    """JSON escapes inside of a filter are read after the body was."""
    for text in ("\\ud800", "\\ud800" + "a" * 300):
        answer = await client.send("GET", "/Users", filter=f'userName eq "{text}"')
        assert answer.status in (200, 400), answer


@pytest.mark.parametrize("content", [b"[]", b"{}", b"\xff", b'{"q":1}', b"9" * 5000])
async def test_a_made_up_cursor_is_refused(client: Client, content: bytes) -> None:
    """Cursors are sealed with a key that is no secret."""
    cursors = Cursors(b"lockstep cursors")
    salt = os.urandom(16)
    nonce = os.urandom(12)
    sealed = cursors._aead(salt).encrypt(nonce, content, b"\x01")
    cursor = base64.urlsafe_b64encode(b"\x01" + salt + nonce + sealed).rstrip(b"=").decode()
    answer = await client.send("GET", "/Users", cursor=cursor, count="2")
    assert (answer.status, answer.body["scimType"]) == (400, "invalidCursor")
    assert "empty cursor" in answer.body["detail"]


async def test_a_path_is_logged_on_one_line_and_without_names(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    await client.send("GET", "/Users/mira@northwind.example")
    await client.send("GET", "/x%0Ascim GET /Users 200")
    await client.send("GET", "/mira@northwind.example")
    await client.send("GET", "/Users/u-mira")
    told = [record.getMessage() for record in caplog.records if record.name == "provisioning.scim.endpoint"]
    assert not any("mira" in each or "\n" in each for each in told)
    assert any("/Users/-" in each for each in told)
