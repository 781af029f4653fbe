"""The comparison finds every kind of difference, and says it in words."""

from dataclasses import replace

from sandbox.entra.compare import Picture, differences, wanted
from sandbox.entra.people import northwind


def test_a_system_that_shows_what_was_wanted_has_no_difference() -> None:
    assert differences(wanted(northwind()), wanted(northwind())) == []


def test_the_case_of_a_user_name_is_no_difference() -> None:
    want = wanted(northwind())
    key = "jyoung@northwind.example"
    shouting = replace(want.users[key], user_name=key.upper(), manager=want.users[key].manager.upper())
    assert differences(want, Picture({**want.users, key: shouting}, want.groups)) == []


def test_a_missing_user_is_named() -> None:
    want = wanted(northwind())
    have = Picture({key: user for key, user in want.users.items() if not key.startswith("jyoung")}, want.groups)
    assert differences(want, have) == ["jyoung@northwind.example is missing"]


def test_a_user_who_should_be_gone_is_named() -> None:
    want = wanted(northwind().without("xmorel"))
    have = Picture(wanted(northwind()).users, want.groups)
    assert differences(want, have) == ["xmorel@northwind.example should be gone"]


def test_a_wrong_value_is_shown_beside_the_wanted_one() -> None:
    want = wanted(northwind())
    key = "jyoung@northwind.example"
    have = Picture({**want.users, key: replace(want.users[key], title="", active=False)}, want.groups)
    assert differences(want, have) == [
        f'{key}: title is empty, wanted "Analyst"',
        f"{key}: active is no, wanted yes",
    ]


def test_members_too_few_and_too_many_and_groups_are_named() -> None:
    want = wanted(northwind())
    engineering = want.groups["Engineering"]
    groups = {
        **want.groups,
        "Engineering": engineering - {"rsingh@northwind.example"} | {"jyoung@northwind.example"},
        "Ghosts": frozenset[str](),
    }
    del groups["All Staff"]
    assert differences(want, Picture(want.users, groups)) == [
        "group All Staff is missing",
        "group Engineering: rsingh@northwind.example is not a member",
        "group Engineering: jyoung@northwind.example should not be in it",
        "group Ghosts should be gone",
    ]


def test_a_picture_counts_the_groups_of_a_user_whatever_the_case() -> None:
    assert wanted(northwind()).groups_of("RSingh@northwind.example") == 2
