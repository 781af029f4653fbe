"""What Terraform plans for each environment, read from ``terraform show -json``."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from threading import Lock
from typing import Any

from infra.checks.checkout import Checkout
from infra.checks.findings import Finding, Unreadable
from infra.checks.options import EVERYTHING, OPTIONS, snake
from infra.checks.terraform.session import MAIN, run


class NotPlanned(Unreadable):
    """Terraform refused an environment."""

    def __init__(self, found: list[Finding]) -> None:
        super().__init__("; ".join(str(each) for each in found))
        self.found = tuple(found)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Terraform's errors."""
        return self.found


@dataclass(frozen=True, slots=True)
class Plan:
    """One environment's plan."""

    environment: str
    told: dict[str, Any]

    @property
    def place(self) -> str:
        """The file with the environment's values."""
        return MAIN if self.environment == EVERYTHING else f"{MAIN}/environments/{self.environment}.tfvars"

    def resources(self) -> list[dict[str, Any]]:
        """Return every planned resource with its values; what is not known yet is missing in them."""
        return [
            each for each in self._resources(self.told["planned_values"]["root_module"]) if each["mode"] == "managed"
        ]

    def _resources(self, module: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield from module.get("resources", [])
        for child in module.get("child_modules", []):
            yield from self._resources(child)

    def bodies(self) -> list[tuple[str, str, dict[str, Any], bool]]:
        """Return address, type, body and whether it only updates, of each azapi resource with a body."""
        found = []
        for each in self.resources():
            values = each["values"]
            if each["type"] in ("azapi_resource", "azapi_update_resource") and values.get("body") is not None:
                body = dict(values["body"])
                for key in ("name", "location", "tags"):
                    if values.get(key) is not None and key not in body:
                        body[key] = values[key]
                if values.get("identity"):
                    body.setdefault("identity", "«identity»")
                found.append((each["address"], values["type"], body, each["type"] == "azapi_update_resource"))
        return found

    @property
    def variables(self) -> dict[str, Any]:
        """The value of each variable."""
        return {name: each.get("value") for name, each in self.told.get("variables", {}).items()}

    @property
    def declared(self) -> dict[str, dict[str, Any]]:
        """Each variable as it is declared: description, default."""
        found: dict[str, dict[str, Any]] = self.told["configuration"]["root_module"].get("variables", {})
        return found

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs; ``None`` for what is not known yet."""
        declared = self.told["configuration"]["root_module"].get("outputs", {})
        known = self.told["planned_values"].get("outputs", {})
        return {name: known.get(name, {}).get("value") for name in declared}


_one_at_a_time = Lock()


def plans(checkout: Checkout) -> tuple[Plan, ...]:
    """Return the plan of each environment, made once for all steps. Raises ``Skipped``, and ``NotPlanned``."""
    with _one_at_a_time:
        return _plans(checkout)


@cache
def _plans(checkout: Checkout) -> tuple[Plan, ...]:
    answers = run(checkout, [MAIN], {EVERYTHING: {snake(name): value for name, value in OPTIONS.items()}}, tests=False)
    findings = [finding for answer in answers for finding in answer.diagnostics()]
    if findings:
        raise NotPlanned(list(dict.fromkeys(findings)))
    return tuple(
        Plan(answer.name.removeprefix("show "), json.loads(answer.out))
        for answer in answers
        if answer.name.startswith("show ")
    )
