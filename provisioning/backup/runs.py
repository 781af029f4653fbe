"""What a backup is made of: its name, its parts, and the manifest that says it is whole. Pure.

A run is a folder of the container ``backups``::

    20261123T024700Z/directory/00000.jsonl.gz    one row a line, in the JSON of the Table service
    20261123T024700Z/manifest.json               written last: without it the run is not a backup
"""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Self

CONTAINER = "backups"
ORDER = ("connections", "sources", "schemas", "links", "directory")
"""The hub's tables, saved and restored in this order: links before the directory, so that these are at worst behind."""
MANIFEST = "manifest.json"
FORMAT = 1

_NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_TABLE = re.compile(r"[A-Za-z][A-Za-z0-9]{2,62}")
_TOKEN = re.compile(r"(&Next(PartitionKey|RowKey)=[A-Za-z0-9%!_.~*'()-]*){0,2}")


class MalformedBackup(ValueError):
    """What was read is not a backup of this version, or is damaged. The text says what and which."""


def run_name(moment: datetime) -> str:
    """Return the name of the run that begins at a moment; names sort by time."""
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def begun(run: str) -> datetime:
    """Return when a run began. Raises ``MalformedBackup`` for what is not a run's name."""
    if not _NAME.fullmatch(run):
        raise MalformedBackup(f"'{run[:40]}' is not the name of a backup; a name looks like 20261123T024700Z.")
    return datetime.strptime(run, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a run goes on: the part of a table to write next, and the store's own token for where that begins."""

    run: str
    table: str
    part: int = 0
    token: str = ""

    @property
    def blob(self) -> str:
        """The name of the part that is written here."""
        return f"{self.run}/{self.table}/{self.part:05d}.jsonl.gz"

    def __str__(self) -> str:
        # Without a blank at the end: it stands in a header, too.
        return f"{self.run} {self.table} {self.part} {self.token}".rstrip()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what ``str`` wrote. Raises ``MalformedBackup``: it comes out of a message."""
        run, _, rest = text.partition(" ")
        table, _, rest = rest.partition(" ")
        part, _, token = rest.partition(" ")
        begun(run)
        if not (_TABLE.fullmatch(table) and part.isdecimal() and _TOKEN.fullmatch(token)):
            raise MalformedBackup("The message does not say where the backup goes on.")
        return cls(run, table, int(part), token)


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a run: how many rows it has, and the SHA-256 of its bytes."""

    name: str
    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a whole run consists of, and the version of the hub that wrote it."""

    run: str
    version: str
    tables: tuple[str, ...]
    parts: tuple[Part, ...]

    def of(self, table: str) -> tuple[Part, ...]:
        """Return the parts of a table, in order. Raises ``MalformedBackup`` for a table that the run does not have."""
        if table not in self.tables:
            raise MalformedBackup(
                f"The backup {self.run} has no table '{table[:60]}'; it has {', '.join(self.tables)}."
            )
        return tuple(part for part in self.parts if part.name.split("/")[1] == table)

    def rows(self, table: str) -> int:
        """Return how many rows the run has of a table."""
        return sum(part.rows for part in self.of(table))

    def text(self) -> bytes:
        """Return the manifest as it is stored."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1).encode()

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read a stored manifest. Raises ``MalformedBackup``."""
        try:
            found = json.loads(content)
            version = found.pop("format")
            parts = tuple(Part(str(each["name"]), int(each["rows"]), str(each["sha256"])) for each in found["parts"])
            read = cls(str(found["run"]), str(found["version"]), tuple(map(str, found["tables"])), parts)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise MalformedBackup(f"The manifest cannot be read ({type(error).__name__}).") from error
        if version != FORMAT:
            raise MalformedBackup(
                f"The backup {read.run[:40]!r} has format {version!r:.40}; this version reads {FORMAT}."
            )
        if not read._sound:
            raise MalformedBackup("The manifest names what no backup has: somebody has changed it.")
        return read

    @property
    def _sound(self) -> bool:
        """Whether what it names has the form that a backup gives it: parts of this run and of its tables only."""
        part = re.compile(rf"{re.escape(self.run)}/({'|'.join(map(re.escape, self.tables))})/[0-9]{{5,}}\.jsonl\.gz")
        return (
            _NAME.fullmatch(self.run) is not None
            and self.version.isprintable()
            and all(_TABLE.fullmatch(table) for table in self.tables)
            and all(part.fullmatch(each.name) for each in self.parts)
        )


def whole(names: Iterable[str]) -> list[str]:
    """Return the runs that have a manifest, newest first, of the names of all blobs."""
    runs = {run for name in names for run, _, rest in [name.partition("/")] if rest == MANIFEST}
    return sorted((run for run in runs if _NAME.fullmatch(run)), reverse=True)
