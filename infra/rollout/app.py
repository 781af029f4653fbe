"""The deployed app as Azure knows it: where it is, which functions it has, and how a package gets there."""

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from infra.rollout import web
from infra.rollout.az import az, az_json
from infra.rollout.words import Failed, Refused, say

_API = "2024-04-01"
_UPLOAD_SECONDS = 240
_TRIES, _TRIES_SECONDS = 5, 300
"""How often and how long a package is offered to an endpoint that is itself starting or restarting."""
_STATUS_SECONDS = 600
_DEPLOYMENT = re.compile(r"[\w-]{1,64}")
_DONE = 4
_ENDINGS = {3: "failed", -1: "was cancelled", 5: "was cancelled by another deployment", 6: "succeeded in part only"}
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


def publish(app: App, package: Path, interval: float = 5, stand_by: float = 0) -> None:
    """Hand the package over and wait until Azure has taken it. It is run as it is: nothing is built there.

    ``stand_by`` are the seconds to wait while another deployment runs: the way back must not fail for that.
    Raises ``Refused`` when it was not taken at all and ``Failed`` when taking it did not end well.

    This is what ``az functionapp deployment source config-zip`` does, but for one thing: for a Python app on Flex
    Consumption that command always asks for a remote build, whatever ``--build-remote`` says (azure-cli,
    ``enable_zip_deploy_flex``). A package that was built again there is not the one that was tested, and bringing an
    old one back would depend on PyPI.
    """
    token = az("account", "get-access-token", "--query", "accessToken", "--output", "tsv").strip()
    headers = {"Authorization": f"Bearer {token}"}
    answer, lost = _offer(app, package.read_bytes(), headers, interval)
    until = time.monotonic() + stand_by
    while answer.status == 409 and not lost and time.monotonic() < until:
        say("another deployment of this app is running; waiting for it to end")
        time.sleep(interval)
        answer, lost = _offer(app, package.read_bytes(), headers, interval)
    if answer.status == 409 and lost:
        say("an earlier try was taken after all, though its answer was lost")
    elif answer.status not in (200, 202):
        raise (Failed if lost else Refused)(_why_not_taken(answer))
    if answer.status != 200:
        _wait_until_taken(app, headers, answer.json, interval)
    say("Azure has taken the package")


def _offer(app: App, package: bytes, headers: dict[str, str], interval: float) -> tuple[web.Answer, bool]:
    """Send the package until it is answered; tell also whether an earlier try may have been taken unnoticed."""
    url = f"{app.scm}/api/publish?RemoteBuild=false&Deployer=lockstep"
    lost = False
    until = time.monotonic() + _TRIES_SECONDS
    for attempt in range(1, _TRIES + 1):
        last = attempt == _TRIES or time.monotonic() > until
        try:
            answer = web.ask("POST", url, {**headers, "Content-Type": "application/zip"}, package, _UPLOAD_SECONDS)
        except web.NoAnswer as problem:
            lost = lost or not isinstance(problem, web.Unreachable)
            if last:
                raise (Failed if lost else Refused)(f"The deployment endpoint does not answer: {problem}.") from None
        else:
            if last or answer.status not in (404, 502, 503, 504):
                return answer, lost
            lost = lost or answer.status != 404  # a gateway answers; what stands behind it may have the package
        time.sleep(interval * attempt)
    raise AssertionError  # pragma: no cover - the loop always ends above


def _wait_until_taken(app: App, headers: dict[str, str], told_id: object, interval: float) -> None:
    """Wait for the end of a deployment. Raises ``Failed``; that its state cannot be read is no failure yet."""
    deployment = told_id if isinstance(told_id, str) and _DEPLOYMENT.fullmatch(told_id) else "latest"
    deadline = time.monotonic() + _STATUS_SECONDS
    state: object = None
    while time.monotonic() < deadline:
        time.sleep(interval)
        try:
            told = web.ask("GET", f"{app.scm}/api/deployments/{deployment}", headers).json
        except web.NoAnswer:  # the endpoint restarts with the app
            continue
        state = told.get("status", state) if isinstance(told, dict) else state
        if state == _DONE:
            return
        if state in _ENDINGS:
            detail = told.get("status_text") or told.get("message") or "no reason given"
            raise Failed(f"Taking the package {_ENDINGS[state]}: {detail}")
    if state is not None:
        raise Failed(f"Azure did not finish taking the package within {_STATUS_SECONDS} s.")
    say(f"Azure does not say how it goes with the package (within {_STATUS_SECONDS} s); the app itself will tell")


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
