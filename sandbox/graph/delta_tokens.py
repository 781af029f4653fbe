"""The state tokens of delta queries: what they hold, their form in a URL, their age, and the order to start again."""

import base64
import binascii
import json
from dataclasses import asdict, dataclass
from typing import Any

from sandbox.graph.errors import GraphError, bad_request
from sandbox.graph.state import Tenant


@dataclass(frozen=True, slots=True)
class DeltaToken:
    """Where a round of a delta query stands, and what the first request asked for.

    The round tells of the changes behind number ``since`` (``None``: of everything that is there) up to ``until``
    (``None``: the round is still to begin). ``position`` is where its next page starts. ``select`` and ``ids`` are
    frozen from the first request on. ``issued`` is a moment in seconds; ``repeat`` are ids that the next page shows
    once more; ``paused`` says that an empty page has just been given.
    """

    collection: str
    select: tuple[str, ...] | None
    ids: tuple[str, ...] | None
    generation: str
    issued: float
    since: int | None = None
    until: int | None = None
    position: tuple[int, int] = (0, 0)
    repeat: tuple[str, ...] = ()
    paused: bool = False

    def text(self) -> str:
        """Return the token as clients see it: opaque."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self), separators=(",", ":")).encode()).decode()


def generation(tenant: Tenant) -> str:
    """Return what tokens must have been issued under to be of use."""
    return f"{tenant.changes.generation}.{tenant.knobs.delta_resets}"


def read_token(tenant: Tenant, text: str, collection: str, base: str) -> DeltaToken:
    """Read a token. Raises 400 when it is malformed or too old, and 410 when the tenant wants a new start."""
    token = _parsed(text)
    if token.collection != collection:
        raise _malformed()
    if tenant.clock.now().timestamp() - token.issued > tenant.knobs.delta_token_lifetime:
        raise bad_request(
            "The sync state generation is not found. The delta token is expired and data must be synchronized again.",
            code="syncStateNotFound",
        )
    if token.generation != generation(tenant):
        again = f"$select={','.join(token.select)}&" if token.select else ""
        raise GraphError(
            410,
            "resyncRequired",
            "Resync required. Start again with the URL in the Location header.",
            headers={"Location": f"{base}/{collection}/delta?{again}$deltatoken="},
        )
    return token


def _parsed(text: str) -> DeltaToken:
    try:
        fields: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text))
        for name in ("select", "ids"):
            fields[name] = None if fields[name] is None else tuple(fields[name])
        first, second = fields["position"]
        return DeltaToken(**fields | {"position": (int(first), int(second)), "repeat": tuple(fields["repeat"])})
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise _malformed() from error


def _malformed() -> GraphError:
    return bad_request("Badly formed token.")
