"""Sources: the SCIM clients that may write. Administrators make and change them here, and requests are told apart.

Storage costs one or two round trips for each call of an administrator's; requests read what is cached (``roster``).
"""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from provisioning.sources import rules
from provisioning.sources.access_tokens import AccessTokens
from provisioning.sources.authority import PUBLIC_CLOUD, Authority
from provisioning.sources.caller import Caller
from provisioning.sources.clients import Clients
from provisioning.sources.credentials import PREFIXES, credential_id, is_credential_id, is_sha256, new_text, sha256
from provisioning.sources.door import Door
from provisioning.sources.errors import SourceError, SourceExists, SourceMissing, SourceRefused
from provisioning.sources.key_sets import read_key_set
from provisioning.sources.rates import Limits
from provisioning.sources.records import CREDENTIAL, PARTITION, SOURCE, TABLE, credential_row, source_of, source_row
from provisioning.sources.roster import MOST_CREDENTIALS, MOST_SOURCES, RosterCache
from provisioning.sources.signing_keys import SigningKeys
from provisioning.sources.source import Credential, CredentialKind, Source, Warned, warnings
from provisioning.sources.tally import RefusedCalls, Tally, now_utc
from provisioning.storage import entities
from provisioning.storage.entities import Changed, Exists, Missing, after, etag_of
from provisioning.storage.store import Storage

_TRIES = 5


