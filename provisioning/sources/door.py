"""Who a request is from: the one way in for the SCIM endpoint, whatever kind of bearer token is shown.

Secrets are never compared with each other: a text is looked up by its SHA-256, so what can be timed is how far two
hashes agree, and nobody can choose his hash. Unknown, revoked and foreign ones take the same way.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from provisioning.sources.access_tokens import AccessToken, AccessTokens
from provisioning.sources.caller import Caller
from provisioning.sources.credentials import ACCESS_PREFIX, bearer, sha256
from provisioning.sources.entra_tokens import Presented, looks_like_a_jwt, owner_of, presented, verify
from provisioning.sources.errors import Reason, Refused
from provisioning.sources.rates import Limits
from provisioning.sources.records import Roster
from provisioning.sources.roster import RosterCache
from provisioning.sources.signing_keys import SigningKeys
from provisioning.sources.source import CredentialKind, Source, Trust
from provisioning.sources.tally import Tally

VERIFIED_FOR = timedelta(minutes=5)
"""How long a token's signature is not checked again."""
_MOST_VERIFIED = 1000


def federation_key(trust: Trust) -> str:
    """Return what stands for a federation where otherwise the SHA-256 of a client secret stands."""
    parts = "|".join((trust.tenant, trust.audience, trust.app_id, trust.object_id))
    return "federation:" + hashlib.sha256(parts.encode()).hexdigest()


class Door:
    """Tells callers by their bearer tokens, and counts those that it refuses. ``now`` is the time of day."""

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
        self._verified: OrderedDict[str, tuple[Presented, datetime]] = OrderedDict()

    async def authenticate(self, authorization: str | None) -> Caller:
        """Return the caller that an Authorization header names.

        Raises ``Refused``, ``RateExceeded``, and ``KeysUnreachable`` where a token of Entra's cannot be checked now.
        """
        text = bearer(authorization)
        try:
            if text is None:
                raise Refused(Reason.MISSING)  # noqa: TRY301 - counted below like the others
            _, caller = await self._roster.ask(lambda roster: self._known(text, roster))
        except Refused as refused:
            self._tally.refused(refused.reason, refused.source)
            raise
        self.charge(caller)
        return caller

    def charge(self, caller: Caller) -> None:
        """Count one request more of a caller. Raises ``RateExceeded``."""
        self._limits.check(f"source {caller.source}", caller.rate, caller.source)

    async def _known(self, text: str, roster: Roster) -> tuple[Source, Caller]:
        digest = sha256(text)
        held = roster.credentials.get(digest)
        if held is not None and held.credential.kind is CredentialKind.TOKEN:
            source = roster.sources[held.source]
            if held.credential.expired(self._now()):
                raise Refused(Reason.EXPIRED, source.id)
            _check_enabled(source)
            self._tally.used(digest, held.credential.used)
            return source, source.caller()
        if text.startswith(ACCESS_PREFIX):
            return await self._with_access_token(text, roster)
        if looks_like_a_jwt(text):
            return await self._of_entra(text, digest, roster)
        raise Refused(Reason.UNKNOWN)

    async def _with_access_token(self, text: str, roster: Roster) -> tuple[Source, Caller]:
        found = await self._access.find(text, _got_by(roster))
        if found is None:
            raise Refused(Reason.UNKNOWN)
        source = roster.sources.get(found.source)
        if source is None or not _stands(found, source, roster):
            raise Refused(Reason.REVOKED, source.id if source else "")
        held, now = roster.credentials.get(found.credential), self._now()
        if found.expires <= now or (held is not None and held.credential.expired(now)):
            raise Refused(Reason.EXPIRED, source.id)
        _check_enabled(source)
        return source, found.grant.of(source.caller())

    async def _of_entra(self, text: str, digest: str, roster: Roster) -> tuple[Source, Caller]:
        token, until = self._verified.get(digest) or (presented(text), None)
        trusts = ((source, trust) for source in roster.sources.values() for trust in source.entra if trust.tells_apart)
        source, _ = owner_of(token, trusts)
        _check_enabled(source)
        now = self._now()
        if until is None or until <= now:
            try:
                ends = await verify(text, token, self._keys, self._keys.authority.issuers(token.tenant), now)
            except Refused as refused:
                raise Refused(refused.reason, source.id) from None
            self._verified[digest] = (token, min(ends, now + VERIFIED_FOR))
            self._verified.move_to_end(digest)
            while len(self._verified) > _MOST_VERIFIED:
                self._verified.popitem(last=False)
        return source, source.caller()


def _check_enabled(source: Source) -> None:
    if not source.enabled:
        raise Refused(Reason.DISABLED, source.id)


def _got_by(roster: Roster) -> Iterator[str]:
    """Yield what access tokens can be got by."""
    yield from (digest for digest, held in roster.credentials.items() if held.credential.kind is CredentialKind.SECRET)
    for source in roster.sources.values():
        yield from map(federation_key, source.federation)


def _stands(token: AccessToken, source: Source, roster: Roster) -> bool:
    """Tell whether what an access token was got by is still the source's."""
    held = roster.credentials.get(token.credential)
    if held is not None:
        return held.source == source.id and held.credential.kind is CredentialKind.SECRET
    return token.credential in map(federation_key, source.federation)
