"""Every error code that a connector can raise is on a page, with what happened and what to do, as the source says."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioning.admin.codes import DOES, Told, literal_codes, told_by
from provisioning.admin.document import package_of, page_of

DOCS = Path(__file__).parents[2] / "docs"
PREFIXES = {"active_directory": "ad", "graph": "graph", "ldap": "ldap"}
NO_CODES = {"graph.user", "graph.group"}
"""Texts that look like codes: types of Graph's."""


def rows(kind: str) -> list[list[str]]:
    """The rows of the table of codes on a kind's page: code, what happened, what the hub does, what to do."""
    table = re.search(rf"<!-- generated: codes-{PREFIXES[kind]} -->(.*?)<!-- end -->", page(kind), re.DOTALL)
    assert table is not None
    return [line.strip("| ").split(" | ") for line in table[1].splitlines() if line.startswith("| `")]


def page(kind: str) -> str:
    return (DOCS / page_of(kind)).read_text("utf-8")


@pytest.mark.parametrize("kind", PREFIXES)
def test_every_code_that_a_connector_writes_out_is_in_the_table_of_its_page(kind: str) -> None:
    codes = literal_codes(package_of(kind), PREFIXES[kind]) - NO_CODES
    assert len(codes) > 25
    assert codes - {row[0].strip("`") for row in rows(kind)} == set()


@pytest.mark.parametrize("kind", PREFIXES)
def test_every_row_says_what_happened_and_what_is_to_be_done(kind: str) -> None:
    for row in rows(kind):
        code, happened, does, fix = row
        assert re.search(r"[a-z]{4}", happened), code
        assert does in DOES.values()
        assert fix != "nothing" or does == "repairs it", code


def test_codes_of_a_client_that_connectors_share_are_on_one_page_only() -> None:
    assert any(told.code == "ldap.tlsUnknownCa" for told in told_by(package_of("active_directory")))
    assert "| `ldap.tlsUnknownCa` |" in page("ldap")
    assert "| `ldap.tlsUnknownCa` |" not in page("active_directory")


type Writing = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Writing:
    """Write a package of one module, and return its name."""
    monkeypatch.syspath_prepend(tmp_path)
    name = f"desk_{abs(hash(request.node.nodeid))}"

    def written(source: str) -> str:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        errors = "from connectors.errors import AlreadyExists, Rejected, Unavailable\n"
        (tmp_path / name / "work.py").write_text(errors + source)
        return name

    return written


def said(package: str) -> list[tuple[str, str, str]]:
    return [(told.code, told.message, told.fix) for told in told_by(package)]


def test_what_is_known_at_run_time_only_is_shown_as_dots(write: Writing) -> None:
    package = write(
        'def f(user):\n    raise Rejected(f"{user.name} is not {user.age:>3} yet.", code="desk.age", fix="Wait.")'
    )
    assert said(package) == [("desk.age", "… is not … yet.", "Wait.")]


def test_texts_of_variables_constants_and_functions_of_the_module_are_worked_out(write: Writing) -> None:
    package = write(
        'DESK = "the desk"\n'
        'def ask(whom): return f"Ask {whom}."\n'
        "def f(at):\n"
        '    what = f"{DESK} in {at}"\n'
        '    code, fix = "desk.closed", ask(DESK)\n'
        '    return Unavailable(f"It is closed: {what}.", code=code, fix=fix)\n'
    )
    assert said(package) == [("desk.closed", "It is closed: the desk in ….", "Ask the desk.")]


def test_both_arms_of_a_conditional_code_are_told(write: Writing) -> None:
    package = write(
        "def f(late):\n"
        '    raise Unavailable("Too late." if late else "Lost.", code="desk.late" if late else "desk.lost", fix="")\n'
    )
    assert said(package) == [("desk.late", "Too late.", ""), ("desk.lost", "Lost.", "")]


def test_examples_stand_for_the_errors_that_are_made_from_a_table(write: Writing) -> None:
    package = write(
        'TABLE = {"full": "It is full."}\n'
        'def f(code): return Rejected(TABLE[code], code=f"desk.{code}", fix="Tidy up.")\n'
        'def g(code): return AlreadyExists("There it is.", code=f"desk.{code}")\n'
        "def examples(): return [f(code) for code in TABLE]\n"
    )
    assert set(told_by(package)) == {
        Told("desk.…", DOES_BY_NAME["AlreadyExists"], "There it is.", ""),
        Told("desk.full", DOES_BY_NAME["Rejected"], "It is full.", "Tidy up."),
    }


def test_a_code_that_is_only_compared_is_none_that_is_raised(write: Writing) -> None:
    package = write('CODE = "desk.full"\ndef f(error): return error.code == "desk.late" or f"desk.{error}"\n')
    assert literal_codes(package, "desk") == {"desk.full"}


DOES_BY_NAME = {error.__name__: error for error in DOES}
