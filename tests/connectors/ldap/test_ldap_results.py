"""Result codes as errors: the right class for the engine, words for people, no values of attributes."""

import pytest

from connectors.errors import AlreadyExists, ConnectorError, Misconfigured, NotFound, Rejected, Unavailable
from connectors.ldap_client.results import Operation, Result, error_of

DN = "uid=mira,ou=people,dc=example,dc=test"


def result(code: int, operation: Operation = Operation.MODIFY, diagnostic: str = "", **more: tuple[str, ...]) -> Result:
    return Result(operation, DN, code, f"code{code}", diagnostic, **more)


@pytest.mark.parametrize(
    ("code", "operation", "kind"),
    [
        (1, Operation.MODIFY, Unavailable),
        (3, Operation.SEARCH, Unavailable),
        (8, Operation.MODIFY, Misconfigured),
        (10, Operation.ADD, Misconfigured),
        (11, Operation.SEARCH, Unavailable),
        (13, Operation.ADD, Misconfigured),
        (17, Operation.ADD, Rejected),
        (19, Operation.MODIFY, Rejected),
        (21, Operation.ADD, Rejected),
        (32, Operation.MODIFY, NotFound),
        (32, Operation.DELETE, NotFound),
        (32, Operation.RENAME, NotFound),
        (32, Operation.ADD, Misconfigured),
        (32, Operation.SEARCH, Misconfigured),
        (49, Operation.MODIFY, Misconfigured),
        (50, Operation.ADD, Misconfigured),
        (50, Operation.SEARCH, Misconfigured),
        (50, Operation.MODIFY, Rejected),
        (50, Operation.DELETE, Rejected),
        (51, Operation.ADD, Unavailable),
        (52, Operation.ADD, Unavailable),
        (53, Operation.MODIFY, Rejected),
        (65, Operation.ADD, Rejected),
        (66, Operation.DELETE, Rejected),
        (67, Operation.MODIFY, Rejected),
        (68, Operation.ADD, AlreadyExists),
        (68, Operation.RENAME, AlreadyExists),
        (80, Operation.ADD, Unavailable),
        (9999, Operation.ADD, Rejected),
    ],
)
def test_a_code_is_an_error_of_the_tree(code: int, operation: Operation, kind: type[ConnectorError]) -> None:
    error = error_of(result(code, operation))
    assert type(error) is kind
    missing_base = code == 32 and kind is Misconfigured
    assert error.code == ("ldap.noSuchObject" if missing_base else f"ldap.code{code}")
    assert DN in str(error)
    assert error.fix or isinstance(error, NotFound)


def test_an_answer_of_the_server_has_not_happened() -> None:
    error = error_of(result(51))
    assert isinstance(error, Unavailable)
    assert not error.may_have_happened


def test_a_read_only_server_concerns_everybody() -> None:
    error = error_of(result(53, diagnostic="operation restricted"))
    assert isinstance(error, Misconfigured)
    assert "accepts writes" in error.fix


def test_the_attribute_is_named_where_the_server_names_it() -> None:
    said = "telephoneNumber: value #0 invalid per syntax"
    error = error_of(result(21, diagnostic=said, attributes=("title", "telephonenumber"), values=("call me",)))
    assert isinstance(error, Rejected)
    assert error.attribute == "telephonenumber"
    assert said in str(error)


def test_an_attribute_that_was_not_written_is_not_blamed() -> None:
    error = error_of(result(65, diagnostic="object class 'x' requires attribute 'sn'", attributes=("title",)))
    assert isinstance(error, Rejected)
    assert error.attribute is None


def test_what_the_server_says_is_left_out_when_it_repeats_a_value() -> None:
    error = error_of(
        result(19, diagnostic="Value 'Secret Title' is too long", attributes=("title",), values=("secret title",))
    )
    assert "secret" not in str(error).casefold()


def test_a_value_that_must_be_unique_is_a_taken_name() -> None:
    error = error_of(result(19, diagnostic="some attributes not unique"))
    assert isinstance(error, AlreadyExists)


def test_what_the_server_says_is_bounded() -> None:
    assert len(str(error_of(result(53, diagnostic="x" * 10_000)))) < 500


@pytest.mark.parametrize(
    "diagnostic",
    [
        "Password 'Plum  Tree Lantern' is too simple",
        "Password 'Plum Tree Lantern' is too simple",
        "x" * 195 + " Plum Tree Lantern",
        "PLUM TREE\tLANTERN",
    ],
)
def test_no_part_of_what_was_written_is_repeated(diagnostic: str) -> None:
    error = error_of(result(19, diagnostic=diagnostic, values=("Plum  Tree Lantern",)))
    assert "Plum" not in str(error).title()


def test_a_base_that_another_server_keeps_is_told_as_that_and_not_as_a_read_only_copy() -> None:
    error = error_of(result(10, Operation.SEARCH))
    assert isinstance(error, Misconfigured)
    assert str(error) == f"Another server keeps {DN}: this one only refers to it."
    assert "base DN" in error.fix
    assert "read-only copy" in str(error_of(result(10, Operation.ADD)))


def test_what_was_written_shows_in_no_text_of_an_answer() -> None:
    told = result(19, diagnostic="value Plum-Tree7 is too simple", values=("Plum-Tree7",))
    assert "Plum" not in repr(told)
