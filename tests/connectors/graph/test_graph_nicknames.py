"""mailNickname from names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.graph.nicknames import LONGEST, group_nickname, user_nickname
from sandbox.graph.entities import MAIL_NICKNAME


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("mira.okafor@contoso.example", "mira.okafor"),
        ("o'hara@contoso.example", "ohara"),
        ("Zoë.Ångström-Čapek@contoso.example", "Zoe.Angstrom-Capek"),
        ("straße_øre@contoso.example", "strasse_ore"),
        ("mira#EXT#@contoso.example", "miraEXT"),
        ("..a..b..@contoso.example", "a.b"),
        (f"{'x' * 100}@contoso.example", "x" * LONGEST),
    ],
)
def test_a_users_nickname_is_the_local_part_in_plain_characters(name: str, wanted: str) -> None:
    assert user_nickname(name) == wanted


@pytest.mark.parametrize("name", ["山田@contoso.example", "@contoso.example", "", "...@contoso.example"])
def test_a_name_without_plain_characters_gets_a_made_one(name: str) -> None:
    assert user_nickname(name).startswith("user-")
    assert user_nickname(name) != user_nickname(name)


def test_a_groups_nickname_is_readable_and_unique() -> None:
    first, second = group_nickname("Risk & Compliance (EMEA)"), group_nickname("Risk & Compliance (EMEA)")
    assert first.startswith("risk-compliance-emea-")
    assert first != second


@given(st.text(max_size=200))
def test_any_name_gives_a_nickname_that_graph_takes(name: str) -> None:
    for nickname in (user_nickname(name), group_nickname(name)):
        assert MAIL_NICKNAME.fullmatch(nickname)
        assert 1 <= len(nickname) <= LONGEST
        assert not nickname.startswith(".")
        assert not nickname.endswith(".")
