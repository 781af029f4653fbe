"""What is wrong in a file is named with its line, so that an editor finds it; what is right passes."""

from pathlib import Path

import pytest

from provisioning.entra.__main__ import main
from provisioning.entra.file import MappingFile, parse
from provisioning.entra.mappings import Clause
from provisioning.entra.validation import validate

GOOD = """\
objects:
  User:
    attributes:
      userName: {attribute: userPrincipalName, matchingPriority: 1}
      active: {expression: 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'}
"""
OWN = "urn:ietf:params:scim:schemas:extension:northwind:2.0:User:badge"


def read(text: str) -> MappingFile:
    found = parse(Path("m.yaml"), text)
    if found.usable:
        validate(found)
    return found


def lines(text: str) -> list[str]:
    return [problem.shown(Path("m.yaml")) for problem in read(text).problems]


def test_a_good_file_has_no_problems() -> None:
    assert lines(GOOD) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("title: [x", "this cannot be read"),
        ("title: jobTitle\n      title: mail", "title stands twice, on line 6 too"),
        ("title: {attribute: a, constant: b}", "title has attribute and constant: a value has one source"),
        ("title: {matchingPriority: 2}", "title has no source"),
        ("title: {attribut: jobTitle}", "'attribut' is not known in title"),
        ("title: {attribute: jobTitle, flowType: Sometimes}", "'Sometimes' is none of Always"),
        ("title: {attribute: jobTitle, matchingPriority: -1}", "a whole number"),
        ("title: {attribute: jobTitle, matchingPriority: 1}", "title and userName both have matchingPriority 1"),
        ("title: Left([jobTitle], 3)", "write an expression as {expression: ...}"),
        ("title:", "this must be a text"),
        ("title: {expression: 'Left([jobTitle], 3'}", "the bracket of Left at character 1 is not closed"),
        ("title: {expression: 'Left([jobTitle, 3)'}", "the bracket at character 6 is not closed"),
        ("""title: {expression: 'Append([jobTitle], "x)'}""", "the quotation mark at character 20 is not closed"),
        ("title: {expression: 'Left([jobTitle], 3))'}", "')' at character 20 is too much"),
        ("title: {expression: 'Left([jobTitle] 3)'}", "a comma is missing before '3'"),
        ("title: {expression: 'left([jobTitle], 3)'}", "no function left; names are case-sensitive: Left"),
        ("title: {expression: 'Frobnicate([jobTitle])'}", "Entra has no function Frobnicate"),
        ("title: {expression: jobTitle}", "an attribute is written [jobTitle]"),
        ("shoeSize: jobTitle", "the hub's schema has no 'shoeSize'"),
        ('emails[type eq "work".value: mail', "the hub's schema has no 'emails"),
        ("id: objectId", "id is read-only in the hub"),
        ("username: mail", "username and userName are the same attribute of the hub"),
        ("title: {expression: 'SelectUniqueValue([jobTitle])'}", "not to a SCIM app"),
        (f"{OWN}: employeeId", "name it under targetAttributes"),
    ],
)
def test_an_error_is_named_with_its_line(line: str, words: str) -> None:
    found = lines(f"{GOOD}      {line}\n")

    assert any(words in problem for problem in found), found
    last = GOOD.count("\n") + 1 + line.count("\n")
    assert any(problem.startswith((f"m.yaml:{last}: error:", f"m.yaml:{last + 1}: error:")) for problem in found), found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "m.yaml:1: error: the file is empty"),
        ("objects: {}\n", "m.yaml:1: error: there are no objects"),
        ("mappings: {}\n", "m.yaml:1: error: 'mappings' is not known in the file"),
        ("- a\n", "m.yaml:1: error: the file must hold"),
        (GOOD.replace("active", "nickName"), "m.yaml:2: error: User does not map active: leavers would stay active"),
        (GOOD.replace("userName:", "title:"), "m.yaml:2: error: User does not map userName"),
        (GOOD.replace(", matchingPriority: 1", ""), "m.yaml:2: error: User has no matching attribute"),
        (GOOD.replace("    attributes:", "    enabled: yes\n    attributes:"), "m.yaml:3: error: this must be true or"),
        (
            GOOD.replace("    attributes:", "    scope: [{name: a, clauses: ['x LIKES \"y\"']}]\n    attributes:"),
            "'LIKES' is none of EQUALS",
        ),
        (
            GOOD.replace("    attributes:", "    scope: [{name: a, clauses: ['manager IS NULL']}]\n    attributes:"),
            "Entra does not filter by manager",
        ),
        (
            GOOD.replace("    attributes:", "    scope: [{name: a, clauses: ['x EQUALS']}]\n    attributes:"),
            "EQUALS needs a value",
        ),
        (GOOD.replace("    attributes:", "    scope: [{name: a}]\n    attributes:"), "m.yaml:3: error: a filter needs"),
        (
            GOOD.replace("    attributes:", "    scope: [{clauses: [x]}]\n    attributes:"),
            "m.yaml:3: error: write a cl",
        ),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_says_why(text: str, words: str) -> None:
    assert any(words in problem for problem in lines(text)), lines(text)


def test_another_spelling_and_an_extension_of_ones_own_are_warned_of_only() -> None:
    text = GOOD.replace("    attributes:", f"    targetAttributes: {{'{OWN}': {{type: String}}}}\n    attributes:")
    found = read(f"{text}      displayname: displayName\n      {OWN}: employeeId\n")

    assert found.usable
    assert [problem.words for problem in found.problems] == [
        "'displayname' is written 'displayName' in the hub's schema",
        f"{OWN}: declare this extension in the hub (docs/schemas.md)",
    ]


@pytest.mark.parametrize(
    "clause",
    [
        Clause("department", "EQUALS", ("Risk",)),
        Clause("employeeId", "IS NOT NULL"),
        Clause("mail", "REGEX MATCH", (r'.*@a\.b "quoted", and more',)),
        Clause("x", "&", ("1", "2")),
        Clause("x", "Of Tomorrow", ("1",)),
    ],
)
def test_a_clause_is_read_as_it_is_written(clause: Clause) -> None:
    assert Clause.parse(str(clause)) == clause


def test_aliases_are_refused_before_they_are_followed() -> None:
    many = "".join(f"      a{number}: b\n" for number in range(2000))
    others = "".join(f"  U{number}: *u\n" for number in range(2000))

    found = lines(f"objects:\n  User: &u\n    attributes:\n{many}{others}")

    assert found == ["m.yaml:2004: error: this cannot be read: aliases (*name) are not taken: write it out"]


def test_validate_ends_with_1_where_something_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(GOOD.replace("active", "nickName"))

    assert main(["validate", str(path)]) == 1
    assert f"{path}:2: error: User does not map active" in capsys.readouterr().err
    path.write_text(GOOD)
    assert main(["validate", str(path)]) == 0
    assert main(["validate", str(tmp_path / "absent.yaml")]) == 1


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a: \x00", b"x" * 1_100_000, b"[" * 100_000])
def test_what_is_no_text_is_refused_with_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    path = tmp_path / "m.yaml"
    path.write_bytes(content)

    assert main(["validate", str(path)]) == 1
    assert str(path) in capsys.readouterr().err


def test_a_wrong_call_ends_with_1_as_2_means_changes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["plan"])

    assert ended.value.code == 1
    assert "required: file" in capsys.readouterr().err
