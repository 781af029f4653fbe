"""The signing keys of the tenants that sources trust, kept by ``kid``: read rarely, and used while they cannot be read.

The tenant comes from a source's settings and never from a token alone, so nobody outside decides what is asked for.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from provisioning.sources.authority import Authority
from provisioning.sources.errors import KeysUnreachable
from provisioning.sources.key_sets import usable_keys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

FRESH_SECONDS = 24 * 3600.0
"""Older keys are read again; until that succeeds they are used as they are."""
BETWEEN_READS = 60.0
"""Seconds between two reads for unknown ``kid``s, so that made-up ones have us ask the authority once a minute."""
BETWEEN_FAILURES = 5.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Tenant:
    keys: "Mapping[str, RSAPublicKey]" = field(default_factory=dict)
    read_at: float | None = None
    asked_at: float | None = None
    failed: bool = False
    reading: asyncio.Task[None] | None = None


class SigningKeys:
    """The keys of one instance of the app. ``read`` returns the key set at an address, or raises ``KeysUnreachable``.

    ``clock`` gives seconds and only goes forward.
    """

    def __init__(self, authority: Authority, read: Callable[[str], Awaitable[Any]], clock: Callable[[], float]) -> None:
        self.authority = authority
        self._read = read
        self._clock = clock
        self._tenants: dict[str, _Tenant] = {}

    async def get(self, tenant_id: str, kid: str) -> "RSAPublicKey | None":
        """Return a key, or ``None`` where the tenant has no such key.

        Raises ``KeysUnreachable`` where none of the tenant's keys could ever be read.
        """
        tenant = self._tenants.setdefault(tenant_id, _Tenant())
        known = tenant.keys.get(kid)
        if known is not None:
            if self._old(tenant):
                self._start(tenant_id, tenant)  # for the next ones: this one need not wait
            return known
        reading = self._start(tenant_id, tenant)
        if reading is not None:
            await asyncio.shield(reading)
        if not tenant.keys:
            raise KeysUnreachable(f"The signing keys of the tenant {tenant_id} cannot be read.")
        return tenant.keys.get(kid)

    def _old(self, tenant: _Tenant) -> bool:
        return tenant.read_at is None or self._clock() - tenant.read_at > FRESH_SECONDS

    def _start(self, tenant_id: str, tenant: _Tenant) -> asyncio.Task[None] | None:
        """Return the read that is under way, a new one, or ``None`` while it is too early for another."""
        if tenant.reading is not None:
            return tenant.reading
        pause = BETWEEN_FAILURES if tenant.failed else BETWEEN_READS
        if tenant.asked_at is not None and self._clock() - tenant.asked_at < pause:
            return None
        tenant.asked_at = self._clock()
        tenant.reading = asyncio.get_running_loop().create_task(self._renew(tenant_id, tenant))
        return tenant.reading

    async def _renew(self, tenant_id: str, tenant: _Tenant) -> None:
        issuers = self.authority.issuers(tenant_id)
        newer, older = self.authority.key_urls(tenant_id)
        try:
            await asyncio.to_thread(_import_cryptography)
            keys = dict(usable_keys(await self._read(newer), issuers, tenant_id))
            try:
                keys = {**usable_keys(await self._read(older), issuers, tenant_id), **keys}
            except KeysUnreachable:
                keys = {**tenant.keys, **keys}
            tenant.failed = not keys
            if keys:
                tenant.keys, tenant.read_at = keys, self._clock()
        except KeysUnreachable as error:
            tenant.failed = True
            log.warning("signing keys not read: %s", error, extra={"fields": {"tenant": tenant_id}})
        finally:
            tenant.reading = None


def _import_cryptography() -> None:
    import jwt.algorithms  # noqa: F401 - for the cache of modules, off the event loop
