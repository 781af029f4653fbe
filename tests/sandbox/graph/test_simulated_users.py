"""Users: what a create needs, what may be written, what is unique, what is read back."""

from typing import Any

import pytest

from sandbox.graph.server import Served
from tests.graph_client import GraphClient, user


async def test_create_answers_201_with_the_default_properties_and_no_password(graph: GraphClient) -> None:
    reply = await graph("POST", "/users", user(department="Research"))

    assert reply.status == 201
    assert reply.body["userPrincipalName"] == "mira@contoso.example"
    assert "passwordProfile" not in reply.body
    assert "accountEnabled" not in reply.body
    assert "department" not in reply.body
    assert reply.headers["Location"].endswith(f"/users/{reply.body['id']}")


async def test_the_password_is_kept_nowhere(served: Served, graph: GraphClient) -> None:
    await graph("POST", "/users", user(passwordProfile={"password": "Very-Secret-42"}))

    assert "Very-Secret-42" not in str(served.simulator.state())


async def test_a_user_is_read_by_id_and_by_name_in_any_case(graph: GraphClient) -> None:
    key = await graph.user("mira")

    assert (await graph("GET", f"/users/{key}")).body["id"] == key
    assert (await graph("GET", f"/users/{key.upper()}")).body["id"] == key
    assert (await graph("GET", "/users/MIRA@contoso.example")).body["id"] == key


@pytest.mark.parametrize("key", ["nobody@contoso.example", "6f1c0f0e-7e9c-4ad1-bf0c-111111111111", "nobody"])
async def test_an_absent_user_is_404(graph: GraphClient, key: str) -> None:
    reply = await graph("GET", f"/users/{key}")

    assert (reply.status, reply.code) == (404, "Request_ResourceNotFound")
    assert reply.message.startswith(f"Resource '{key}' does not exist")


async def test_a_group_is_no_user(graph: GraphClient) -> None:
    assert (await graph("GET", f"/users/{await graph.group()}")).status == 404


@pytest.mark.parametrize(
    "name", ["accountEnabled", "displayName", "mailNickname", "passwordProfile", "userPrincipalName"]
)
async def test_a_create_without_a_required_property_is_refused_with_its_name(graph: GraphClient, name: str) -> None:
    body = user()
    del body[name]

    reply = await graph("POST", "/users", body)

    assert (reply.status, reply.code) == (400, "Request_BadRequest")
    assert reply.message == f"A value is required for property '{name}' of resource 'User'."
    assert reply.details[0][1] == name


@pytest.mark.parametrize("name", ["mira", "MIRA"])
async def test_a_taken_user_principal_name_is_a_conflict_with_status_400(graph: GraphClient, name: str) -> None:
    await graph.user("mira")

    reply = await graph("POST", "/users", user(name))

    assert (reply.status, reply.code) == (400, "Request_BadRequest")
    assert reply.message == "Another object with the same value for property userPrincipalName already exists."
    assert reply.details == [("ObjectConflict", "userPrincipalName")]
    assert len((await graph("GET", "/users")).ids) == 1


async def test_renaming_to_a_taken_name_is_a_conflict_and_changes_nothing(graph: GraphClient) -> None:
    await graph.user("mira")
    key = await graph.user("noor")

    change = {"userPrincipalName": "mira@contoso.example", "jobTitle": "Lead"}
    reply = await graph("PATCH", f"/users/{key}", change)

    assert reply.details == [("ObjectConflict", "userPrincipalName")]
    after = (await graph("GET", f"/users/{key}")).body
    assert (after["userPrincipalName"], after["jobTitle"]) == ("noor@contoso.example", None)


async def test_a_rename_frees_the_old_name_and_keeps_the_id(graph: GraphClient) -> None:
    key = await graph.user("mira")

    reply = await graph("PATCH", f"/users/{key}", {"userPrincipalName": "mira.k@contoso.example"})

    assert (reply.status, reply.body) == (204, None)
    assert (await graph("GET", "/users/mira.k@contoso.example")).body["id"] == key
    assert (await graph("GET", "/users/mira@contoso.example")).status == 404
    assert (await graph("POST", "/users", user("mira"))).status == 201


async def test_a_rename_in_case_only_is_no_conflict_with_oneself(graph: GraphClient) -> None:
    key = await graph.user("mira")

    assert (await graph("PATCH", f"/users/{key}", {"userPrincipalName": "Mira@contoso.example"})).status == 204


async def test_a_mail_address_is_unique_through_the_proxy_addresses(graph: GraphClient) -> None:
    await graph.user("mira", mail="info@contoso.example")

    reply = await graph("POST", "/users", user("noor", mail="INFO@contoso.example"))

    assert reply.status == 400
    assert reply.details == [("ConflictingObjects", "proxyAddresses"), ("ObjectConflict", "proxyAddresses")]


