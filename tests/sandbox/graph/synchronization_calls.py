"""msgraph-sdk's calls of synchronization. The schema is put by what the SDK builds for its PATCH, sent as PUT: the
service has no PATCH, whatever Microsoft's metadata says (msgraph-metadata#676).
"""

from typing import TYPE_CHECKING, Any

from kiota_abstractions.method import Method
from msgraph.generated.models.attribute_mapping import AttributeMapping
from msgraph.generated.models.attribute_mapping_source_type import AttributeMappingSourceType
from msgraph.generated.models.attribute_type import AttributeType
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.synchronization_job_restart_criteria import SynchronizationJobRestartCriteria
from msgraph.generated.models.synchronization_job_restart_scope import SynchronizationJobRestartScope
from msgraph.generated.models.synchronization_schema import SynchronizationSchema
from msgraph.generated.models.synchronization_secret import SynchronizationSecret
from msgraph.generated.models.synchronization_secret_key_string_value_pair import (
    SynchronizationSecretKeyStringValuePair,
)
from msgraph.generated.models.synchronization_status_code import SynchronizationStatusCode
from msgraph.generated.service_principals.item.synchronization.jobs.item.restart.restart_post_request_body import (
    RestartPostRequestBody,
)
from msgraph.generated.service_principals.item.synchronization.jobs.item.schema.parse_expression import (
    parse_expression_post_request_body,
)
from msgraph.generated.service_principals.item.synchronization.secrets.secrets_put_request_body import (
    SecretsPutRequestBody,
)
from msgraph.graph_service_client import GraphServiceClient

from sandbox.graph.enterprise_applications import EnterpriseApplication, SynchronizationJob

if TYPE_CHECKING:
    from tests.sandbox.graph.test_sdk_drives_every_call import World

SWITCH = 'Switch([IsSoftDeleted], , "False", "True", "True", "False")'


def _application(world: "World") -> EnterpriseApplication:
    return next(iter(world.served.tenant.applications.values()))


def _job(world: "World") -> SynchronizationJob:
    return next(iter(_application(world).jobs.values()))


def _builder(sdk: GraphServiceClient, world: "World") -> Any:
    return sdk.service_principals.by_service_principal_id(_application(world).id).synchronization


def _job_builder(sdk: GraphServiceClient, world: "World") -> Any:
    return _builder(sdk, world).jobs.by_synchronization_job_id(_job(world).id)


async def list_jobs(sdk: GraphServiceClient, world: "World") -> None:
    answer = await _builder(sdk, world).jobs.get()
    assert answer is not None
    assert [(job.id, job.template_id) for job in answer.value or []] == [(_job(world).id, "scim")]


async def get_job(sdk: GraphServiceClient, world: "World") -> None:
    job = await _job_builder(sdk, world).get()
    assert job is not None
    assert job.status is not None
    assert job.status.code == SynchronizationStatusCode.NotRun


async def start_job(sdk: GraphServiceClient, world: "World") -> None:
    await _job_builder(sdk, world).start.post()
    assert _job(world).code == "Active"


async def pause_job(sdk: GraphServiceClient, world: "World") -> None:
    await _job_builder(sdk, world).pause.post()
    assert _job(world).code == "Paused"


async def restart_job(sdk: GraphServiceClient, world: "World") -> None:
    criteria = SynchronizationJobRestartCriteria(reset_scope=SynchronizationJobRestartScope.Watermark)
    await _job_builder(sdk, world).restart.post(RestartPostRequestBody(criteria=criteria))
    assert _job(world).restarts == ["Watermark"]


def _mapping(schema: SynchronizationSchema, target: str) -> AttributeMapping:
    [rule] = schema.synchronization_rules or []
    [mapping] = [
        each
        for mapped in rule.object_mappings or []
        if mapped.source_object_name == "User"
        for each in mapped.attribute_mappings or []
        if each.target_attribute_name == target
    ]
    return mapping


async def get_schema(sdk: GraphServiceClient, world: "World") -> None:
    schema = await _job_builder(sdk, world).schema.get()
    assert schema is not None
    source = _mapping(schema, "active").source
    assert source is not None
    assert (source.expression, source.type) == (SWITCH, AttributeMappingSourceType.Function)
    kinds = {
        attribute.name: attribute.type
        for directory in schema.directories or []
        for thing in directory.objects or []
        for attribute in thing.attributes or []
    }
    assert kinds["active"] == AttributeType.Boolean
    assert not schema.additional_data.keys() - {"@odata.context", "directories@odata.context"}


async def put_schema(sdk: GraphServiceClient, world: "World") -> None:
    builder = _job_builder(sdk, world).schema
    schema = await builder.get()
    assert schema is not None
    _mapping(schema, "title").matching_priority = 7
    asked = builder.to_patch_request_information(schema)
    asked.http_method = Method.PUT
    await sdk.request_adapter.send_no_response_content_async(asked, {"XXX": ODataError})
    whole = _job(world).schema
    [user] = [each for each in whole["synchronizationRules"][0]["objectMappings"] if each["sourceObjectName"] == "User"]
    assert {each["targetAttributeName"]: each["matchingPriority"] for each in user["attributeMappings"]}["title"] == 7
    assert whole["version"] == "Version:2"


async def parse_expression(sdk: GraphServiceClient, world: "World") -> None:
    body = parse_expression_post_request_body.ParseExpressionPostRequestBody(expression=SWITCH)
    answer = await _job_builder(sdk, world).schema.parse_expression.post(body)
    assert answer is not None
    assert answer.parsing_succeeded is True
    assert answer.parsed_expression is not None
    assert answer.parsed_expression.name == "Switch"


async def list_templates(sdk: GraphServiceClient, world: "World") -> None:
    answer = await _builder(sdk, world).templates.get()
    assert answer is not None
    assert [each.id for each in answer.value or []] == ["scim"]


async def get_template(sdk: GraphServiceClient, world: "World") -> None:
    template = await _builder(sdk, world).templates.by_synchronization_template_id("scim").get()
    assert template is not None
    assert template.default is True


async def get_template_schema(sdk: GraphServiceClient, world: "World") -> None:
    schema = await _builder(sdk, world).templates.by_synchronization_template_id("scim").schema.get()
    assert schema is not None
    assert _mapping(schema, "userName").matching_priority == 1


async def put_secrets(sdk: GraphServiceClient, world: "World") -> None:
    pair = SynchronizationSecretKeyStringValuePair(key=SynchronizationSecret.BaseAddress, value="https://hub.example")
    await _builder(sdk, world).secrets.put(SecretsPutRequestBody(value=[pair]))
    assert _application(world).secrets == {"BaseAddress": "https://hub.example"}


_AT = "servicePrincipals/*/synchronization"
SYNCHRONIZATION_CALLS = {
    ("GET", f"{_AT}/jobs"): list_jobs,
    ("GET", f"{_AT}/jobs/*"): get_job,
    ("POST", f"{_AT}/jobs/*/start"): start_job,
    ("POST", f"{_AT}/jobs/*/pause"): pause_job,
    ("POST", f"{_AT}/jobs/*/restart"): restart_job,
    ("GET", f"{_AT}/jobs/*/schema"): get_schema,
    ("PUT", f"{_AT}/jobs/*/schema"): put_schema,
    ("POST", f"{_AT}/jobs/*/schema/parseExpression"): parse_expression,
    ("GET", f"{_AT}/templates"): list_templates,
    ("GET", f"{_AT}/templates/*"): get_template,
    ("GET", f"{_AT}/templates/*/schema"): get_template_schema,
    ("PUT", f"{_AT}/secrets"): put_secrets,
}
