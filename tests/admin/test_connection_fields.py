"""What the admin API says of fields that are wrong, and that it never repeats a secret."""

from typing import Any

import pytest

from tests.admin.conftest import Api

LDAP: dict[str, Any] = {
    "host": "dc1.northwind.example",
    "bind_dn": "cn=lockstep,dc=northwind",
    "bind_password": "env:LOCKSTEP_SECRET_LDAP",
    "user_base": "ou=people,dc=northwind",
    "group_base": "ou=groups,dc=northwind",
}


def ldap(**settings: Any) -> dict[str, Any]:
    """Return the body of an LDAP connection."""
    return {"id": "ldap", "name": "LDAP", "kind": "ldap", "settings": {**LDAP, **settings}}


async def wrong(api: Api, body: dict[str, Any], path: str = "/api/connections") -> dict[str, str]:
    """Return the errors of a refused body by field."""
    answer = await api.client.post(path, json=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 422
    assert (await api.client.get("/api/connections")).json() == {"connections": []}
    return {error["field"]: error["message"] for error in problem["errors"]}


async def test_an_ldap_connection_is_stored_with_its_secret_as_a_reference(api: Api) -> None:
    answer = await api.client.post("/api/connections", json=ldap())
    assert answer.status_code == 201, answer.text
    assert answer.json()["settings"] == LDAP


async def test_a_literal_secret_is_refused_with_what_to_give_instead(api: Api) -> None:
    answer = await api.client.post("/api/connections", json=ldap(bind_password="hunter2-hunter2"))
    assert answer.status_code == 422
    assert "hunter2" not in answer.text
    assert answer.json()["errors"] == [
        {
            "field": "settings.bind_password",
            "message": "This field holds a secret: give a reference such as vault:ldap-password or "
            "env:LOCKSTEP_SECRET_LDAP.",
        }
    ]


@pytest.mark.parametrize("path", ["/api/connections", "/api/connections/verify"])
async def test_each_wrong_setting_is_told_in_words(api: Api, path: str) -> None:
    body = ldap(host="ldap://dc1", port=0, user_base="people", colour="red")
    if path.endswith("verify"):
        del body["id"], body["name"]
    errors = await wrong(api, body, path)
    assert errors.keys() == {"settings.host", "settings.port", "settings.user_base", "settings.colour"}
    assert all(errors.values())


async def test_a_rule_over_several_settings_is_told_of_the_settings(api: Api) -> None:
    errors = await wrong(api, ldap(security="plain"))
    assert "insecure" in errors["settings"]


async def test_an_unknown_kind_is_told_with_those_there_are(api: Api) -> None:
    assert "ldap" in (await wrong(api, {**ldap(), "kind": "telepathy"}))["kind"]


async def test_a_kind_for_tests_cannot_be_chosen(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    from provisioning.connections import registry

    monkeypatch.delitem(registry.KINDS, "memory")
    assert "kind" in await wrong(api, api.body())


async def test_wrong_shapes_are_told_by_field(api: Api) -> None:
    errors = await wrong(
        api,
        {
            "id": 7, "kind": "ldap", "settings": [], "enabled": "perhaps", "features": {"fly": True},
            "matching": {"Robot": []}, "deletion": "explode", "more": 1,
        },
    )  # fmt: skip
    assert errors["name"] == "This field is required."
    assert errors["more"] == "There is no such field."
    assert errors["features.fly"] == "There is no such field."
    assert {"id", "settings", "enabled", "deletion"} <= errors.keys()
    assert any(field.startswith("matching") for field in errors)


@pytest.mark.parametrize("connection_id", ["", "A", "a b", "x" * 41, "hub", "verify"])
async def test_an_id_that_cannot_be_one_is_told(api: Api, connection_id: str) -> None:
    assert "id" in await wrong(api, api.body(connection_id))


async def test_matching_by_what_is_not_mapped_is_told_with_what_can_be_matched_by(api: Api) -> None:
    errors = await wrong(api, api.body(matching={"User": ["shoeSize"]}))
    assert "login" in errors["matching.User"]


async def test_a_secret_in_a_place_of_another_shape_is_not_repeated(api: Api) -> None:
    for body in (
        ldap(bind_password={"value": "hunter2"}), {**ldap(), "settings": "hunter2"}, {**ldap(), "features": "hunter2"},
        {**ldap(), "hunter2-name": 1, "id": "hunter2 hunter2"},
    ):  # fmt: skip
        answer = await api.client.post("/api/connections", json=body)
        assert answer.status_code == 422
        errors = [error["message"] for error in answer.json()["errors"]]
        assert "hunter2" not in " ".join(errors)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b"nul", b'{"a":1'])
async def test_a_body_that_is_not_json_is_told(api: Api, content: bytes) -> None:
    answer = await api.client.post("/api/connections", content=content, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
