"""Settings that cannot work are refused when they are entered, with what is wrong."""

from typing import Any

import pytest
from pydantic import ValidationError

from connectors.active_directory import ActiveDirectorySettings

BASE = "DC=corp,DC=example,DC=com"


def settings(**changes: Any) -> ActiveDirectorySettings:
    values = {
        "host": "dc1.corp.example.com, dc2.corp.example.com",
        "bind_user": "lockstep@corp.example.com",
        "bind_password": "secret",
        "user_base": f"OU=People,{BASE}",
        "group_base": f"OU=Groups,{BASE}",
    }
    return ActiveDirectorySettings(**values | changes)


@pytest.mark.parametrize("user", ["lockstep@corp.example.com", f"CN=lockstep,OU=Services,{BASE}", "CORP\\lockstep"])
def test_the_service_account_has_one_of_three_forms(user: str) -> None:
    assert settings(bind_user=user).bind_name == user


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"bind_user": "lockstep"}, "user principal name"),
        ({"bind_password": ""}, "empty"),
        ({"user_placement": "CN={department}"}, "organizational units"),
        ({"user_placement": "OU={department"}, "brace"),
        ({"user_placement_fallback": "OU={department}"}, "OU=Unsorted"),
        ({"account_name": ("{givenName",)}, "brace"),
        ({"account_name": ()}, "at least 1"),
        ({"upn_suffixes": ("corp example",)}, "corp.example.com"),
        ({"base": BASE, "user_base": "OU=People,DC=other,DC=example"}, "user_base does not lie"),
        ({"inactive_base": BASE}, "could not come back"),
        ({"security": "plain"}, "insecure"),
        ({"user_base": "People"}, "distinguished name"),
        ({"deletion": "hard"}, "Extra inputs"),
    ],
)
def test_what_cannot_work_is_told(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        settings(**changes)


def test_suffixes_are_taken_with_and_without_the_at_sign() -> None:
    assert settings(upn_suffixes=("@a.test", "b.test")).upn_suffixes == ("a.test", "b.test")


def test_ldaps_on_its_usual_port_is_the_default() -> None:
    assert (settings().security, settings().effective_port) == ("ldaps", 636)
    assert settings().hosts == ("dc1.corp.example.com", "dc2.corp.example.com")
