"""Home directories and shells from templates: attributes in braces, and nothing that leaves its place in a path."""

import pytest

from connectors.ldap.templates import UnfitValue, checked_template, filled


@pytest.mark.parametrize(
    ("template", "path"),
    [("/home/{uid}", "/home/mira"), ("/home/{uid:1}/{uid}", "/home/m/mira"), ("/bin/bash", "/bin/bash"), ("", "")],
)
def test_braces_stand_for_values(template: str, path: str) -> None:
    assert filled(checked_template(template), {"uid": "mira"}.get) == path


@pytest.mark.parametrize(
    "template", ["/home/{}", "/home/{uid", "/home/{uid.x}", "{uid!r}", "{uid:9a}", "/a:b", "/a\nb"]
)
def test_a_template_that_cannot_be_filled_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="holds"):
        checked_template(template)


@pytest.mark.parametrize("value", ["", ".", "..", "a/b", "../root", "a:b", "a\nb", "a\0", "zoë", None])
def test_a_value_that_is_no_single_part_of_a_path_is_refused(value: str | None) -> None:
    with pytest.raises(UnfitValue) as caught:
        filled("/home/{uid}", {"uid": value}.get)
    assert caught.value.attribute == "uid"
