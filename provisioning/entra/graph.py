"""The calls to Microsoft Graph: signed in as whoever runs the command, JSON as it came, refusals in words.

azure-core's pipeline does the rest: tokens, three repetitions of what may be repeated with Graph's Retry-After (never
of the write of a schema), and no redirections. Graph's own libraries would drop the properties that they do not know.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.core.pipeline import PipelineResponse
from azure.core.pipeline.policies import (
    BearerTokenCredentialPolicy,
    HTTPPolicy,
    RetryPolicy,
    SansIOHTTPPolicy,
    UserAgentPolicy,
)
from azure.core.rest import HttpRequest, HttpResponse
from azure.identity import CredentialUnavailableError, DefaultAzureCredential

from provisioning.entra.addresses import Addresses
from provisioning.entra.errors import GraphRefused, SignInFailed, Unusable
from provisioning.version import VERSION

CONNECT_SECONDS = 10
READ_SECONDS = 60
LONGEST_WAIT = 120
"""Seconds: where Graph asks for a longer pause, the command ends and says so."""
LARGEST_ANSWER = 16 * 1024 * 1024
TEMPLATES = ("scim", "customappsso")
"""Template ids of jobs that push to a SCIM endpoint: those of today, and those from before 2019."""

_READ = "Synchronization.Read.All"
_WRITE = "Synchronization.ReadWrite.All"


@dataclass(frozen=True, slots=True)
class Job:
    """A synchronization job. ``state`` is its status code: NotConfigured, NotRun, Active, Paused or Quarantine."""

    id: str
    template: str
    state: str


class Graph:
    """One service principal's synchronization. Every method raises ``EntraError`` only."""

    def __init__(self, addresses: Addresses, service_principal: str, credential: TokenCredential) -> None:
        self.addresses = addresses
        self.service_principal = service_principal
        policies: list[HTTPPolicy[Any, Any] | SansIOHTTPPolicy[Any, Any]] = [
            UserAgentPolicy(base_user_agent=f"lockstep/{VERSION}"),
            _Retries(retry_total=3, retry_backoff_factor=1),
            BearerTokenCredentialPolicy(credential, addresses.scope),
        ]
        self._client: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(addresses.graph, policies=policies)

    def __enter__(self) -> Self:
        self._client.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.__exit__(kind, error, trace)

    def jobs(self) -> list[Job]:
        """Return the jobs of the service principal."""
        answer = _object(self._send("GET", "jobs"))
        return [
            Job(
                str(each.get("id")),
                str(each.get("templateId")),
                str((each.get("status") or {}).get("code") or "unknown"),
            )
            for each in answer.get("value") or []
        ]

    def job(self, chosen: str) -> Job:
        """Return the job that was chosen, or else the only one. Raises ``Unusable`` where that is no one job."""
        jobs = self.jobs()
        listed = ", ".join(f"{job.id} ({job.template})" for job in jobs) or "none"
        if chosen:
            found = [job for job in jobs if job.id == chosen]
        else:
            found = jobs if len(jobs) == 1 else [job for job in jobs if job.template in TEMPLATES]
        if len(found) == 1:
            return found[0]
        if chosen or not jobs:
            wanted = f"no job {chosen}" if chosen else "no synchronization job"
            raise Unusable(
                f"The service principal has {wanted}; there are: {listed}. infra/terraform/enterprise_app makes one."
            )
        raise Unusable(f"The service principal has several jobs; choose one with --job: {listed}.")

    def schema_text(self, job: str) -> bytes:
        """Return a job's schema, byte for byte."""
        return self._send("GET", f"jobs/{quote(job, safe='')}/schema").content

    def put_schema(self, job: str, schema: Mapping[str, Any]) -> None:
        """Replace a job's schema as a whole, in one attempt: the caller must look before it makes another."""
        self._send("PUT", f"jobs/{quote(job, safe='')}/schema", schema, retry_total=0)

    def parse_expression(self, job: str, expression: str) -> dict[str, Any]:
        """Have Entra understand an expression, and return it as an ``attributeMappingSource``."""
        path = f"jobs/{quote(job, safe='')}/schema/parseExpression"
        answer = _object(self._send("POST", path, {"expression": expression}))
        parsed = answer.get("parsedExpression")
        if answer.get("parsingSucceeded") is not True or not isinstance(parsed, dict):
            words = (answer.get("error") or {}).get("message") or "no reason is given"
            raise Unusable(f"Entra does not understand the expression {expression}: {words}")
        return parsed

    def restart(self, job: str, reset_scope: str) -> None:
        """Restart a job, and forget what ``reset_scope`` names."""
        self._send("POST", f"jobs/{quote(job, safe='')}/restart", {"criteria": {"resetScope": reset_scope}})

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None = None, **options: Any) -> HttpResponse:
        url = f"{self.addresses.graph}/v1.0/servicePrincipals/{quote(self.service_principal, safe='')}"
        request = HttpRequest(
            method, f"{url}/synchronization/{path}", json=body, headers={"Accept": "application/json"}
        )
        try:
            answer = self._client.send_request(
                request, connection_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, **options
            )
        except CredentialUnavailableError as error:
            raise SignInFailed(
                "There is no sign-in to use. Run `az login --tenant TENANT`, or give the pipeline a workload identity "
                f"(AZURE_CLIENT_ID, AZURE_TENANT_ID, AZURE_FEDERATED_TOKEN_FILE). {_first(error)}"
            ) from None
        except ClientAuthenticationError as error:
            raise SignInFailed(
                f"The sign-in is refused: {_first(error)} Check tenant, client id and --authority, or sign in again."
            ) from None
        except HttpResponseError as error:
            raise GraphRefused(f"The sign-in service cannot answer now: {_first(error)}") from None
        except AzureError as error:
            raise GraphRefused(f"{self.addresses.graph} is not reached: {_first(error)}") from None
        if answer.status_code >= 300:
            raise _refusal(answer, "GET" if method == "GET" else "write")
        if len(answer.content) > LARGEST_ANSWER:
            raise GraphRefused("Graph's answer is too large to be a synchronization schema.")
        return answer


