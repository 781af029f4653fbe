"""The entities of all tables in one SQLite table, ordered by its primary key; every change a transaction. No protocol.

An entity's properties are kept as the text that answers carry, without braces: a read copies, and parses nothing.
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import quote

from sandbox.storage.errors import Refused, bad, entity_missing, table_missing
from sandbox.storage.odata import Filter

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tables (id INTEGER PRIMARY KEY, name TEXT UNIQUE COLLATE NOCASE);
CREATE TABLE IF NOT EXISTS entities (
    owner INTEGER, partition TEXT, row TEXT, stamp INTEGER, body TEXT, PRIMARY KEY (owner, partition, row)
) WITHOUT ROWID;
"""
_TICKS = 10_000_000
"""Timestamps count in 100 ns."""
_PLAIN = {"Edm.String", "Edm.Boolean", "Edm.Int32", "Edm.Double"}
"""Types that an answer does not name: JSON tells them."""
_SQL = {"eq": "=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_COLUMNS = {"PartitionKey": "partition", "RowKey": "row"}


@dataclass(frozen=True, slots=True)
class Row:
    """One stored entity. ``body`` is JSON without its braces and without keys and Timestamp."""

    partition: str
    row: str
    stamp: int
    body: str

    @property
    def etag(self) -> str:
        """The ETag, which is made of the time of the last change."""
        return f"W/\"datetime'{quote(timestamp(self.stamp), safe='')}'\""

    def properties(self) -> dict[str, Any]:
        """Return all properties, keys and Timestamp among them."""
        keys = {"PartitionKey": self.partition, "RowKey": self.row}
        return {**keys, **json.loads(f"{{{self.body}}}"), "Timestamp": timestamp(self.stamp)}


@dataclass(frozen=True, slots=True)
class Change:
    """One operation. ``condition`` is an ETag, ``*`` for any, or ``None`` where there is none."""

    verb: Literal["insert", "replace", "merge", "delete"]
    partition: str
    row: str
    properties: Mapping[str, Any]
    condition: str | None = None


class Tables:
    """All tables of the account."""

    def __init__(self, file: Path | None = None) -> None:
        self._base = sqlite3.connect(file or ":memory:", isolation_level=None)
        # Nothing here must survive a crash of the machine.
        self._base.execute("PRAGMA synchronous = OFF")
        self._base.execute("PRAGMA journal_mode = MEMORY")
        self._base.executescript(_SCHEMA)
        self._last = 0
        self._ids: dict[str, int] = {}

    @classmethod
    def loaded(cls, file: Path) -> Self:
        """Return tables in memory that begin with what a file holds."""
        tables, source = cls(), sqlite3.connect(file)
        source.backup(tables._base)
        source.close()
        return tables

    def close(self) -> None:
        """Close the file, or forget what was in memory."""
        self._base.close()

    def create(self, name: str) -> None:
        """Make a table. Raises ``Refused`` where it exists."""
        try:
            self._base.execute("INSERT INTO tables (name) VALUES (?)", (name,))
        except sqlite3.IntegrityError:
            raise Refused(409, "TableAlreadyExists", "The table specified already exists.") from None

    def drop(self, name: str) -> None:
        """Delete a table with all that is in it."""
        found = self._id(name)
        self._base.execute("DELETE FROM entities WHERE owner = ?", (found,))
        self._base.execute("DELETE FROM tables WHERE id = ?", (found,))
        self._ids.pop(name)

    def names(self) -> list[str]:
        """Return the names of all tables in order."""
        return [name for (name,) in self._base.execute("SELECT name FROM tables ORDER BY name")]

    def _id(self, name: str) -> int:
        if name not in self._ids:
            found = self._base.execute("SELECT id FROM tables WHERE name = ?", (name,)).fetchone()
            if found is None:
                raise table_missing()
            self._ids[name] = found[0]
        return self._ids[name]

    def get(self, table: str, partition: str, row: str) -> Row:
        """Return an entity. Raises ``Refused`` where it does not exist."""
        found = self._find(self._id(table), partition, row)
        if found is None:
            raise entity_missing()
        return found

    def _find(self, owner: int, partition: str, row: str) -> Row | None:
        found = self._base.execute(
            "SELECT partition, row, stamp, body FROM entities WHERE owner = ? AND partition = ? AND row = ?",
            (owner, partition, row),
        ).fetchone()
        return Row(*found) if found else None

    def query(self, table: str, asked: Filter, start: tuple[str, str] | None) -> Iterator[Row]:
        """Yield what a filter lets through in the order of keys, from the keys ``start`` on."""
        where, values = ["owner = ?"], [self._id(table), *(value for _, _, value in asked.keys)]
        where += [f"{_COLUMNS[key]} {_SQL[name]} ?" for key, name, _ in asked.keys]
        if start is not None:
            where.append("(partition, row) >= (?, ?)")
            values += start
        statement = (
            f"SELECT partition, row, stamp, body FROM entities WHERE {' AND '.join(where)} ORDER BY partition, row"  # noqa: S608 - made of constants
        )
        for found in self._base.execute(statement, values):
            row = Row(*found)
            if asked.test is None or asked.test(row.properties()):
                yield row

    def change(self, table: str, changes: Iterable[Change]) -> list[Row | None]:
        """Do all changes or none; return the entities as they are then. Raises ``Refused`` with the index."""
        owner, done = self._id(table), list[Row | None]()
        self._base.execute("BEGIN")
        try:
            for change in changes:
                done.append(self._apply(owner, change))
        except BaseException as error:
            self._base.execute("ROLLBACK")
            if isinstance(error, Refused):
                error.index = len(done)
            raise
        self._base.execute("COMMIT")
        return done

    def load(self, table: str, changes: Iterable[Change]) -> None:
        """Put in entities that are new, as many as there are, in one transaction; quicker than ``change``."""
        owner = self._id(table)
        self._base.execute("BEGIN")
        self._base.executemany(
            "INSERT OR REPLACE INTO entities VALUES (?, ?, ?, ?, ?)",
            ((owner, each.partition, each.row, self._now(), body(each.properties)) for each in changes),
        )
        self._base.execute("COMMIT")

    def _apply(self, owner: int, change: Change) -> Row | None:
        keys = (owner, change.partition, change.row)
        found = self._find(*keys)
        if change.verb == "insert" and found is not None:
            raise Refused(409, "EntityAlreadyExists", "The specified entity already exists.")
        if change.condition is not None:
            if found is None:
                raise entity_missing()
            if change.condition not in ("*", found.etag):
                message = "The update condition specified in the request was not satisfied."
                raise Refused(412, "UpdateConditionNotSatisfied", message)
        if change.verb == "delete":
            if change.condition is None:
                raise bad("A delete needs If-Match.", "MissingRequiredHeader")
            self._base.execute("DELETE FROM entities WHERE owner = ? AND partition = ? AND row = ?", keys)
            return None
        written = body(change.properties)
        if change.verb == "merge" and found is not None:
            # A property that is written without a type loses the one it had.
            kept = json.loads(f"{{{found.body}}}")
            fresh = json.loads(f"{{{written}}}")
            written = body(
                {**{name: value for name, value in kept.items() if name.partition("@")[0] not in fresh}, **fresh}
            )
        row = Row(change.partition, change.row, self._now(), written)
        self._base.execute("INSERT OR REPLACE INTO entities VALUES (?, ?, ?, ?, ?)", (*keys, row.stamp, written))
        return row

    def _now(self) -> int:
        self._last = max(self._last + 1, time.time_ns() // 100)
        return self._last


def body(properties: Mapping[str, Any]) -> str:
    """Return properties as an answer carries them: no keys, no types that JSON tells, no nulls."""
    kept = {
        name: value
        for name, value in properties.items()
        if value is not None
        and name not in ("PartitionKey", "RowKey", "Timestamp")
        and not name.startswith("odata.")
        and not (name.endswith("@odata.type") and (value in _PLAIN or name.partition("@")[0] in _COLUMNS))
    }
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))[1:-1]


def timestamp(stamp: int) -> str:
    """Return a count of 100 ns since 1970 as the service writes times."""
    seconds, ticks = divmod(stamp, _TICKS)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{ticks:07}Z"
