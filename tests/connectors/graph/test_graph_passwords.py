"""Passwords: first ones are strong enough for every policy and never the same; others are set as they are given."""

import string

import pytest
from pydantic import SecretStr

from connectors.contract import ObjectKind
from connectors.errors import Misconfigured, NotFound, Rejected
from connectors.graph import GraphConnector
from connectors.graph.passwords import LENGTH, SYMBOLS, new_password
from sandbox.graph.knobs import PERMISSIONS, Fault
from sandbox.graph.server import Served
from tests.connectors.graph.graph_tenant import Record, settings_for

USER = ObjectKind.USER
MIRA = {"userPrincipalName": "mira@contoso.example", "displayName": "Mira"}


def test_a_password_has_every_class_of_characters_and_is_long() -> None:
    for _ in range(500):
        password = new_password()
        assert len(password) == LENGTH >= 24
        for characters in (string.ascii_uppercase, string.ascii_lowercase, string.digits, SYMBOLS):
            assert sum(each in characters for each in password) >= 2
        assert set(password) <= set(string.ascii_letters + string.digits + SYMBOLS)


def test_no_two_passwords_are_alike() -> None:
    made = {new_password() for _ in range(1000)}
    assert len(made) == 1000
    # No place in it is fixed: every position sees many characters.
    assert all(len({password[place] for password in made}) > 30 for place in range(LENGTH))


@pytest.mark.parametrize("must_change", [False, True])
async def test_a_password_is_set_in_one_request(graph: GraphConnector, asked: Record, must_change: bool) -> None:
    key = (await graph.create(USER, MIRA, active=True)).remote_id
    asked.clear()
    await graph.set_password(key, SecretStr("Correct-Horse-7"), must_change=must_change)
    assert asked.lines == [f"PATCH /users/{key}"]
    profile = {"password": "Correct-Horse-7", "forceChangePasswordNextSignIn": must_change}
    assert asked[0].body == {"passwordProfile": profile}


async def test_a_password_that_the_policy_refuses_is_told_without_it(graph: GraphConnector) -> None:
    key = (await graph.create(USER, MIRA, active=True)).remote_id
    with pytest.raises(Rejected) as caught:
        await graph.set_password(key, SecretStr("hunter2"))
    assert (caught.value.code, caught.value.attribute) == ("graph.passwordPolicy", "password")
    assert "hunter2" not in f"{caught.value!r} {caught.value.fix} {caught.value.__context__!r}"


async def test_a_password_needs_its_own_permission(graph: GraphConnector, graph_simulator: Served) -> None:
    key = (await graph.create(USER, MIRA, active=True)).remote_id
    graph_simulator.knobs.permissions = PERMISSIONS - {"User-PasswordProfile.ReadWrite.All"}
    poor = GraphConnector(settings_for(graph_simulator))
    with pytest.raises(Misconfigured) as caught:
        await poor.set_password(key, SecretStr("Correct-Horse-7"))
    assert "User-PasswordProfile.ReadWrite.All" in caught.value.fix
    assert "Privileged Authentication Administrator" in caught.value.fix
    await poor.close()


async def test_an_administrators_password_is_a_problem_of_that_account(
    graph: GraphConnector, graph_simulator: Served
) -> None:
    key = (await graph.create(USER, MIRA, active=True)).remote_id
    graph_simulator.knobs.faults = [Fault(status=403, method="PATCH")]
    with pytest.raises(Rejected, match="protects"):
        await graph.set_password(key, SecretStr("Correct-Horse-7"))


async def test_the_password_of_nobody_is_not_found(graph: GraphConnector) -> None:
    with pytest.raises(NotFound):
        await graph.set_password("00000000-0000-4000-8000-000000000000", SecretStr("Correct-Horse-7"))
