"""Where a new user goes: an expression over its attributes, filled so that no value can name another place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.active_directory.placement import DEPTH, Placement, place_of, unit_dns
from connectors.ldap_client.names import parse_dn

BASE = "OU=People,DC=corp,DC=example,DC=test"


def dn(expression: str, fallback: str = "", **values: str) -> str:
    names = place_of(Placement.parse(expression), Placement.parse(fallback), values)
    return [BASE, *unit_dns(names, BASE)][-1]


def test_attributes_name_units_from_the_innermost_to_the_outermost() -> None:
    assert dn("OU={department},OU={l}", department="Sales", l="Leith") == f"OU=Sales,OU=Leith,{BASE}"


def test_fixed_units_and_texts_around_attributes_stay() -> None:
    assert dn("OU=Team {department},OU=Staff", department="A") == f"OU=Team A,OU=Staff,{BASE}"


def test_without_an_expression_it_is_the_base() -> None:
    assert dn("") == BASE


def test_units_are_told_with_the_outermost_first() -> None:
    assert list(unit_dns(("Sales", "Leith"), BASE)) == [f"OU=Leith,{BASE}", f"OU=Sales,OU=Leith,{BASE}"]


@pytest.mark.parametrize("value", ["", "  ", "\t"])
def test_a_missing_or_blank_value_leads_to_the_fallback(value: str) -> None:
    assert dn("OU={department}", "OU=Unsorted", department=value) == f"OU=Unsorted,{BASE}"
    assert dn("OU={department}", department=value) == BASE


def test_the_attributes_that_are_asked_for_are_known() -> None:
    assert Placement.parse("OU={Department},OU={l:2}{department}").attributes == ("department", "l")


@pytest.mark.parametrize(
    "wrong",
    [
        "{department}",
        "CN={department}",
        "OU={department",
        "OU=}",
        "OU={}",
        "OU=",
        "OU=a+OU=b",
        "OU={department},DC=evil",
        ",".join(["OU=a"] * (DEPTH + 1)),
        "OU=" + "x" * 1001,
    ],
)
def test_what_is_no_list_of_units_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"organizational unit|brace|longer"):
        Placement.parse(wrong)


@given(department=st.text(max_size=100), place=st.text(max_size=100))
def test_no_value_leads_anywhere_but_to_one_unit_per_component(department: str, place: str) -> None:
    placed = parse_dn(dn("OU={department},OU={l}", "OU=a,OU=b", department=department, l=place))
    assert placed.is_under(parse_dn(BASE))
    assert len(placed.normal) == len(parse_dn(BASE).normal) + 2
    assert all(len(parse_dn(unit).rdn[0][1]) <= 64 for unit in (placed.text, placed.parent))
