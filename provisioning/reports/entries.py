"""Report entries: what one outcome leaves behind, and the rows it is stored in.

An entry is written in the transaction that settles its link (table ``links``, the connection's partition): a link and
its report cannot disagree. One row for the search by time, one for each person or group it is about:

    e:t:{newest first}:{unique}                 by time
    e:p:{resource}:{newest first}:{unique}      by person or group
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from provisioning.directory.keys import encode
from provisioning.storage.entities import Entity, Operation, descending, insert

MOST_CHARS = 1000
"""A value in a report is cut at this length; the report tells what happened, the directory holds the data."""
MOST_CHANGES = 60


class Action(StrEnum):
    """What was done, or would have been."""

    CREATE = "create"
    LINK = "link"
    UPDATE = "update"
    ACTIVATE = "activate"
    DEACTIVATE = "deactivate"
    DELETE = "delete"
    RESTORE = "restore"
    ADD_MEMBER = "add member"
    REMOVE_MEMBER = "remove member"
    SKIP = "skip"
    CONNECTION = "connection"


class Status(StrEnum):
    """How it went."""

    SUCCESS = "success"
    FAILURE = "failure"
    SKIPPED = "skipped"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Entry:
    """One outcome, for the person who asks later.

    ``changes`` maps a target attribute to its old and new value as text; secrets and passwords are never among them.
    ``member_id`` and ``member_name`` are set for memberships, whose ``resource_id`` is the group's. ``reason`` says
    what happened in words, ``code`` stably; ``recommended_action`` what to do. ``duration`` is in milliseconds.
    """

    when: datetime
    connection: str
    action: Action
    status: Status
    kind: str = ""
    resource_id: str = ""
    name: str = ""
    remote_id: str = ""
    remote_name: str = ""
    member_id: str = ""
    member_name: str = ""
    member_remote_id: str = ""
    changes: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)
    code: str = ""
    reason: str = ""
    recommended_action: str = ""
    duration: int = 0
    attempt: int = 1
    correlation: str = ""
    id: str = ""

    def rows(self) -> list[Operation]:
        """Return the operations that store the entry; they belong into the transaction of the link."""
        unique = self.id or secrets.token_hex(4)
        stamp = f"{descending(self.when)}:{unique}"
        body = self._body(unique)
        keys = [f"e:t:{stamp}"]
        keys += [
            f"e:p:{encode(person)}:{stamp}" for person in dict.fromkeys((self.resource_id, self.member_id)) if person
        ]
        return [insert({"PartitionKey": self.connection, "RowKey": key, **body}) for key in keys]

    def _body(self, unique: str) -> Entity:
        fields = {name: value for name, value in asdict(replace(self, id=unique)).items() if value not in ("", {})}
        del fields["connection"]
        shown = dict(list(self.changes.items())[:MOST_CHANGES])
        if shown:
            fields["changes"] = json.dumps(
                {name: [_cut(old), _cut(new)] for name, (old, new) in shown.items()}, ensure_ascii=False
            )[:30_000]
        return {name: value[: MOST_CHARS * 30] if isinstance(value, str) else value for name, value in fields.items()}

    @classmethod
    def of(cls, entity: Entity) -> Self:
        """Read a stored entry."""
        fields: dict[str, Any] = {
            name: value for name, value in entity.items() if name not in {"PartitionKey", "RowKey", "changes"}
        }
        fields["action"], fields["status"] = Action(fields["action"]), Status(fields["status"])
        changes = {name: (old, new) for name, (old, new) in json.loads(entity.get("changes", "{}")).items()}
        return cls(connection=entity["PartitionKey"], changes=changes, **fields)


def _cut(value: str | None) -> str | None:
    return value if value is None or len(value) <= MOST_CHARS else value[:MOST_CHARS] + "…"
