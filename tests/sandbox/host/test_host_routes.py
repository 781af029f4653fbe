"""Route templates: what they match, and which one wins."""

import pytest

from sandbox.host.routes import Route, Routes, Template, decode_path
from sandbox.host.settings import HostError


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("ping", "/ping", {}),
        ("ping", "/PING/", {}),
        ("ping", "/pings", None),
        ("a/{b}", "/a/x", {"b": "x"}),
        ("a/{b}", "/a", None),
        ("a/{b}", "/a/x/y", None),
        ("a/{b?}", "/a", {}),
        ("a/{b=all}", "/a", {"b": "all"}),
        ("a/{b=all}", "/a/some", {"b": "some"}),
        ("{*rest}", "/", {}),
        ("{*rest}", "/x/y%2Fz", {"rest": "x/y%2Fz"}),
        ("{n:int}", "/-12", {"n": "-12"}),
        ("{n:int}", "/2147483648", None),
        ("{n:long}", "/2147483648", {"n": "2147483648"}),
        ("{n:int:min(1)}", "/0", None),
        ("{n:int?}", "/", {}),
        ("{n:range(1,5)}", "/5", {"n": "5"}),
        ("{n:range(1,5)}", "/6", None),
        ("{g:guid}", "/8c5e2b1e-0a4b-4e07-9f0a-3d1c8f1b2a33", {"g": "8c5e2b1e-0a4b-4e07-9f0a-3d1c8f1b2a33"}),
        ("{g:guid}", "/8c5e2b1e", None),
        ("{b:bool}", "/True", {"b": "True"}),
        ("{a:alpha}", "/a1", None),
        ("{a:length(3)}", "/abc", {"a": "abc"}),
        ("{a:length(1,2)}", "/abc", None),
        ("report-{year:int}.{format}", "/report-2026.csv", {"year": "2026", "format": "csv"}),
        ("report-{year:int}.{format}", "/report-x.csv", None),
    ],
)
def test_a_template_matches_as_in_asp_net(template: str, path: str, expected: dict[str, str] | None) -> None:
    assert Template(template).match(path) == expected


def test_the_more_specific_template_comes_first() -> None:
    ordered = ["a/b", "a/x{c}", "a/{c:int}", "a/{c}", "a/{*c:alpha}", "a/{*c}", "{d}/b", "{*e}"]
    shuffled = ordered[1::2] + ordered[::2]
    by_precedence = sorted(shuffled, key=lambda text: Template(text).precedence)
    assert [Template(text).precedence for text in by_precedence] == [Template(text).precedence for text in ordered]
    assert by_precedence[0] == "a/b"
    assert by_precedence[-1] == "{*e}"


def test_a_route_of_another_method_is_passed_over() -> None:
    routes = Routes(
        [
            Route(Template("users/me"), frozenset({"GET"}), "me"),
            Route(Template("users/{id}"), frozenset(), "user"),
        ]
    )
    assert routes.find("GET", "/users/me") == ("me", {})
    assert routes.find("PUT", "/users/me") == ("user", {"id": "me"})
    assert routes.find("PUT", "/users") is None


@pytest.mark.parametrize("template", ["{", "a/{b", "{a:odd}", "{a:regex(x)}", "{1a}", "{a}/{a}"])
def test_a_template_that_is_not_understood_is_refused_in_words(template: str) -> None:
    with pytest.raises(HostError, match="Route"):
        Template(template)


def test_the_path_is_decoded_but_for_encoded_slashes() -> None:
    assert decode_path("/a%20b/%c3%ab/x%2Fy%2fz?q=%20") == "/a b/ë/x%2Fy%2fz"