class Sources:
    """Reads and writes sources, and tells who a request is from. ``clients`` are those that ask for access tokens."""

    def __init__(
        self,
        storage: Storage,
        authority: Authority = PUBLIC_CLOUD,
        *,
        ca_file: Path | None = None,
        access_token_life: timedelta = timedelta(hours=1),
        now: Callable[[], datetime] = now_utc,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = storage.table(TABLE)
        self._now = now
        limits = Limits(clock)
        keys = SigningKeys(authority, lambda url: read_key_set(url, ca_file), clock)
        self._roster = RosterCache(self._table, clock, limits)
        self._access = AccessTokens(self._table, access_token_life, clock, limits)
        self._tally = Tally(self._table, now)
        self._door = Door(self._roster, self._access, keys, limits, self._tally, now)
        self.clients = Clients(self._roster, self._access, keys, limits, self._tally, now)

    async def authenticate(self, authorization: str | None) -> Caller:
        """Return the caller that an Authorization header names, within its rate.

        Raises ``Refused``, ``RateExceeded`` and ``KeysUnreachable``.
        """
        return await self._door.authenticate(authorization)

    def charge(self, caller: Caller) -> None:
        """Count one more request of a caller, such as an operation of a bulk request. Raises ``RateExceeded``."""
        self._door.charge(caller)

    async def list(self) -> list[Source]:
        """Return every source with its credentials, by id."""
        return sorted((await self._roster.read()).sources.values(), key=lambda source: source.id)

    async def get(self, source_id: str) -> Source:
        """Return a source with its credentials. Raises ``SourceMissing``."""
        found = (await self._roster.read()).sources.get(source_id)
        if found is None:
            raise _missing(source_id)
        return found

    async def create(self, source_id: str, name: str) -> Source:
        """Store a new source: enabled, free to do everything, and without credentials.

        Raises ``SourceExists`` and ``SourceRefused``.
        """
        source = Source(source_id, name.strip(), enabled=True, created=self._now())
        rules.check_source(source)
        if len(await self.list()) >= MOST_SOURCES:
            raise SourceRefused(f"There are {MOST_SOURCES} sources; no more are taken.")
        try:
            await self._table.transact([entities.insert(source_row(source))])
        except Exists as exists:
            raise SourceExists(f"There is a source with the id '{source_id}'.") from exists
        self.forget()
        return source

    async def change(self, source_id: str, alter: Callable[[Source], Source]) -> Source:
        """Change a source: what ``alter`` makes of it is stored, unless somebody else was quicker; then once more.

        Raises ``SourceMissing``, ``SourceRefused`` and ``SourceExists``.
        """
        for _ in range(_TRIES):
            row = await self._table.get(PARTITION, SOURCE + source_id) if rules.is_id(source_id) else None
            if row is None:
                raise _missing(source_id)
            changed = alter(source_of(row))
            rules.check_source(changed)
            if changed.entra or changed.federation:
                rules.check_apart(changed, await self.list())
            try:
                await self._table.transact([entities.replace(source_row(changed), etag_of(row))])
            except (Changed, Missing):
                continue
            self.forget()
            return await self.get(source_id)
        raise SourceError(f"The source '{source_id}' is being changed by others at the same time. Try again.")

    async def enable(self, source_id: str, *, enabled: bool = True) -> Source:
        """Let a source in, or keep it out whatever its credentials. Raises ``SourceMissing``."""
        return await self.change(source_id, lambda source: replace(source, enabled=enabled))

    async def issue(self, source_id: str, label: str = "", expires: datetime | None = None) -> tuple[Credential, str]:
        """Make a token; its text is returned here and never again. Raises ``SourceMissing`` and ``SourceRefused``."""
        text = new_text(PREFIXES[CredentialKind.TOKEN])
        return await self._add(source_id, CredentialKind.TOKEN, sha256(text), label, expires), text

    async def issue_secret(
        self, source_id: str, label: str = "", expires: datetime | None = None
    ) -> tuple[Credential, str]:
        """Make a client secret, good for a year unless said otherwise; else as ``issue``."""
        text = new_text(PREFIXES[CredentialKind.SECRET])
        end = expires or self._now() + rules.SECRET_LIFE
        return await self._add(source_id, CredentialKind.SECRET, sha256(text), label, end), text

    async def register(
        self, source_id: str, digest: str, label: str = "", expires: datetime | None = None
    ) -> Credential:
        """Let in a token that was made elsewhere, known here by its SHA-256 (hex) only. Repeating it is harmless.

        Raises ``SourceMissing``, ``SourceRefused``, and ``SourceExists`` for a token that is another source's.
        """
        if not is_sha256(digest):
            raise SourceRefused("A SHA-256 is 64 characters of 0-9 and a-f.")
        return await self._add(source_id, CredentialKind.TOKEN, digest, label, expires)

    async def revoke(self, source_id: str, token_id: str, kind: CredentialKind = CredentialKind.TOKEN) -> None:
        """Keep a credential out, and the access tokens got by it: here at once, elsewhere within 30 seconds.

        Raises ``SourceMissing``.
        """
        if not is_credential_id(token_id):
            raise SourceMissing(f"The source '{source_id}' has no such {kind}.")
        prefix = CREDENTIAL + token_id
        rows = await self._table.query(PARTITION, prefix, after(prefix))
        mine = [row for row in rows if row["source"] == source_id and row.get("kind", CredentialKind.TOKEN) == kind]
        if not mine:
            raise SourceMissing(f"The source '{source_id}' has no {kind} '{token_id}'.")
        await self._table.transact([entities.delete(PARTITION, row["RowKey"]) for row in mine])
        self.forget()

    async def expiring(self) -> tuple[tuple[Warned, ...], tuple[Warned, ...]]:
        """Return the credentials that expire within 30 days, and those that have expired."""
        return warnings(await self.list(), self._now())

    async def refused_calls(self) -> tuple[RefusedCalls, ...]:
        """Return how many calls were refused in the last hour, by reason and source."""
        return await self._tally.last_hour()

    async def tidy(self) -> None:
        """Remove access tokens past their end, and counts of refused calls past their hour."""
        await self._access.expire(self._now())
        await self._tally.expire()

    async def close(self) -> None:
        """Write what calls have left behind."""
        await self._tally.close()

    def forget(self) -> None:
        """Drop what is cached of sources and credentials, so that the next request reads."""
        self._roster.forget()

    async def _add(
        self, source_id: str, kind: CredentialKind, digest: str, label: str, expires: datetime | None
    ) -> Credential:
        now = self._now()
        rules.check_credential(kind, label, expires, now)
        source = await self.get(source_id)
        held = source.tokens if kind is CredentialKind.TOKEN else source.secrets
        known = next((each for each in held if each.id == credential_id(digest)), None)
        if known is not None:
            return known
        if len(held) >= MOST_CREDENTIALS:
            raise SourceRefused(f"The source has {MOST_CREDENTIALS} {kind}s; revoke one that is not used any more.")
        credential = Credential(credential_id(digest), kind, label, now, expires)
        try:
            await self._table.transact([entities.insert(credential_row(source_id, digest, credential))])
        except Exists as exists:
            raise SourceExists("This token belongs to another source.") from exists
        self.forget()
        return credential


def _missing(source_id: str) -> SourceMissing:
    return SourceMissing(f"There is no source with the id '{source_id}'.")
