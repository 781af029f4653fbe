"""sAMAccountName, common name and userPrincipalName: which forms they take before the domain sees them."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.active_directory import naming
from connectors.active_directory.settings import ActiveDirectorySettings
from connectors.active_directory.templates import Template
from connectors.errors import Rejected
from connectors.ldap_client.session import Entry


def settings(**changes: Any) -> ActiveDirectorySettings:
    values = {
        "host": "dc1",
        "bind_user": "a@b",
        "bind_password": "secret",
        "user_base": "OU=People,DC=corp,DC=example,DC=test",
        "group_base": "OU=Groups,DC=corp,DC=example,DC=test",
    }
    return ActiveDirectorySettings(**values | changes)


def directory(**changes: Any) -> Any:
    return SimpleNamespace(settings=settings(**changes), domain=SimpleNamespace(dns_name="corp.example.test"))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("jdoe", "jdoe"),
        ("jane.doe@contoso.example", "jane.doe"),
        ("Zoë D'Aubigné-Müller", "ZoeD'Aubigne-Muller"),
        ("Łukasz Straße Øre", "LukaszStrasseOre"),
        ('a"b/c\\d[e]f:g;h|i=j,k+l*m?n<o>p', "abcdefghijklmnop"),
        ("a.very.long.name.of.somebody", "a.very.long.name.of"),
        ("ends.", "ends"),
        ("山田太郎", "山田太郎"),
        ("\x00\t\n", ""),
    ],
)
def test_a_text_becomes_a_logon_name(text: str, name: str) -> None:
    assert naming.account_name(text) == name


@given(st.text())
def test_no_text_makes_a_logon_name_that_the_domain_forbids(text: str) -> None:
    name = naming.account_name(text)
    assert len(name) <= 20
    assert not set(name) & set('"/\\[]:;|=,+*?<>@ \x00')
    assert not name.endswith(".")
    assert naming.account_name(name) == name


def test_the_first_rule_whose_attributes_all_have_values_makes_the_logon_name() -> None:
    rules = settings(account_name=("{employeeID}", "{givenName:1}{sn}", "{cn}"))
    assert naming.generated_account_name(rules, {"givenname": "Jane", "sn": "Doe", "cn": "x"}) == "JDoe"
    assert naming.generated_account_name(rules, {"givenname": " ", "sn": "Doe", "cn": "Jane Doe"}) == "JaneDoe"
    assert naming.generated_account_name(rules, {"employeeid": "E-7", "cn": "x"}) == "E-7"


def test_by_default_the_part_of_the_user_name_before_the_at_sign_is_the_logon_name() -> None:
    assert naming.generated_account_name(settings(), {"userprincipalname": "jane.doe@b.c"}) == "jane.doe"
    values = {"givenname": "Jane", "sn": "Doe"}
    assert naming.generated_account_name(settings(), values) == "Jane.Doe"


def test_a_user_of_whom_no_rule_makes_a_logon_name_is_refused_with_words() -> None:
    with pytest.raises(Rejected) as caught:
        naming.generated_account_name(settings(), {"cn": "***"})
    assert (caught.value.code, caught.value.attribute) == ("ad.accountNameMissing", "sAMAccountName")
    assert "rule" in caught.value.fix


def test_the_common_name_is_the_mapped_one_or_the_next_best() -> None:
    assert naming.common_name({"cn": "C", "displayname": "D"}) == "C"
    assert naming.common_name({"cn": " ", "displayname": "D", "givenname": "G"}) == "D"
    assert naming.common_name({"givenname": "G", "sn": "S"}) == "G S"
    assert naming.common_name({"userprincipalname": "a@b"}) == "a@b"
    with pytest.raises(Rejected, match="no name"):
        naming.common_name({})


def test_a_common_name_has_no_control_characters_and_fits() -> None:
    assert naming.fitting_common_name(" a\nb\0c ") == "a b c"
    assert len(naming.fitting_common_name("x" * 70)) == 64


@pytest.mark.parametrize(
    ("held", "wanted", "kept"),
    [
        ("Jane Doe 2", "Jane Doe", True),
        ("Jane Doe 17", "Jane Doe", True),
        ("Jane Doe II", "Jane Doe", False),
        ("Jane Doe2", "Jane Doe", False),
        ("John Doe 2", "Jane Doe", False),
    ],
)
def test_a_numbered_name_is_known_as_one(held: str, wanted: str, kept: bool) -> None:
    assert naming.is_numbered(held, wanted, 64, " ") is kept


def test_a_numbered_name_is_known_although_it_was_cut() -> None:
    assert naming.is_numbered("a" * 18 + "12", "a" * 20, 20, "")


@pytest.mark.parametrize(
    ("changes", "text", "name"),
    [
        ({}, "jane@contoso.example", "jane@contoso.example"),
        ({}, "jane", "jane@corp.example.test"),
        ({"upn_suffixes": ("a.test", "B.test")}, "jane", "jane@a.test"),
        ({"upn_suffixes": ("a.test", "B.test")}, "jane@b.TEST", "jane@b.TEST"),
        ({"upn_suffixes": ("@a.test",)}, "jane@c.test", None),
        ({"upn_suffixes": ("a.test",), "upn_other_suffix": "replace"}, "jane@c.test", "jane@a.test"),
    ],
)
def test_a_user_principal_name_has_an_allowed_suffix(changes: dict[str, Any], text: str, name: str | None) -> None:
    assert naming.principal_name(directory(**changes), text) == name


def test_a_template_with_a_brace_of_nobody_is_refused() -> None:
    for wrong in ("{givenName", "givenName}", "{}", "{given name}", "{sn:0}", "{sn:x}"):
        with pytest.raises(ValueError, match="brace"):
            Template.parse(wrong)


def test_a_number_that_windows_takes_for_taken_is_not_given_again() -> None:
    """To a controller of Windows José and Jose are one name; it finds either by the other."""
    taken = [Entry("", {"name": ["José García 2".encode()], "sAMAccountName": ["José2".encode()]})]
    session = SimpleNamespace(children=lambda *_: taken, search=lambda *_: taken)
    domain = SimpleNamespace(settings=settings(), session=session, base="", domain=directory().domain)
    assert naming.free_common_name(domain, "Jose Garcia", "OU=People") == "Jose Garcia 3"  # type: ignore[arg-type]
    assert naming.free_account_name(domain, "jose") == "jose3"  # type: ignore[arg-type]