class _Retries(RetryPolicy[Any, Any]):
    """azure-core's, which would sleep for as long as Retry-After says: for hours."""

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        return (self.get_retry_after(response) or 0) <= LONGEST_WAIT and super().is_retry(settings, response)


def credential(addresses: Addresses) -> DefaultAzureCredential:
    """Return the sign-in of this machine: environment, workload or managed identity, Azure CLI and its like."""
    return DefaultAzureCredential(
        authority=addresses.authority,
        disable_instance_discovery=not addresses.microsoft,
        exclude_interactive_browser_credential=True,
    )


def _object(answer: HttpResponse) -> dict[str, Any]:
    return read_object(answer.content, "Graph's answer")


def read_object(content: bytes, what: str) -> dict[str, Any]:
    """Read a JSON object. Raises ``GraphRefused``."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise GraphRefused(f"{what} is no JSON object.")
    return found


def _first(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:300] if lines else type(error).__name__


def _refusal(answer: HttpResponse, what: str) -> GraphRefused:
    status, said = answer.status_code, _said(answer.content)
    right = _READ if what == "GET" else _WRITE
    words = {
        401: "Graph does not accept the token. Sign in again, to the tenant of the enterprise application.",
        403: (
            f"Graph refuses. The call needs {right}: an application permission that a Privileged Role Administrator "
            "consents to, or delegated to somebody who is Cloud Application Administrator or Application Administrator."
        ),
        404: (
            "Graph knows no such service principal or job. --service-principal takes the object id of the enterprise "
            "application (Enterprise applications, Overview), not its application id."
        ),
        400: "Graph refuses the request; nothing was changed.",
        429: "Graph is asked too much, and stays so. Try again in some minutes.",
    }
    default = "Graph cannot answer now. Try again later." if status >= 500 else "Graph refuses the request."
    return GraphRefused(f"{words.get(status, default)} [{status}{said}]", status, _retry_after(answer))


def _retry_after(answer: HttpResponse) -> float:
    """Return the seconds that Graph asks to wait; it writes them with a fraction too. 0 where it does not say."""
    with suppress(ValueError):
        return max(0.0, float(answer.headers.get("Retry-After", "")))
    return 0.0


def _said(content: bytes) -> str:
    """Return Graph's code and message; the provisioning service's own JSON is a text within Graph's."""
    try:
        error = json.loads(content)["error"]
        code, message = str(error.get("code")), str(error.get("message"))
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    try:
        inner = json.loads(message)
        message = str(inner.get("Message") or inner.get("message") or message)
    except (ValueError, AttributeError):
        pass
    return f" {code}: {message[:1000]}"
