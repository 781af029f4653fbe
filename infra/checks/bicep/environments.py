"""The parameter files: infra/bicep/environments/*.bicepparam."""

from typing import Any

from infra.checks.bicep.template import Template
from infra.checks.bicep.values import NotEvaluated, Placed, plain
from infra.checks.checkout import Checkout
from infra.checks.options import EVERYTHING, OPTIONS

MAIN = "infra/bicep/main.bicep"


def values(checkout: Checkout, name: str) -> dict[str, Any]:
    """Return what a parameter file gives. Raises ``NotEvaluated``."""
    path = checkout.root / f"infra/bicep/environments/{name}.bicepparam"
    file = Template.read(checkout.bicep_check, path, checkout.root, {})
    return {
        key: plain(file.value(statement["v"], {}))
        for key, statement in file.statements.items()
        if statement["k"] == "param"
    }


def names(checkout: Checkout) -> list[str]:
    """Return the environments that have a file."""
    return sorted(path.stem for path in (checkout.root / "infra/bicep/environments").glob("*.bicepparam"))


def given(checkout: Checkout, name: str) -> dict[str, Any]:
    """Return the parameters of an environment, the one with everything included."""
    if name != EVERYTHING:
        return values(checkout, name)
    declared = parameters(checkout)
    return {key: value for key, value in OPTIONS.items() if key in declared}


def template(checkout: Checkout, parameters: dict[str, Any]) -> Template:
    """Return the main template with parameters. Raises ``NotEvaluated``."""
    return Template.read(checkout.bicep_check, checkout.root / MAIN, checkout.root, parameters)


def parameters(checkout: Checkout) -> dict[str, dict[str, Any]]:
    """Return the declarations of the main template's parameters by name."""
    found = template(checkout, {}).statements
    return {name: statement for name, statement in found.items() if statement["k"] == "param"}


def deployed(checkout: Checkout, environment: str) -> tuple[dict[str, Any], list[Placed]]:
    """Return outputs and resources of an environment. Raises ``NotEvaluated``."""
    main = template(checkout, given(checkout, environment))
    try:
        return main.deploy(), main.resources
    except (TypeError, KeyError, ValueError, AttributeError, IndexError) as error:
        raise NotEvaluated(f"{MAIN} ({environment}): {type(error).__name__}: {error}") from error
