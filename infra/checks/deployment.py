"""A deployment in one form, whichever template it comes from: resources by what they are, with every value in them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.checks.bicep.values import Placed
from infra.checks.findings import Unreadable
from infra.checks.terraform.arm import READERS, azapi, in_arm
from infra.checks.terraform.plans import Plan
from infra.checks.terraform.reading import Watched
from infra.checks.tokens import translated


@dataclass(frozen=True, slots=True)
class Deployed:
    """One resource: its kind, the name by which it is found in the other template, its values, where it stands."""

    kind: str
    name: str
    values: dict[str, Any]
    place: str

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same resource in both templates."""
        return self.kind.lower(), self.name

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def of_bicep(resources: list[Placed]) -> list[Deployed]:
    """Return what a Bicep template deploys."""
    return [deployed(each.kind, "/".join(each.name.split("/")[-2:]), each.body, each.place) for each in resources]


def of_terraform(plan: Plan, places: dict[str, str]) -> list[Deployed]:
    """Return what a plan deploys. ``places`` has the line of each resource block. Raises ``Unreadable``."""
    found = []
    for each in plan.resources():
        address = f"{each['type']}.{each['name']}"
        reader = azapi if each["type"].startswith("azapi_") else READERS.get(each["type"])
        if reader is None:
            raise Unreadable(
                f"{places.get(address, address)}: infra/checks/terraform/arm.py cannot read {each['type']}"
            )
        values = Watched(each["values"])
        made = [deployed(kind, name, body, places.get(address, address)) for kind, name, body in reader(values)]
        if reader is not azapi:
            made[0].values.update(leaves(values.unread()))
        found += made
    return found


def deployed(kind: str, name: str, body: dict[str, Any], place: str) -> Deployed:
    """Return a resource in the common form."""
    values = dict(leaves(shaped(translated(body, in_arm))))
    lower = kind.lower()
    if lower == "microsoft.authorization/roleassignments":
        role = str(values.pop("properties.roleDefinitionId", "")).rpartition("/")[2]
        name = f"{role} for {values.pop('properties.principalId', '')} on {values.pop('scope', '')}"
    elif lower == "microsoft.insights/diagnosticsettings":
        name = f"{name} of {values.pop('scope', '')}"
    elif lower == "microsoft.insights/workbooks":
        name = ""
    return Deployed(kind, translated(name, in_arm), values, place)


def shaped(value: Any, key: str = "") -> Any:
    """Return a value without what is only form: nothing is dropped, lists of named things become objects."""
    if isinstance(value, dict):
        if key == "notifications":
            value = {f"{each['thresholdType']} {each['threshold']:g}": each for each in value.values()}
        if key == "userAssignedIdentities":
            return sorted(value)
        return {name: shaped(each, name) for name, each in value.items()}
    if isinstance(value, list):
        if key == "privateDnsZoneConfigs":  # named by the template in Bicep, by the provider in Terraform
            value = [{"properties": each["properties"]} for each in value]
        if value and all(isinstance(each, dict) and each.get("name") for each in value):
            return {each["name"]: shaped({k: v for k, v in each.items() if k != "name"}) for each in value}
        return [shaped(each) for each in value]
    if key == "serializedData" and isinstance(value, str):
        return shaped(json.loads(value))
    return value


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Return every value in an object with its path. Nothing (null, {} and []) is as good as not written."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from leaves(each, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from leaves(each, f"{path}[{number}]")
    elif value is not None:
        yield path, value
