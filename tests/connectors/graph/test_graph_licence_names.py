"""How licences are written and read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.graph.licence_names import Sku, Skus, UnknownName, Wish, skus_of, text_of, wish_of

E3 = Sku("05e9a617-0261-4cee-bb44-138d3ef5d965", "SPE_E3", {"plan-1": "YAMMER_ENTERPRISE", "plan-2": "SWAY"}, 25, 24)
NAMES = st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("SPE_E3", Wish("SPE_E3")),
        (" spe_e3 ", Wish("spe_e3")),
        ("05e9a617-0261-4cee-bb44-138d3ef5d965", Wish("05e9a617-0261-4cee-bb44-138d3ef5d965")),
        ("SPE_E3 without YAMMER_ENTERPRISE, SWAY", Wish("SPE_E3", ("YAMMER_ENTERPRISE", "SWAY"))),
        ("SPE_E3  WITHOUT  SWAY", Wish("SPE_E3", ("SWAY",))),
        ("WITHOUT_ANY", Wish("WITHOUT_ANY")),
    ],
)
def test_a_licence_is_named_with_the_plans_that_are_switched_off(text: str, wish: Wish) -> None:
    assert wish_of(text) == wish


@pytest.mark.parametrize("text", ["", "VPN access", "SPE_E3 without", "SPE_E3 without ,SWAY", "SPE_E3 SWAY", "x" * 101])
def test_what_cannot_be_a_licence_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="part number"):
        wish_of(text)


@given(NAMES, st.lists(NAMES, unique=True, max_size=4))
def test_what_is_written_is_read_as_it_was_meant(sku: str, plans: list[str]) -> None:
    wish = wish_of(text_of(sku, plans))
    assert (wish.sku, set(wish.without or ())) == (sku, set(plans))


def test_names_are_found_in_any_case_and_by_id() -> None:
    skus = Skus([E3])
    assert skus.find("spe_e3") is skus.find(E3.id.upper()) is E3
    assert skus.plan(E3, "sway") == skus.plan(E3, "PLAN-2") == "plan-2"
    for name in ("SPE_E5", ""):
        with pytest.raises(UnknownName):
            skus.find(name)
    with pytest.raises(UnknownName, match="SPE_E3 without TEAMS1"):
        skus.plan(E3, "TEAMS1")


def test_ids_get_their_names_where_they_are_known() -> None:
    skus = Skus([E3])
    assert skus.text(E3.id, ["plan-2", "plan-9", "plan-1"]) == "SPE_E3 without SWAY, YAMMER_ENTERPRISE, plan-9"
    assert skus.text("other", []) == "other"


def test_seats_in_their_grace_period_count_and_licences_of_the_company_do_not() -> None:
    units = {"enabled": 10, "warning": 2, "suspended": 7, "lockedOut": 0}
    user = {"skuId": "A", "skuPartNumber": "EMS", "appliesTo": "User", "consumedUnits": 11, "prepaidUnits": units}
    (sku,) = skus_of([user, {**user, "appliesTo": "Company"}, {"skuPartNumber": "no id"}]).all
    assert (sku.id, sku.seats, sku.free) == ("a", 12, 1)
