"""Sources: the SCIM clients that may write, and the tokens by which they are known.

Table ``sources``, one partition, because there are few: ``s:{id}`` is a source, ``t:{sha-256}`` one of its tokens. A
token is 256 random bits, so its plain SHA-256 is enough: there is nothing to guess, and nothing stored that could call.
"""

import hashlib
import hmac
import re
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from provisioning.directory import entities
from provisioning.directory.entities import Entity, after, etag_of
from provisioning.directory.store import Storage
from provisioning.sources.caller import Caller

TABLE = "sources"
PARTITION = "sources"
TOKEN_PREFIX = "ls_"  # noqa: S105 - how a token begins, so that a scanner of leaked secrets can know it
MOST_SOURCES = 100
MOST_TOKENS = 10
CACHE_SECONDS = 30.0
"""How long a revoked token may still be taken by an instance that has just seen it."""
_CACHED = 1000
_LONGEST_HEADER = 4096

_ID = re.compile(r"[a-z0-9-]{1,40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class SourceError(Exception):
    """What was asked of the sources cannot be done; the text says why."""


class SourceMissing(SourceError):
    """No source, or no token of it, has that id."""


class SourceExists(SourceError):
    """The id of a source, or a token, is taken."""


class SourceRefused(SourceError):
    """An id, a name or a hash is not acceptable, or there are too many."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a source, without its text. ``id`` is the beginning of its SHA-256."""

    id: str
    label: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Source:
    """One SCIM client: an Entra enterprise app, with its own credentials."""

    id: str
    name: str
    enabled: bool
    created: datetime
    tokens: tuple[Token, ...] = field(default=())


class Sources:
    """Reads and writes sources, and tells who a bearer token belongs to."""

    def __init__(self, storage: Storage, cache_seconds: float = CACHE_SECONDS) -> None:
        self._table = storage.table(TABLE)
        self._cache_seconds = cache_seconds
        self._seen: OrderedDict[str, tuple[float, Caller | None]] = OrderedDict()

    async def list(self) -> list[Source]:
        """Return every source with its tokens, by id; two round trips."""
        rows = await self._table.query(PARTITION, "s:", after("s:"))
        tokens = await self._tokens()
        return [_source(row, tokens) for row in rows]

    async def get(self, source_id: str) -> Source:
        """Return a source with its tokens. Raises ``SourceMissing``."""
        return _source(await self._row(source_id), await self._tokens())

    async def create(self, source_id: str, name: str) -> Source:
        """Store a new source, enabled and without tokens. Raises ``SourceExists`` and ``SourceRefused``."""
        if not _ID.fullmatch(source_id):
            raise SourceRefused("An id has 1 to 40 characters of a-z, 0-9 and '-'.")
        if not name.strip() or len(name) > 100 or not name.isprintable():
            raise SourceRefused("A name has 1 to 100 printable characters.")
        if len(await self.list()) >= MOST_SOURCES:
            raise SourceRefused(f"There are {MOST_SOURCES} sources; no more are taken.")
        source = Source(source_id, name.strip(), enabled=True, created=datetime.now(UTC))
        try:
            await self._table.transact([entities.insert(_entity(source))])
        except entities.Exists as exists:
            raise SourceExists(f"There is a source with the id '{source_id}'.") from exists
        return source

    async def enable(self, source_id: str, *, enabled: bool = True) -> Source:
        """Let a source in, or keep it out whatever its token. Raises ``SourceMissing``."""
        row = await self._row(source_id)
        changed = replace(_source(row, {}), enabled=enabled)
        try:
            await self._table.transact([entities.replace(_entity(changed), etag_of(row))])
        except (entities.Changed, entities.Missing) as error:
            raise SourceMissing(f"The source '{source_id}' was changed by somebody else. Try again.") from error
        self.forget()
        return await self.get(source_id)

    async def issue(self, source_id: str, label: str = "") -> tuple[Token, str]:
        """Make a token; its text is returned here and never again. Raises ``SourceMissing`` and ``SourceRefused``."""
        text = TOKEN_PREFIX + secrets.token_urlsafe(32)
        return await self.register(source_id, hashlib.sha256(text.encode()).hexdigest(), label), text

    async def register(self, source_id: str, sha256: str, label: str = "") -> Token:
        """Let in a token that was made elsewhere, known here by its SHA-256 (hex) only.

        Raises ``SourceMissing``, ``SourceRefused``, and ``SourceExists`` for a token that is another source's.
        """
        if not _SHA256.fullmatch(sha256):
            raise SourceRefused("A SHA-256 is 64 characters of 0-9 and a-f.")
        if len(label) > 100 or not (label.isprintable() or not label):
            raise SourceRefused("A label has at most 100 printable characters.")
        source = await self.get(source_id)
        known = next((token for token in source.tokens if token.id == _token_id(sha256)), None)
        if known is not None:
            return known
        if len(source.tokens) >= MOST_TOKENS:
            raise SourceRefused(f"The source has {MOST_TOKENS} tokens; revoke one that is not used any more.")
        token = Token(_token_id(sha256), label, datetime.now(UTC))
        row: Entity = {
            "PartitionKey": PARTITION,
            "RowKey": f"t:{sha256}",
            "source": source_id,
            "label": label,
            "created": token.created,
        }
        try:
            await self._table.transact([entities.insert(row)])
        except entities.Exists as exists:
            raise SourceExists("This token belongs to another source.") from exists
        self.forget()
        return token

    async def revoke(self, source_id: str, token_id: str) -> None:
        """Keep a token out: here at once, in other instances within 30 seconds. Raises ``SourceMissing``."""
        if not re.fullmatch(r"[0-9a-f]{16}", token_id):
            raise SourceMissing(f"The source '{source_id}' has no such token.")
        prefix = f"t:{token_id}"
        rows = await self._table.query(PARTITION, prefix, after(prefix))
        mine = [row for row in rows if row["source"] == source_id]
        if not mine:
            raise SourceMissing(f"The source '{source_id}' has no token '{token_id}'.")
        await self._table.transact([entities.delete(PARTITION, row["RowKey"]) for row in mine])
        self.forget()

    async def authenticate(self, authorization: str | None) -> Caller | None:
        """Return the caller whose bearer token an Authorization header carries; ``None`` for anything else.

        An unknown, a revoked and a disabled source's token take the same way, so that none can be told by its time.
        """
        scheme, _, text = (authorization or "").strip().partition(" ")
        text = text.strip()
        if scheme.lower() != "bearer" or not text or len(text) > _LONGEST_HEADER:
            return None
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        found = self._seen.get(sha256)
        if found is None or time.monotonic() - found[0] > self._cache_seconds:
            found = self._seen[sha256] = (time.monotonic(), await self._owner(sha256))
            self._seen.move_to_end(sha256)
            while len(self._seen) > _CACHED:
                self._seen.popitem(last=False)
        return found[1]

    def forget(self) -> None:
        """Drop what is cached, so that the next request reads."""
        self._seen.clear()

    async def _owner(self, sha256: str) -> Caller | None:
        row = await self._table.get(PARTITION, f"t:{sha256}")
        stored = row["RowKey"].removeprefix("t:") if row else "-" * 64
        known = await self._table.get(PARTITION, f"s:{row['source'] if row else '-'}")
        if not hmac.compare_digest(stored, sha256) or known is None or not known["enabled"]:
            return None
        return Caller(row["source"]) if row else None

    async def _row(self, source_id: str) -> Entity:
        row = await self._table.get(PARTITION, f"s:{source_id}") if _ID.fullmatch(source_id) else None
        if row is None:
            raise SourceMissing(f"There is no source with the id '{source_id}'.")
        return row

    async def _tokens(self) -> dict[str, tuple[Token, ...]]:
        found: dict[str, tuple[Token, ...]] = {}
        for row in await self._table.query(PARTITION, "t:", after("t:"), limit=MOST_SOURCES * MOST_TOKENS):
            token = Token(_token_id(row["RowKey"].removeprefix("t:")), row["label"], row["created"])
            found[row["source"]] = (*found.get(row["source"], ()), token)
        return found


def _token_id(sha256: str) -> str:
    return sha256[:16]


def _entity(source: Source) -> Entity:
    return {
        "PartitionKey": PARTITION,
        "RowKey": f"s:{source.id}",
        "name": source.name,
        "enabled": source.enabled,
        "created": source.created,
    }


def _source(row: Entity, tokens: dict[str, tuple[Token, ...]]) -> Source:
    source_id = row["RowKey"].removeprefix("s:")
    found = sorted(tokens.get(source_id, ()), key=lambda token: token.created)
    return Source(source_id, row["name"], row["enabled"], row["created"], tuple(found))
