"""Synchronization of an enterprise application: jobs, templates, schemas, secrets. Nothing is provisioned.

PUT of the schema replaces it as a whole and answers 204 (Update synchronizationSchema); there is no PATCH, although the
metadata, and so msgraph-sdk, has one: the service answers it with 404.
"""

import copy
from typing import Any

from sandbox.graph.enterprise_applications import EnterpriseApplication, SynchronizationJob, refused
from sandbox.graph.errors import bad_request, not_found
from sandbox.graph.expressions import NotParsed, parse
from sandbox.graph.messages import Answer, Request
from sandbox.graph.provisioning_schema import template_schema
from sandbox.graph.state import Tenant

RESET_SCOPES = frozenset(
    {"None", "ConnectorDataStore", "Escrows", "Watermark", "QuarantineState", "Full", "ForceDeletes"}
)


def _application(tenant: Tenant, key: str) -> EnterpriseApplication:
    found = tenant.applications.get(key.lower())
    if found is None:
        raise not_found(key)
    return found


def _context(request: Request, what: str) -> dict[str, str]:
    return {"@odata.context": f"{request.base}/$metadata#servicePrincipals('{request.segments[1]}')/{what}"}


# Jobs


def list_jobs(tenant: Tenant, request: Request, key: str) -> Answer:
    """GET .../synchronization/jobs."""
    jobs = [_job(job) for job in _application(tenant, key).jobs.values()]
    return Answer(200, _context(request, "synchronization/jobs") | {"value": jobs})


def get_job(tenant: Tenant, request: Request, key: str, job: str) -> Answer:
    """GET .../synchronization/jobs/{id}."""
    found = _application(tenant, key).job(job)
    return Answer(200, _context(request, "synchronization/jobs/$entity") | _job(found))


def start_job(tenant: Tenant, _: Request, key: str, job: str) -> Answer:
    """POST .../jobs/{id}/start."""
    _application(tenant, key).job(job).code = "Active"
    return Answer(204)


def pause_job(tenant: Tenant, _: Request, key: str, job: str) -> Answer:
    """POST .../jobs/{id}/pause."""
    _application(tenant, key).job(job).code = "Paused"
    return Answer(204)


def restart_job(tenant: Tenant, request: Request, key: str, job: str) -> Answer:
    """POST .../jobs/{id}/restart: an empty resetScope is what the admin center's button resets."""
    found = _application(tenant, key).job(job)
    criteria = request.json_object().get("criteria")
    scope = criteria.get("resetScope", "") if isinstance(criteria, dict) else ""
    words = [word.strip() for word in str(scope).split(",") if word.strip()]
    if not set(words) <= RESET_SCOPES:
        raise bad_request(f"'{scope}' is not a valid resetScope.", code="BadRequest")
    found.restarts.append(", ".join(words) or "Watermark, Escrows, QuarantineState")
    found.code = "Active"
    return Answer(204)


def _job(job: SynchronizationJob) -> dict[str, Any]:
    running = job.code == "Active"
    return {
        "id": job.id,
        "templateId": job.template,
        "schedule": {"expiration": None, "interval": "PT40M", "state": "Active" if running else "Disabled"},
        "status": {
            "countSuccessiveCompleteFailures": 0,
            "escrowsPruned": False,
            "code": job.code,
            "lastExecution": None,
            "lastSuccessfulExecution": None,
            "lastSuccessfulExecutionWithExports": None,
            "quarantine": None,
            "synchronizedEntryCountByType": [],
            "troubleshootingUrl": None,
        },
        "synchronizationJobSettings": [],
    }


# Schemas


def get_schema(tenant: Tenant, request: Request, key: str, job: str) -> Answer:
    """GET .../jobs/{id}/schema."""
    schema = copy.deepcopy(_application(tenant, key).job(job).schema)
    context = _context(request, "synchronization/jobs/schema/$entity")
    annotation = {"directories@odata.context": context["@odata.context"].replace("$entity", "directories")}
    return Answer(200, context | schema | annotation)


def put_schema(tenant: Tenant, request: Request, key: str, job: str) -> Answer:
    """PUT .../jobs/{id}/schema."""
    found = _application(tenant, key).job(job)
    body = {name: value for name, value in request.json_object().items() if "@odata." not in name}
    try:
        found.replace(body)
    except (KeyError, TypeError, AttributeError) as error:
        raise refused(f"The schema has not the form of a synchronizationSchema: {error}") from error
    return Answer(204)


def parse_expression(tenant: Tenant, request: Request, key: str, job: str) -> Answer:
    """POST .../jobs/{id}/schema/parseExpression."""
    _application(tenant, key).job(job)
    body = request.json_object()
    if not isinstance(body.get("expression"), str):
        raise bad_request("The parameter 'expression' is missing.", code="BadRequest")
    if body.get("testInputObject") is not None:
        raise bad_request("Evaluation of expressions is not simulated.", code="BadRequest")
    answer: dict[str, Any] = {"evaluationSucceeded": False, "evaluationResult": [], "parsedExpression": None}
    try:
        answer |= {"parsedExpression": parse(body["expression"]), "parsingSucceeded": True, "error": None}
    except NotParsed as error:
        answer["parsingSucceeded"] = False
        answer["error"] = {"code": "ExpressionParsingError", "message": str(error), "tenantActionable": True}
    return Answer(200, {"@odata.context": f"{request.base}/$metadata#microsoft.graph.parseExpressionResponse"} | answer)


# Templates and secrets


def list_templates(tenant: Tenant, request: Request, key: str) -> Answer:
    """GET .../synchronization/templates."""
    _application(tenant, key)
    return Answer(200, _context(request, "synchronization/templates") | {"value": [_template()]})


def get_template(tenant: Tenant, request: Request, key: str, template: str) -> Answer:
    """GET .../synchronization/templates/{id}."""
    _known_template(tenant, key, template)
    return Answer(200, _context(request, "synchronization/templates/$entity") | _template())


def get_template_schema(tenant: Tenant, request: Request, key: str, template: str) -> Answer:
    """GET .../synchronization/templates/{id}/schema."""
    _known_template(tenant, key, template)
    return Answer(200, _context(request, "synchronization/templates/schema/$entity") | template_schema())


def _known_template(tenant: Tenant, key: str, template: str) -> None:
    _application(tenant, key)
    if template != "scim":
        raise not_found(template)


def _template() -> dict[str, Any]:
    return {
        "id": "scim",
        "applicationId": "8adf8e6e-67b2-4cf2-a259-e3dc5476c621",
        "default": True,
        "description": None,
        "discoverable": True,
        "factoryTag": "customappsso",
        "metadata": [],
    }


def put_secrets(tenant: Tenant, request: Request, key: str) -> Answer:
    """PUT .../synchronization/secrets: those that are named take the place of those of that name."""
    application = _application(tenant, key)
    given = request.json_object().get("value")
    if not isinstance(given, list) or not all(
        isinstance(each, dict) and isinstance(each.get("key"), str) and isinstance(each.get("value"), str)
        for each in given
    ):
        raise bad_request("'value' must be a list of objects with 'key' and 'value'.", code="BadRequest")
    application.secrets |= {each["key"]: each["value"] for each in given}
    return Answer(204)
