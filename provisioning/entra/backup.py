"""Backups of a synchronization schema: a file with the schema byte for byte, and where it was taken from.

The schema stands in it as a text, so that not a byte is lost; its SHA-256 says that nobody has changed it since.
"""

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from provisioning.entra.errors import Unusable

FORMAT = "lockstep synchronization schema 1"
LARGEST = 40 * 1024 * 1024
"""Bytes: a schema of the size that Graph's answer may have, with its quotation marks escaped."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A schema as it was. ``taken`` is a time in UTC, ``tenant`` an id, or empty where the job's id does not say."""

    service_principal: str
    job: str
    template: str
    tenant: str
    graph: str
    taken: str
    schema: bytes


def tenant_of(job: str) -> str:
    """Return the tenant that a job's id names (``scim.{tenant}.{guid}``), or the empty text."""
    found = re.fullmatch(r"[^.]+\.([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\..+", job)
    return "-".join(found.groups()) if found else ""


def file_name(job: str, taken: datetime) -> str:
    """Return the name of a new backup."""
    return f"{re.sub(r'[^\w.-]', '_', job)}-{taken:%Y%m%dT%H%M%S.%fZ}.json"


def write(backup: Backup, path: Path) -> None:
    """Write a backup that only its owner can read. Raises ``Unusable``; never writes over a file."""
    members = asdict(backup) | {"schema": backup.schema.decode("utf-8")}
    content = {"format": FORMAT, "sha256": hashlib.sha256(backup.schema).hexdigest(), **members}
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(content, stream, ensure_ascii=False, indent=1)
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())
    except FileExistsError:
        raise Unusable(f"{path} exists already: name another file for the backup.") from None
    except OSError as error:
        raise Unusable(f"The backup {path} cannot be written: {error.strerror}. Nothing was changed.") from None


def load(path: Path) -> Backup:
    """Read a backup. Raises ``Unusable`` for one that is none, or that was changed."""
    try:
        if path.stat().st_size > LARGEST:
            raise Unusable(f"{path} is larger than {LARGEST} bytes.")
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        content = None
    names = ("service_principal", "job", "template", "tenant", "graph", "taken", "schema", "sha256")
    if (
        not isinstance(content, dict)
        or content.get("format") != FORMAT
        or not all(isinstance(content.get(name), str) for name in names)
    ):
        raise Unusable(f"{path} is no backup of this command.")
    schema = content["schema"].encode("utf-8")
    if hashlib.sha256(schema).hexdigest() != content["sha256"]:
        raise Unusable(f"{path} was changed since it was written: its SHA-256 is another.")
    return Backup(**{name: content[name] for name in names[:6]}, schema=schema)
