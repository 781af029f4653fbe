"""Which questions find an existing account."""

from connectors.contract import AttributeMapping, Match, ObjectKind
from provisioning.connections.mapping import Pending
from provisioning.connections.matching import matchable, questions

USER = ObjectKind.USER


def test_questions_come_in_the_order_of_the_attributes() -> None:
    assert questions(USER, ("mail", "uid"), {"uid": "mira", "mail": "mira@x.example"}) == [
        Match(USER, "mail", "mira@x.example"),
        Match(USER, "uid", "mira"),
    ]


def test_an_attribute_without_a_value_asks_nothing() -> None:
    assert questions(USER, ("mail", "uid", "never"), {"uid": "", "mail": None}) == []


def test_a_number_is_asked_for_as_text_and_of_several_values_each() -> None:
    asked = questions(USER, ("number", "proxy"), {"number": 7, "proxy": ("a", "b")})
    assert [match.value for match in asked] == ["7", "a", "b"]


def test_references_and_switches_do_not_identify_anybody() -> None:
    assert questions(USER, ("manager", "active"), {"manager": Pending(USER, "u-1"), "active": True}) == []
    mappings = [AttributeMapping("uid", ("userName",)), AttributeMapping("manager", ("manager",), reference=USER)]
    assert matchable(mappings) == ["uid"]
