"""Bicep's parameter files: every parameter exists, every required one is given, values are allowed ones."""

import re
from collections.abc import Iterator
from typing import Any

from infra.checks.bicep import environments
from infra.checks.bicep.template import Template
from infra.checks.bicep.values import NotEvaluated
from infra.checks.checkout import Checkout
from infra.checks.findings import Finding, Result, Unreadable

USING = re.compile(r"^using '([^']+)'", re.MULTILINE)
KINDS: dict[str, type | tuple[type, ...]] = {"string": str, "int": int, "bool": bool, "object": dict, "array": list}


def run(checkout: Checkout) -> Result:
    """Check every *.bicepparam file."""
    names = environments.names(checkout)
    if not names:
        raise Unreadable("infra/bicep/environments has no *.bicepparam")
    findings: list[Finding] = []
    for name in names:
        place = f"infra/bicep/environments/{name}.bicepparam"
        text = (checkout.root / place).read_text()
        using = USING.search(text)
        if (
            using is None
            or (checkout.root / place).parent / using[1] != checkout.root / "infra/bicep/environments/../main.bicep"
        ):
            findings.append(Finding(place, "must begin with using '../main.bicep'"))
        try:
            findings += of_file(checkout, name, place)
        except NotEvaluated as error:
            findings += error.findings
    return Result(f"{len(names)} files", tuple(findings))


def of_file(checkout: Checkout, name: str, place: str) -> Iterator[Finding]:
    """Check one file."""
    declared = environments.parameters(checkout)
    template = environments.template(checkout, {})
    given = environments.values(checkout, name)
    for key in sorted(given.keys() - declared.keys()):
        yield Finding(place, f"{key} is no parameter of {environments.MAIN}")
    for key, statement in declared.items():
        if key not in given and statement["v"] is None:
            yield Finding(place, f"{key} must be given: {environments.MAIN}:{statement['line']} has no default")
        elif key in given and (wrong := refused(template, statement, given[key])):
            yield Finding(place, f"{key} {wrong}")


def refused(template: Template, statement: dict[str, Any], value: Any) -> str | None:
    """Return why a value is not allowed, by the parameter's type and decorators."""
    kind = statement["t"]
    wanted = KINDS.get(kind[1]) if kind and kind[0] == "tid" else list if kind and kind[0] == "tarr" else None
    if wanted is not None and (not isinstance(value, wanted) or (wanted is int and isinstance(value, bool))):
        return f"is {value!r}, where {kind[1] if kind[0] == 'tid' else 'an array'} is expected"
    size = len(value) if isinstance(value, (str, list, dict)) else value
    for call in statement["deco"]:
        if call[0] != "call" or not call[2]:
            continue
        limit: Any = template.value(call[2][0], {})
        match call[1]:
            case "allowed" if value not in limit:
                return f"is {value!r}, not one of {limit}"
            case "minValue" | "minLength" if size < limit:
                return f"is {value!r}: {call[1]} is {limit}"
            case "maxValue" | "maxLength" if size > limit:
                return f"is {value!r}: {call[1]} is {limit}"
    return None
