"""Bodies as JSON: what JSON leaves open is decided, and what no directory could hold is refused."""

import json
from typing import Any

import pytest
from scim2_models import InvalidSyntaxException, InvalidValueException

from provisioning.scim.limits import MOST_DEPTH
from provisioning.scim.reading import read_json


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"{}", {}),
        (b' {"a": [1, 2.5, true, null, "x"]} ', {"a": [1, 2.5, True, None, "x"]}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ('{"a": "Ünï 𝄞 \\ud834\\udd1e"}'.encode(), {"a": "Ünï 𝄞 𝄞"}),
        (rb'{"a": "\\u0000"}', {"a": "\\u0000"}),
        (b'{"a": {"x": 1}, "b": {"x": 2}}', {"a": {"x": 1}, "b": {"x": 2}}),
        (b"[9223372036854775807, -9223372036854775807]", [2**63 - 1, 1 - 2**63]),
        (b"[" * MOST_DEPTH + b"]" * MOST_DEPTH, json.loads("[" * MOST_DEPTH + "]" * MOST_DEPTH)),
    ],
)
def test_json_is_read(body: bytes, value: Any) -> None:
    """A byte order mark is passed over, and a broken-looking escape that is text stays text."""
    assert read_json(body) == value


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"{", "line 1, column 2"),
        (b'{\n "a": x}', "line 2, column 7"),
        (b'{"a": 1} {}', "column 10"),
        (b'{"a": "\xff"}', "UTF-8: byte 7"),
        ('{"a": 1}'.encode("utf-16"), "UTF-8"),
        (b'{"a": "\x00"}', "not valid JSON"),
        (b'{"a": NaN}', "NaN"),
        (b"[-Infinity]", "Infinity"),
        (b'{"a": 1, "a": 2}', "'a' stands twice"),
        (b'{"userName": "a", "USERNAME": "b"}', "'USERNAME' stands twice"),
        (b'{"x": [{"a": 1, "A": 2}]}', "'A' stands twice"),
        (b"[" * (MOST_DEPTH + 1) + b"]" * (MOST_DEPTH + 1), "levels deep"),
        (b'{"a":' * 100_000, "levels deep"),
        (b"[" * 1_000_000, "levels deep"),
    ],
)
def test_what_is_no_json_is_refused(body: bytes, words: str) -> None:
    """400 invalidSyntax, with the place where it is wrong."""
    with pytest.raises(InvalidSyntaxException, match=words):
        read_json(body)


@pytest.mark.parametrize(
    "body",
    [
        b"[9223372036854775808]",
        b"[-92233720368547758080]",
        b"[" + b"9" * 100_000 + b"]",
        b"[1e999]",
        b'{"a": "\\u0000"}',
        b'{"a\\u0000": 1}',
        b'{"a": ["\\ud800"]}',
        b'{"a": {"b": "x\\udc00"}}',
    ],
)
def test_what_no_directory_could_hold_is_refused(body: bytes) -> None:
    """400 invalidValue."""
    with pytest.raises(InvalidValueException):
        read_json(body)
