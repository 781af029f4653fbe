"""Where a call came from, as the platform says it."""

import pytest

from provisioning.sources.origin import origin


@pytest.mark.parametrize(
    ("forwarded", "told"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:4711", "203.0.113.7"),
        ("1.2.3.4, 203.0.113.7:4711", "203.0.113.7"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("evil\nline", "-"),
        ("", "-"),
    ],
)
def test_the_last_address_is_told_and_nothing_else(forwarded: str, told: str) -> None:
    assert origin({"x-forwarded-for": forwarded}) == told


def test_without_a_header_there_is_none() -> None:
    assert origin({}) == "-"
