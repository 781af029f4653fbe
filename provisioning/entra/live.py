"""A job's schema as it stands in Entra: reading it, and putting another in its place without losing anybody's change.

Graph has no condition on this write. So it is not repeated blindly: what may have happened is looked up first.
"""

import json
import time
from dataclasses import dataclass
from typing import Any

from provisioning.entra.errors import EntraError, GraphRefused, NotInStep
from provisioning.entra.graph import LONGEST_WAIT, Graph, Job, read_object
from provisioning.entra.mappings import Managed
from provisioning.entra.plan import compare
from provisioning.entra.schema import fingerprint, read, without_annotations

PAUSES = (1, 2, 4)
"""Seconds between two attempts, where Graph does not say how many."""


@dataclass(frozen=True, slots=True)
class Live:
    """A job's schema as it stands in Entra, byte for byte and read."""

    job: Job
    content: bytes
    schema: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """What tells it from any other state."""
        return fingerprint(self.schema)


def fetch(graph: Graph, job: Job) -> Live:
    """Read a job's schema."""
    content = graph.schema_text(job.id)
    return Live(job, content, read_object(content, "The synchronization schema"))


def put(graph: Graph, live: Live, new: dict[str, Any], wanted: Managed | None) -> Live:
    """Put ``new`` in the place of ``live``, and return what stands in Entra then.

    After a write without an answer, or one that Graph is too busy for, the schema is read before the write is repeated.
    ``wanted`` says which definitions are of interest. Raises ``GraphRefused`` where nothing was written, ``NotInStep``
    where that is not known or where somebody else was quicker.
    """
    try:
        for pause in PAUSES:
            try:
                graph.put_schema(live.job.id, new)
            except GraphRefused as error:
                if error.refused or error.retry_after > LONGEST_WAIT:
                    raise
                time.sleep(error.retry_after or pause)
            else:
                return _read_back(graph, live.job)
            now = _read_back(graph, live.job)
            if _arrived(live, now, new, wanted):
                return now
            if now.fingerprint != live.fingerprint:
                raise NotInStep(
                    "Somebody has changed the schema in Entra during the write. Look at it, and plan again."
                )
        graph.put_schema(live.job.id, new)
        return _read_back(graph, live.job)
    except GraphRefused as error:
        if error.refused or error.status == TOO_MANY:
            raise
        raise NotInStep(f"{error} {_UNKNOWN}") from None
    except KeyboardInterrupt:
        raise NotInStep(f"Stopped. {_UNKNOWN}") from None


def _read_back(graph: Graph, job: Job) -> Live:
    try:
        return fetch(graph, job)
    except EntraError as error:
        raise NotInStep(f"The schema was sent, and cannot be read back. {error} {_UNKNOWN}") from None


TOO_MANY = 429
_UNKNOWN = "Whether the schema was written is not known: plan again."


def _arrived(before: Live, now: Live, new: dict[str, Any], wanted: Managed | None) -> bool:
    if plain(now.schema) == plain(new):
        return True
    # Entra may write parts in a form of its own: then what is managed tells.
    goal = read(new, wanted)
    had_changes = bool(compare(read(before.schema, wanted), goal).changes)
    return had_changes and not compare(read(now.schema, wanted), goal).changes


def plain(schema: dict[str, Any]) -> str:
    """Return all of a schema but what Entra counts up itself, for comparing."""
    found = {name: value for name, value in without_annotations(schema).items() if name != "version"}
    for each in found.get("directories") or []:
        if not isinstance(each, dict):
            raise GraphRefused("The synchronization schema has directories of an unknown form.")
    directories = [
        {name: value for name, value in each.items() if name not in ("version", "discoveryDateTime")}
        for each in found.get("directories") or []
    ]
    return json.dumps(found | {"directories": directories}, sort_keys=True, ensure_ascii=False)
