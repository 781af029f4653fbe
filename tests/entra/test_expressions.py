"""Expressions are compared by what they say, and understood as Graph understands them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.entra.expressions import (
    FUNCTIONS,
    NotAnExpression,
    attribute,
    attributes,
    canonical,
    check,
    constant,
    functions,
    quoted,
)
from sandbox.graph import expressions as graph

leaves = st.sampled_from(["[mail]", '"a, b"', '"\\"("', '""', "3", "&HF", "vbTextCompare", ""])
spaces = st.sampled_from(["", " ", "  "])


def calls(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    arguments = st.lists(st.tuples(spaces, inner, spaces).map("".join), min_size=1, max_size=4)
    return st.tuples(st.sampled_from(sorted(FUNCTIONS)), arguments).map(lambda call: f"{call[0]}({','.join(call[1])})")


trees = calls(st.recursive(leaves, calls, max_leaves=6))


@given(trees)
def test_an_expression_in_one_form_stays_in_it_and_says_the_same(expression: str) -> None:
    written = canonical(expression)

    assert canonical(written) == written
    assert [part.text for part in check(written)] == [part.text for part in check(expression)]


@given(trees)
def test_what_graph_makes_of_an_expression_is_the_same_expression(expression: str) -> None:
    assert canonical(graph.parse(expression)["expression"]) == canonical(expression)


@given(st.text(max_size=30))
def test_any_text_is_an_expression_or_refused_with_words(text: str) -> None:
    with suppress(NotAnExpression):
        check(text)
    assert canonical(canonical(text)) == canonical(text)


@given(st.text())
def test_a_constant_is_quoted_and_read_again(text: str) -> None:
    if len(quoted(text)) < 5000:
        assert constant(quoted(text)) == text


def test_what_an_expression_reads_and_calls() -> None:
    expression = 'IIF([country] = "DE", Left([mail], 3), )'

    assert list(functions(expression)) == ["IIF", "Left"]
    assert list(attributes(expression)) == ["country", "mail"]
    assert attribute(" [mail] ") == "mail"
    assert attribute(expression) is None


@pytest.mark.parametrize(
    "text", ["", "Left(", "Left(]", "Left([a]", '"a', "a b", ")", "[a] [b]", "=", "[a] =", "Not(" * 2000]
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(NotAnExpression):
        check(text)


def test_the_functions_are_those_that_the_simulator_knows() -> None:
    assert set(graph.FUNCTIONS) == FUNCTIONS