async def test_a_changed_mail_address_becomes_primary_and_the_old_one_stays_an_alias(graph: GraphClient) -> None:
    key = await graph.user("mira", mail="mira@contoso.example")

    await graph("PATCH", f"/users/{key}", {"mail": "mira.k@contoso.example"})

    reply = await graph("GET", f"/users/{key}?$select=proxyAddresses,mail")
    assert reply.body["mail"] == "mira.k@contoso.example"
    assert reply.body["proxyAddresses"] == ["SMTP:mira.k@contoso.example", "smtp:mira@contoso.example"]


async def test_mail_nickname_and_employee_id_are_not_unique_among_users(graph: GraphClient) -> None:
    await graph.user("mira", mailNickname="m", employeeId="7")
    await graph.user("noor", mailNickname="m", employeeId="7")


@pytest.mark.parametrize("name", ["mira@elsewhere.example", "mira@", "mira"])
async def test_a_user_principal_name_outside_the_verified_domains_is_refused(graph: GraphClient, name: str) -> None:
    reply = await graph("POST", "/users", user(userPrincipalName=name))

    assert (reply.status, reply.details) == (400, [("InvalidValue", "userPrincipalName")])


@pytest.mark.parametrize("local", ["zoë", "a b", "a+b", "a/b", "a" * 65, "mira."])
async def test_a_user_principal_name_with_a_forbidden_character_is_refused(graph: GraphClient, local: str) -> None:
    reply = await graph("POST", "/users", user(userPrincipalName=f"{local}@contoso.example"))

    assert (reply.status, reply.message) == (400, "Property userPrincipalName is invalid.")


async def test_an_apostrophe_and_a_hash_are_allowed_in_a_user_principal_name(graph: GraphClient) -> None:
    key = await graph.user("mira", userPrincipalName="o'brien#1@contoso.example")

    assert (await graph("GET", "/users/o'brien%231@contoso.example")).body["id"] == key


async def test_names_with_diacritics_are_kept_as_they_are(graph: GraphClient) -> None:
    key = await graph.user("zoe", displayName="Zoë Ångström", givenName="Zoë", surname="O'Brien")

    body = (await graph("GET", f"/users/{key}")).body
    assert (body["displayName"], body["givenName"], body["surname"]) == ("Zoë Ångström", "Zoë", "O'Brien")


async def test_null_clears_a_property(graph: GraphClient) -> None:
    key = await graph.user(department="Research", jobTitle="Lead", businessPhones=["+49 30 1"])

    change: dict[str, Any] = {"department": None, "jobTitle": None, "businessPhones": []}
    assert (await graph("PATCH", f"/users/{key}", change)).status == 204

    body = (await graph("GET", f"/users/{key}?$select=department,jobTitle,businessPhones")).body
    assert (body["department"], body["jobTitle"], body["businessPhones"]) == (None, None, [])


@pytest.mark.parametrize(
    "change",
    [
        {"displayName": None},
        {"displayName": ""},
        {"accountEnabled": None},
        {"userPrincipalName": None},
        {"mailNickname": None},
        {"usageLocation": None},
        {"usageLocation": "Germany"},
        {"department": ""},
        {"department": "x" * 65},
        {"businessPhones": ["1", "2"]},
        {"mailNickname": "a b"},
        {"mailNickname": "zoë"},
        {"userType": "Robot"},
        {"passwordProfile": {"password": "Correct-Horse-7", "hint": "horse"}},
    ],
)
async def test_a_value_that_is_not_allowed_is_refused_and_changes_nothing(
    graph: GraphClient, change: dict[str, Any]
) -> None:
    key = await graph.user(department="Research", usageLocation="DE")
    before = (await graph("GET", f"/users/{key}?$select=id,displayName,department,usageLocation")).body

    reply = await graph("PATCH", f"/users/{key}", {"jobTitle": "Lead"} | change)

    assert (reply.status, reply.code) == (400, "Request_BadRequest")
    assert reply.details == [("InvalidValue", next(iter(change)))]
    assert (await graph("GET", f"/users/{key}?$select=id,displayName,department,usageLocation")).body == before
    assert (await graph("GET", f"/users/{key}")).body["jobTitle"] is None


@pytest.mark.parametrize(
    "change",
    [
        {"accountEnabled": "yes"},
        {"displayName": 7},
        {"businessPhones": "1"},
        {"businessPhones": [1]},
        {"employeeHireDate": "yesterday"},
        {"onPremisesExtensionAttributes": {"extensionAttribute99": "x"}},
        {"bogus": "x"},
        {"id": "6f1c0f0e-7e9c-4ad1-bf0c-111111111111"},
        {"createdDateTime": "2026-01-01T00:00:00Z"},
        {"aboutMe": "I"},
        {"manager@odata.bind": "https://graph.microsoft.com/v1.0/users/6f1c0f0e-7e9c-4ad1-bf0c-111111111111"},
    ],
)
async def test_a_property_of_the_wrong_type_or_unknown_or_read_only_is_refused(
    graph: GraphClient, change: dict[str, Any]
) -> None:
    key = await graph.user()

    reply = await graph("PATCH", f"/users/{key}", change)

    assert reply.status == 400
    name = next(iter(change)) if "Extension" not in next(iter(change)) else "extensionAttribute99"
    assert f"'{name}'" in reply.message


