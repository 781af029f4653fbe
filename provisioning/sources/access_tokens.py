"""Access tokens of our own ``/oauth/token``: opaque, short-lived, stored by their SHA-256.

Table ``sources``, ``a:{sha-256}``. A row never changes, so one that was read is not read again; whether the source and
the secret behind it are still good is asked of the roster each time. Its text ends with a mark of that secret, so that
one which somebody made up costs no look-up, and no flood of these keeps a good one out.
"""

import hmac
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.contract import ObjectKind
from provisioning.sources.credentials import ACCESS_PREFIX, mark, new_text, sha256
from provisioning.sources.rates import Limits, Rate
from provisioning.sources.records import PARTITION
from provisioning.sources.scopes import Grant
from provisioning.storage import entities
from provisioning.storage.entities import Entity, after
from provisioning.storage.store import Table

ACCESS = "a:"
LOOK_UPS = Rate(per_second=20, burst=100)
"""How many access tokens that it does not know an instance looks up. Only those of a federation can be made up: what
marks them is computed from ids, which are no secrets."""
UNKNOWN_SECONDS = 30.0
_MOST_KEPT = 1000


@dataclass(frozen=True, slots=True)
class AccessToken:
    """One access token: whose, by which credential it was got, until when, what for.

    ``credential`` is the SHA-256 of a client secret, or what identifies a federation; without it the token is void.
    """

    source: str
    credential: str
    expires: datetime
    grant: Grant


class AccessTokens:
    """Issues access tokens and knows them again. ``life`` is how long they are good."""

    def __init__(self, table: Table, life: timedelta, clock: Callable[[], float], limits: Limits) -> None:
        self._table = table
        self.life = life
        self._clock = clock
        self._limits = limits
        self._known: OrderedDict[str, AccessToken] = OrderedDict()
        self._unknown: OrderedDict[str, float] = OrderedDict()

    async def issue(self, source: str, credential: str, grant: Grant, now: datetime) -> str:
        """Store a new access token and return its text; one round trip."""
        body = new_text("")
        text = f"{ACCESS_PREFIX}{body}.{mark(credential, body)}"
        made = AccessToken(source, credential, now + self.life, grant)
        await self._table.transact([entities.insert(_row(sha256(text), made))])
        _keep(self._known, sha256(text), made)
        return text

    async def find(self, text: str, credentials: Iterable[str]) -> AccessToken | None:
        """Return the access token of a text, expired ones too, if it was got by one of the credentials.

        Raises ``RateExceeded``.
        """
        digest = sha256(text)
        known = self._known.get(digest)
        if known is not None:
            self._known.move_to_end(digest)
            return known
        if self._clock() - self._unknown.get(digest, float("-inf")) < UNKNOWN_SECONDS:
            return None
        body, _, made_by = text.removeprefix(ACCESS_PREFIX).partition(".")
        marked = made_by.encode("utf-8", "surrogatepass")
        if not any(hmac.compare_digest(mark(each, body).encode(), marked) for each in credentials):
            return None
        self._limits.check("access", LOOK_UPS)
        row = await self._table.get(PARTITION, ACCESS + digest)
        if row is None:
            _keep(self._unknown, digest, self._clock())
            return None
        found = _access_token(row)
        _keep(self._known, digest, found)
        return found

    async def expire(self, now: datetime) -> int:
        """Remove access tokens past their end; returns how many."""
        gone = [
            row["RowKey"]
            async for row in self._table.scan(PARTITION, ACCESS, after(ACCESS), select=["RowKey", "expires"])
            if row["expires"] <= now
        ]
        for start in range(0, len(gone), entities.MAX_OPERATIONS):
            batch = gone[start : start + entities.MAX_OPERATIONS]
            await self._table.transact([entities.delete(PARTITION, key) for key in batch])
        return len(gone)


def _keep[Value](cache: OrderedDict[str, Value], key: str, value: Value) -> None:
    cache[key] = value
    while len(cache) > _MOST_KEPT:
        cache.popitem(last=False)


def _row(digest: str, token: AccessToken) -> Entity:
    return {
        "PartitionKey": PARTITION,
        "RowKey": ACCESS + digest,
        "source": token.source,
        "credential": token.credential,
        "expires": token.expires,
        "kinds": ",".join(sorted(token.grant.kinds)),
        "writes": token.grant.writes,
    }


def _access_token(row: Entity) -> AccessToken:
    kinds = frozenset(ObjectKind(kind) for kind in row["kinds"].split(","))
    return AccessToken(row["source"], row["credential"], row["expires"], Grant(kinds, row["writes"]))
