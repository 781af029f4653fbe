"""Plays Entra's Test Connection against a deployed app, and looks whether its doors are shut to everybody else."""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

from infra.rollout import web
from infra.rollout.az import az
from infra.rollout.words import Failed, Refused, say

SCIM = "application/scim+json"
_LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
_REDIRECTS = (301, 302, 307, 308)


def token_from(reference: str) -> str:
    """Return what ``env:NAME``, ``file:PATH`` or ``vault:VAULT/SECRET`` names. Raises ``Refused``."""
    kind, _, name = reference.partition(":")
    found = ""
    match kind:
        case "env":
            found = os.environ.get(name, "")
        case "file":
            try:
                found = Path(name).read_text(encoding="utf-8")
            except OSError as problem:
                raise Refused(f"The token's file {name} cannot be read: {problem.strerror}.") from None
        case "vault" if name.count("/") == 1:
            vault, secret = name.split("/")
            command = ("keyvault", "secret", "show", "--vault-name", vault, "--name", secret)
            found = az(*command, "--query", "value", "--output", "tsv")
        case _:
            raise Refused("--token is a reference: env:NAME, file:PATH or vault:VAULT/SECRET. Never the token itself.")
    found = found.strip()
    if not found:
        raise Refused(f"There is no token at {kind}:{name}. It is what Entra holds as its Secret Token.")
    if not found.isascii() or not found.isprintable() or " " in found:
        raise Refused(f"What is at {kind}:{name} is no token: it has spaces, line breaks or other characters.")
    return found


def smoke(origin: str, token: str | None) -> None:
    """Do all checks, say how each went, and raise ``Failed`` when one did not pass."""
    wrong = []
    for name, problem in _checks(origin, token):
        say(f"  {'FAILED' if problem else 'ok    '} {name}" + (f": {problem}" if problem else ""))
        if problem:
            wrong.append(name)
    if wrong:
        raise Failed(f"{len(wrong)} check(s) of the running app failed: {'; '.join(wrong)}")


def _checks(origin: str, token: str | None) -> Iterator[tuple[str, str]]:
    # A user that cannot exist, as Entra asks for.
    search = f"{origin}/scim/v2/Users?filter={quote(f'userName eq "{uuid.uuid4()}"')}"
    if token is None:
        say("  left out: Test Connection, as there is no token yet (--first)")
    else:
        yield "Test Connection: a search with the token finds nobody", _expect(search, 200, token, _empty_list)
    yield "a search without a token is refused by the app", _expect(search, 401, None, _scim_error)
    yield "a search with a wrong token is refused by the app", _expect(search, 401, uuid.uuid4().hex, _scim_error)
    yield "the admin API asks for a key", _expect(f"{origin}/api/connections", 401, None, _anything)
    yield "the console shows nothing without a sign-in", _shut(f"{origin}/console")
    if web.is_local(origin):
        say("  left out: the redirect from http to https, as the app is on this machine")
    else:
        yield "http leads to https", _redirect(origin)


def _expect(url: str, status: int, token: str | None, look: Callable[[web.Answer], str]) -> str:
    """Ask, and return what is wrong with the answer in words; empty when nothing is."""
    headers = {"Accept": SCIM} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        answer = web.ask("GET", url, headers)
    except web.NoAnswer as problem:
        return str(problem)
    if answer.status in _REDIRECTS:
        return (
            f"{answer.status} to another place: sign-in (Easy Auth) stands before the app; its excludedPaths must have "
            "/scim/*, /api/* and /healthz"
        )
    if answer.status != status:
        return f"HTTP {answer.status}, expected {status}"
    return look(answer)


def _empty_list(answer: web.Answer) -> str:
    told = answer.json if isinstance(answer.json, dict) else {}
    if answer.content_type != SCIM:
        return f"the answer is {answer.content_type or 'of no type'}, and Entra wants {SCIM}"
    if _LIST not in told.get("schemas", []) or told.get("totalResults") != 0 or told.get("Resources"):
        return "the answer is no empty ListResponse"
    return ""


def _scim_error(answer: web.Answer) -> str:
    if answer.content_type != SCIM:
        return f"somebody before the app answers ({answer.content_type or 'no type'}): the token does not reach it"
    return ""


def _anything(_: web.Answer) -> str:
    return ""


def _shut(url: str) -> str:
    try:
        answer = web.ask("GET", url)
    except web.NoAnswer as problem:
        return str(problem)
    return f"HTTP {answer.status}" if 200 <= answer.status < 300 or answer.status >= 500 else ""


def _redirect(origin: str) -> str:
    url = f"http://{origin.removeprefix('https://')}/healthz"
    try:
        answer = web.ask("GET", url)
    except web.NoAnswer:
        return ""  # http is not served at all: nothing can be sent in the clear
    if answer.status in _REDIRECTS and answer.headers.get("location", "").startswith("https://"):
        return ""
    return f"http is answered with {answer.status}: set httpsOnly"
