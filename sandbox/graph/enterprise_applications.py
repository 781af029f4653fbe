"""Enterprise applications that provision to a SCIM endpoint: their synchronization jobs, schemas and secrets."""

import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sandbox.graph.errors import GraphError, bad_request, not_found
from sandbox.graph.expressions import FUNCTIONS
from sandbox.graph.provisioning_schema import Json, template_schema


@dataclass(slots=True)
class SynchronizationJob:
    """One job. ``schema`` is what GET answers; ``restarts`` has the reset scopes that were asked for."""

    id: str
    template: str
    schema: Json
    code: str = "NotRun"
    restarts: list[str] = field(default_factory=list)
    _writes: int = 1

    def replace(self, schema: Json) -> None:
        """Put another schema in the place of this one; the version is the service's own."""
        if schema.get("id", self.schema["id"]) != self.schema["id"]:
            raise refused("The schema is of another job.")
        _check(schema, self.schema)
        self._writes += 1
        self.schema = schema | {"id": self.schema["id"], "version": f"Version:{self._writes}"}


@dataclass(slots=True)
class EnterpriseApplication:
    """A service principal, as far as provisioning goes."""

    id: str
    display_name: str
    jobs: dict[str, SynchronizationJob] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    def add_job(self, tenant: str, template: str = "scim") -> SynchronizationJob:
        """Create a job of a template. Its id names the tenant, as Entra's do."""
        key = f"{template}.{tenant.replace('-', '')}.{uuid.uuid4()}"
        self.jobs[key] = SynchronizationJob(key, template, template_schema())
        return self.jobs[key]

    def job(self, key: str) -> SynchronizationJob:
        """Return a job, or raise 404."""
        if key not in self.jobs:
            raise not_found(key)
        return self.jobs[key]


def plant_application(tenant: str, values: dict[str, Any]) -> EnterpriseApplication:
    """Return a new application with a job, or with as many as ``jobs`` says. Raises 400 for unknown values."""
    unknown = values.keys() - {"displayName", "jobs"}
    if unknown:
        raise bad_request(f"There is no property '{min(unknown)}'.")
    application = EnterpriseApplication(str(uuid.uuid4()), str(values.get("displayName", "Lockstep")))
    for _ in range(int(values.get("jobs", 1))):
        application.add_job(tenant)
    return application


def refused(message: str) -> GraphError:
    """400, worded as the provisioning service behind Graph does: its own JSON within Graph's message."""
    text = message.replace("\\", "\\\\").replace('"', '\\"')
    return GraphError(400, "UnknownError", f'{{"Message":"{text}","CorrelationId":"{secrets.token_hex(8)}"}}')


def _check(schema: Json, before: Json) -> None:
    """Raise 400 for what the engine could not work with."""
    rules, directories = schema.get("synchronizationRules"), schema.get("directories")
    if not isinstance(rules, list) or not isinstance(directories, list) or not rules:
        raise refused("The schema must have synchronizationRules and directories.")
    defined = {
        (each["name"], thing["name"]): {attribute["name"] for attribute in thing["attributes"]}
        for each in directories
        for thing in each["objects"]
    }
    known = {rule["id"] for rule in before["synchronizationRules"]}
    for rule in rules:
        if rule.get("id") not in known:
            raise refused(f"The synchronization rule '{rule.get('id')}' is not known.")
        for mapping in rule["objectMappings"]:
            source = defined.get((rule["sourceDirectoryName"], mapping["sourceObjectName"]))
            target = defined.get((rule["targetDirectoryName"], mapping["targetObjectName"]))
            if source is None or target is None:
                raise refused(f"The objects of the mapping '{mapping['name']}' are not defined.")
            _check_mapping(mapping, source, target)


def _check_mapping(mapping: Json, source: set[str], target: set[str]) -> None:
    names = [each["targetAttributeName"] for each in mapping["attributeMappings"]]
    for name in names:
        if name not in target:
            raise refused(f"The attribute '{name}' is not defined on '{mapping['targetObjectName']}'.")
        if names.count(name) > 1:
            raise refused(f"The attribute '{name}' is mapped more than once.")
    if not any(each.get("matchingPriority", 0) > 0 for each in mapping["attributeMappings"]):
        raise refused(f"The mapping '{mapping['name']}' has no matching attribute.")
    for each in mapping["attributeMappings"]:
        for part in _tree(each.get("source")):
            if part["type"] == "Attribute" and part["name"] not in source:
                raise refused(f"The attribute '{part['name']}' is not defined on '{mapping['sourceObjectName']}'.")
            if part["type"] == "Function" and part["name"] not in FUNCTIONS and part["name"][0] not in "=<>":
                raise refused(f"The function '{part['name']}' is not supported.")
    for group in (mapping.get("scope") or {}).get("groups") or []:
        for clause in group["clauses"]:
            if clause["sourceOperandName"] not in source:
                raise refused(f"The attribute '{clause['sourceOperandName']}' of a filter is not defined.")


def _tree(part: Json | None) -> Iterator[Json]:
    if part:
        yield part
        for parameter in part.get("parameters") or []:
            yield from _tree(parameter["value"])