@pytest.mark.parametrize("password", ["short-A1", "alllowercase", "ALLUPPER123", "", None, 7, "Aa1" * 90])
async def test_a_password_that_is_too_weak_is_refused_on_create(graph: GraphClient, password: Any) -> None:
    reply = await graph("POST", "/users", user(passwordProfile={"password": password}))

    accepted = password == "short-A1"
    assert reply.status == (201 if accepted else 400)


async def test_a_password_reset_moves_the_date_of_the_last_change(served: Served, graph: GraphClient) -> None:
    key = await graph.user()
    select = f"/users/{key}?$select=lastPasswordChangeDateTime"
    before = (await graph("GET", select)).body["lastPasswordChangeDateTime"]
    served.clock.advance(60)

    profile = {"passwordProfile": {"password": "Another-Horse-8"}}
    assert (await graph("PATCH", f"/users/{key}", profile)).status == 204

    assert (await graph("GET", select)).body["lastPasswordChangeDateTime"] > before


async def test_a_record_is_merged_member_by_member(graph: GraphClient) -> None:
    key = await graph.user(onPremisesExtensionAttributes={"extensionAttribute1": "a", "extensionAttribute2": "b"})

    change = {"onPremisesExtensionAttributes": {"extensionAttribute2": None, "extensionAttribute3": "c"}}
    await graph("PATCH", f"/users/{key}", change)

    body = (await graph("GET", f"/users/{key}?$select=onPremisesExtensionAttributes")).body
    assert body["onPremisesExtensionAttributes"] == {
        "extensionAttribute1": "a",
        "extensionAttribute2": None,
        "extensionAttribute3": "c",
    }


async def test_every_answer_carries_request_ids_and_errors_repeat_them(graph: GraphClient) -> None:
    reply = await graph("GET", "/users/nobody", client_request_id="6f1c0f0e-7e9c-4ad1-bf0c-222222222222")

    inner = reply.body["error"]["innerError"]
    assert reply.headers["client-request-id"] == "6f1c0f0e-7e9c-4ad1-bf0c-222222222222"
    assert inner["client-request-id"] == reply.headers["client-request-id"]
    assert inner["request-id"] == reply.headers["request-id"]
    assert (await graph("GET", "/users")).headers["request-id"]


@pytest.mark.parametrize("content", [b"{", b"[]", b'"x"', b""])
async def test_a_body_that_is_no_json_object_is_refused(graph: GraphClient, content: bytes) -> None:
    headers = {"Authorization": f"Bearer {graph.token}", "Content-Type": "application/json"}
    async with graph.session.post(f"{graph.served.base_url}/users", data=content, headers=headers) as response:
        assert response.status == 400
        assert (await response.json())["error"]["code"] == "BadRequest"


async def test_a_body_without_its_content_type_is_refused(graph: GraphClient) -> None:
    headers = {"Authorization": f"Bearer {graph.token}", "Content-Type": "text/plain"}
    async with graph.session.post(f"{graph.served.base_url}/users", data=b"{}", headers=headers) as response:
        assert response.status == 400
        assert "Content-Type" in (await response.json())["error"]["message"]


@pytest.mark.parametrize(("path", "status"), [("/bogus", 400), ("/users/a/bogus", 400), ("/", 400)])
async def test_an_unknown_path_is_refused(graph: GraphClient, path: str, status: int) -> None:
    assert (await graph("GET", path)).status == status


async def test_a_method_that_is_not_offered_is_405(graph: GraphClient) -> None:
    assert (await graph("PUT", "/users")).status == 405


async def test_sign_in_sessions_are_revoked(graph: GraphClient) -> None:
    key = await graph.user()

    reply = await graph("POST", f"/users/{key}/revokeSignInSessions")

    assert (reply.status, reply.body["value"]) == (200, True)
    stamp = await graph("GET", f"/users/{key}?$select=signInSessionsValidFromDateTime")
    assert stamp.body["signInSessionsValidFromDateTime"]


async def test_the_organization_names_its_verified_domains(served: Served, graph: GraphClient) -> None:
    reply = await graph("GET", "/organization")

    [organization] = reply.body["value"]
    assert organization["id"] == served.tenant_id
    assert [domain["name"] for domain in organization["verifiedDomains"] if domain["isDefault"]] == ["contoso.example"]
    narrow = await graph("GET", "/organization?$select=id,displayName")
    assert narrow.body["value"] == [{"id": served.tenant_id, "displayName": "Contoso"}]
