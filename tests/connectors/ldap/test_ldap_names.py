"""DNs and filters: whatever a value holds, it stays a value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.ldap_client.names import build_rdn, child_dn, equals, folded, parse_dn, parse_known_dn, renamed

VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(lambda text: text.strip(" "))


@given(VALUES, VALUES)
def test_a_value_comes_back_from_the_dn_that_it_names(value: str, parent_value: str) -> None:
    parent = child_dn("ou", parent_value, "dc=example,dc=test")
    parsed = parse_dn(child_dn("uid", value, parent))
    assert parsed.rdn == (("uid", value),)
    assert parsed.parent == parent
    assert len(parsed.normal) == 4


@given(VALUES)
def test_no_value_adds_an_operator_to_a_filter(value: str) -> None:
    inside = equals("cn", value)[len("(cn=") : -1]
    assert not set(inside) & set("()*=<>~: \0")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("uid=Mira,ou=People,dc=example", "UID=mira,OU=people,DC=example"),
        ("uid=mira, ou=people, dc=example", "uid=mira,ou=people,dc=example"),
        ("cn=Smith\\, John,dc=example", "cn=Smith\\2C John,dc=example"),
        ("cn=Zo\\C3\\AB,dc=example", "cn=Zoë,dc=example"),
        ("uid=a+cn=b,dc=example", "cn=B+uid=A,dc=example"),
        ("cn=two  spaces,dc=example", "cn=Two spaces,dc=example"),
    ],
)
def test_spellings_of_one_dn_are_equal(one: str, other: str) -> None:
    assert parse_dn(one).normal == parse_dn(other).normal


@pytest.mark.parametrize(
    ("one", "other"),
    [("cn=a\\,b,dc=example", "cn=a,b=,dc=example"), ("uid=a,dc=example", "cn=a,dc=example"), ("cn=a", "cn=a,dc=b")],
)
def test_different_dns_are_not(one: str, other: str) -> None:
    assert parse_dn(one).normal != parse_dn(other).normal


def test_under_means_at_or_below() -> None:
    base = parse_dn("ou=people,dc=example")
    assert parse_dn("uid=a,OU=People,dc=example").is_under(base)
    assert base.is_under(base)
    assert not parse_dn("uid=a,ou=other,dc=example").is_under(base)
    assert not parse_dn("dc=example").is_under(base)
    assert base.is_under(parse_dn(""))


def test_an_escaped_space_at_the_end_belongs_to_the_value() -> None:
    assert parse_dn("cn=a\\ ,dc=example").rdn == (("cn", "a "),)
    assert parse_dn("cn=a\\\\ ,dc=example").rdn == (("cn", "a\\"),)


def test_renaming_keeps_what_is_not_named() -> None:
    rdn = parse_dn("uid=a+cn=b,dc=example").rdn
    assert build_rdn(renamed(rdn, {"uid": "x,y"})) == "uid=x\\,y+cn=b"


@pytest.mark.parametrize("text", ["people", "ou=people,,dc=example", "=a", "ou=people,example"])
def test_what_is_no_dn_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="distinguished name"):
        parse_dn(text)
    assert parse_known_dn(text).rdn == ()
    assert parse_known_dn(text).normal == parse_known_dn(text.upper()).normal


def test_values_compare_without_case_and_extra_spaces() -> None:
    assert folded("  Zoë   Ångström ") == folded("zoë ångström")
    assert folded("ab") != folded("a b")
