"""The deployed app as Azure knows it: where it is, which functions it has, and how a package gets there."""

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from infra.rollout import web
from infra.rollout.az import az, az_json
from infra.rollout.words import Failed, Refused, say

_API = "2024-04-01"
_UPLOAD_SECONDS = 600
_STATUS_SECONDS = 900
_ENDINGS = {3: "failed", -1: "was cancelled", 5: "was cancelled by another deployment", 6: "succeeded in part only"}
_DEPLOYMENT = re.compile(r"[\w-]{1,64}")
_DONE = 4
"""Statuses of a deployment, as Kudu numbers them."""


@dataclass(frozen=True, slots=True)
class App:
    """A function app. ``origin`` and ``scm`` are URLs without a path; ``account`` holds the releases."""

    name: str
    group: str
    origin: str
    scm: str
    account: str


def find(name: str, group: str) -> App:
    """Look the app up. Raises ``Refused``: there is none, no right to see it, or it is no Flex Consumption app."""
    # Not "az functionapp show": it reads the plan as well, and a deployer has no right on that.
    command = ("resource", "show", "--name", name, "--resource-group", group, "--resource-type", "Microsoft.Web/sites")
    found = az_json(*command, "--api-version", _API)["properties"]
    hosts = {each["hostType"]: each["name"] for each in found.get("hostNameSslStates", [])}
    storage = ((found.get("functionAppConfig") or {}).get("deployment") or {}).get("storage") or {}
    package = urlsplit(storage.get("value", ""))
    if not package.hostname or "Repository" not in hosts:
        raise Refused(f"{name} is no Flex Consumption app with a storage for packages: deploy infra/ first.")
    return App(
        name, group, _https(found["defaultHostName"]), _https(hosts["Repository"]), package.hostname.split(".")[0]
    )


def _https(host: str) -> str:
    return web.origin(f"{'http' if web.is_local(f'//{host}') else 'https'}://{host}")


def functions(app: App) -> list[str]:
    """Return the functions that Azure has indexed for the app, sorted: those that it calls and scales. Needs no key."""
    listed = az_json("functionapp", "function", "list", "--name", app.name, "--resource-group", app.group)
    return sorted(each["name"].rsplit("/", 1)[-1] for each in listed)


def publish(app: App, package: Path, interval: float = 5) -> None:
    """Hand the package over and wait until Azure has taken it. It is run as it is: nothing is built there.

    Raises ``Refused`` when it was not taken at all and ``Failed`` when taking it did not end well.

    This is what ``az functionapp deployment source config-zip`` does, but for one thing: for a Python app on Flex
    Consumption that command always asks for a remote build, whatever ``--build-remote`` says (azure-cli,
    ``enable_zip_deploy_flex``). A package that was built again there is not the one that was tested, and bringing an
    old one back would depend on PyPI.
    """
    token = az("account", "get-access-token", "--query", "accessToken", "--output", "tsv").strip()
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{app.scm}/api/publish?RemoteBuild=false&Deployer=lockstep"
    body = package.read_bytes()
    sent = 0

    def send() -> web.Answer:
        nonlocal sent
        sent += 1
        return web.ask("POST", url, {**headers, "Content-Type": "application/zip"}, body, _UPLOAD_SECONDS)

    answer = _patiently(send, interval)
    if answer.status not in (200, 202):
        # An earlier try may have been taken after all, though its answer was lost.
        raise (Refused if sent == 1 else Failed)(_why_not_taken(answer))
    told_id = answer.json
    deployment = told_id if isinstance(told_id, str) and _DEPLOYMENT.fullmatch(told_id) else "latest"
    deadline = time.monotonic() + _STATUS_SECONDS
    while answer.status == 202:
        if time.monotonic() > deadline:
            raise Failed(f"Azure did not finish taking the package within {_STATUS_SECONDS} s.")
        time.sleep(interval)
        status = _patiently(lambda: web.ask("GET", f"{app.scm}/api/deployments/{deployment}", headers), interval)
        told = status.json if isinstance(status.json, dict) else {}
        if told.get("status") == _DONE:
            break
        if told.get("status") in _ENDINGS:
            detail = told.get("status_text") or told.get("message") or "no reason given"
            raise Failed(f"Taking the package {_ENDINGS[told['status']]}: {detail}")
    say("Azure has taken the package")


def _patiently(send: Callable[[], web.Answer], interval: float) -> web.Answer:
    """Send again what the deployment endpoint turned away because it was itself starting or restarting."""
    for attempt in range(5):
        try:
            answer = send()
        except web.NoAnswer as problem:
            if attempt == 4:
                raise Failed(f"The deployment endpoint does not answer: {problem}.") from None
        else:
            if answer.status not in (404, 502, 503, 504) or attempt == 4:
                return answer
        time.sleep(interval * (attempt + 1))
    raise AssertionError  # pragma: no cover - the loop always ends above


def _why_not_taken(answer: web.Answer) -> str:
    said = json.dumps(answer.json)[:300] if answer.json else answer.body[:300].decode(errors="replace")
    match answer.status:
        case 401 | 403:
            meaning = (
                "The deployment endpoint refused: the deployer needs Website Contributor on the app, and this "
                "machine's address must be allowed (entraIngressOnly: adminAddressRanges)."
            )
        case 409:
            meaning = "Another deployment of this app is running: wait until it has ended."
        case 400:
            meaning = (
                "Azure could not store the package: has the app's identity its role on the storage account yet, and "
                "may it reach it?"
            )
        case _:
            meaning = "The deployment endpoint did not take the package."
    return f"{meaning}\n    HTTP {answer.status}: {said}"
