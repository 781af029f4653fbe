"""Who asks for an access token: a source with a client secret, or one that Entra vouches for (RFC 7523)."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from provisioning.sources.access_tokens import AccessTokens
from provisioning.sources.credentials import LONGEST, sha256
from provisioning.sources.door import federation_key
from provisioning.sources.entra_tokens import owner_of, presented, verify
from provisioning.sources.errors import Reason, Refused
from provisioning.sources.rates import Limits, Rate
from provisioning.sources.records import Roster
from provisioning.sources.roster import RosterCache
from provisioning.sources.scopes import granted
from provisioning.sources.signing_keys import SigningKeys
from provisioning.sources.source import CredentialKind, Source
from provisioning.sources.tally import Tally

ISSUES = Rate(per_second=1, burst=30)
"""How many access tokens a source gets: each is a row, and one is good for an hour at least."""


@dataclass(frozen=True, slots=True)
class Client:
    """A source that has proved itself, and by which credential."""

    source: Source
    credential: str


@dataclass(frozen=True, slots=True)
class Issued:
    """A new access token: its text, its life in seconds, and what it is good for."""

    text: str
    seconds: int
    scope: str


class Clients:
    """Proves clients and issues access tokens to them. A client's id is its source's."""

    def __init__(
        self,
        roster: RosterCache,
        access: AccessTokens,
        keys: SigningKeys,
        limits: Limits,
        tally: Tally,
        now: Callable[[], datetime],
    ) -> None:
        self._roster = roster
        self._access = access
        self._keys = keys
        self._limits = limits
        self._tally = tally
        self._now = now

    async def by_secret(self, client_id: str, secret: str) -> Client:
        """Return the client of an id and a secret. Raises ``Refused``: for both alike, by the same way."""
        return await self._asked(lambda roster: self._of_secret(client_id, secret, roster))

    async def by_assertion(self, assertion: str, client_id: str = "") -> Client:
        """Return the client that a token of Entra's stands for, the one of the id where one is given.

        Raises ``Refused`` and ``KeysUnreachable``.
        """
        return await self._asked(lambda roster: self._of_assertion(assertion, client_id, roster))

    async def issue(self, client: Client, scope: str) -> Issued:
        """Issue an access token. Raises ``UnknownScope`` and ``RateExceeded``."""
        source = client.source
        grant = granted(scope, source.caller())
        self._limits.check(f"tokens {source.id}", ISSUES, source.id)
        text = await self._access.issue(source.id, client.credential, grant, self._now())
        return Issued(text, round(self._access.life.total_seconds()), grant.scope)

    def refused(self, reason: Reason) -> None:
        """Count a request that shows no credentials which could be asked about."""
        self._tally.refused(reason)

    async def _asked(self, question: Callable[[Roster], Awaitable[Client]]) -> Client:
        try:
            return await self._roster.ask(question)
        except Refused as refused:
            self._tally.refused(refused.reason, refused.source)
            raise

    async def _of_secret(self, client_id: str, secret: str, roster: Roster) -> Client:
        digest = sha256(secret)
        held = roster.credentials.get(digest)
        # Whether the id, the secret or neither is known, the same is done: "-" is nobody's id.
        owner = held.source if held is not None and held.credential.kind is CredentialKind.SECRET else "-" * 41
        if not hmac.compare_digest(owner.encode(), client_id.encode("utf-8", "surrogatepass")) or held is None:
            raise Refused(Reason.CLIENT)
        source = roster.sources[held.source]
        if held.credential.expired(self._now()):
            raise Refused(Reason.EXPIRED, source.id)
        if not source.enabled:
            raise Refused(Reason.DISABLED, source.id)
        self._tally.used(digest, held.credential.used)
        return Client(source, digest)

    async def _of_assertion(self, assertion: str, client_id: str, roster: Roster) -> Client:
        if len(assertion) > LONGEST:
            raise Refused(Reason.MALFORMED)
        token = presented(assertion)
        trusts = ((source, trust) for source in roster.sources.values() for trust in source.federation)
        source, trust = owner_of(token, trusts)
        if client_id and not hmac.compare_digest(source.id.encode(), client_id.encode("utf-8", "surrogatepass")):
            raise Refused(Reason.CLIENT)
        if token.subject.lower() != trust.object_id:
            raise Refused(Reason.AUDIENCE, source.id)
        if not source.enabled:
            raise Refused(Reason.DISABLED, source.id)
        _, v2_issuer = self._keys.authority.issuers(token.tenant)
        try:
            await verify(assertion, token, self._keys, (v2_issuer,), self._now())
        except Refused as refused:
            raise Refused(refused.reason, source.id) from None
        return Client(source, federation_key(trust))
