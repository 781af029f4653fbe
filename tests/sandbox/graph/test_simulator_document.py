"""docs/graph-simulator.md says what there is."""

import re
from pathlib import Path

from sandbox.graph.knobs import Fault, Knobs

LIFETIMES = ("deleted_lifetime", "delta_token_lifetime")
DOCUMENT = (Path(__file__).parents[3] / "docs" / "graph-simulator.md").read_text()


def test_every_knob_and_every_field_of_a_fault_is_documented() -> None:
    section = DOCUMENT.partition("## Knobs")[2].partition("\n## ")[0]
    documented = set(re.findall(r"`(\w+)`", section))

    assert {*Knobs.model_fields, *Fault.model_fields} - documented == set()


def test_the_documented_defaults_are_the_defaults() -> None:
    knobs = Knobs()

    assert f"| `write_quota`, `write_window` | {knobs.write_quota}, {knobs.write_window:g} |" in DOCUMENT
    for name in (*("token_lifetime", "max_page_size", "read_after_write_delay", "latency"), *LIFETIMES):
        assert f"| `{name}` | {getattr(knobs, name):.10g} |" in DOCUMENT
    for permission in knobs.permissions:
        assert f"`{permission}`" in DOCUMENT


def test_it_says_what_it_does_not_prove() -> None:
    assert "derived from Microsoft's CSDL" in DOCUMENT
    assert "never been run against a live tenant" in DOCUMENT.replace("\n", " ")
