"""A connector that is measured: each verb's time and outcome becomes a metric and a span, and a failure a line."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Sequence
from time import perf_counter
from typing import Any, Self

from pydantic import SecretStr

from connectors.contract import (
    PROVISIONING,
    Account,
    Attributes,
    Connector,
    Feature,
    Match,
    MemberFailures,
    ObjectKind,
    Page,
    Reading,
    Verification,
)
from connectors.errors import AlreadyExists, ConnectorError, Misconfigured, NotFound, Rejected, Unavailable
from provisioning.telemetry.catalogue import CONNECTOR_CALLS
from provisioning.telemetry.metrics import record
from provisioning.telemetry.spans import span

_OUTCOMES = (
    (Unavailable, "unavailable"),
    (Misconfigured, "misconfigured"),
    (Rejected, "rejected"),
    (NotFound, "missing"),
    (AlreadyExists, "exists"),
)


class MeasuredConnector(Connector):
    """A connector around another one, which it is like in all but that it tells."""

    def __init__(self, connector: Connector, connection: str) -> None:
        """Measure a connector that is open, for the connection of that id."""
        self._inner = connector
        self._connection = connection
        self._log = logging.getLogger(f"connectors.{connector.kind}")
        # They are the classes' own, and this class stands for many.
        for name in ("kind", "title", "settings_model", "capabilities", "defaults"):
            vars(self)[name] = getattr(connector, name)

    @classmethod
    def open(cls, settings: Any) -> Self:
        """Refuse: the connector inside is opened by its own class."""
        raise TypeError("A measured connector is made around one that is open.")

    async def close(self) -> None:
        """Close the connector inside."""
        await self._inner.close()

    @property
    def keeps_memberships(self) -> bool:
        """As the connector inside says."""
        return self._inner.keeps_memberships

    async def verify(self, features: frozenset[Feature] = PROVISIONING, *, trial: bool = False) -> Verification:
        """Measure ``verify``."""
        return await self._told("verify", self._inner.verify(features, trial=trial))

    async def find(self, match: Match) -> Sequence[Account]:
        """Measure ``find``."""
        return await self._told("find", self._inner.find(match))

    async def read(self, kind: ObjectKind, remote_id: str) -> Account:
        """Measure ``read``."""
        return await self._told("read", self._inner.read(kind, remote_id))

    async def create(self, kind: ObjectKind, attributes: Attributes, *, active: bool) -> Account:
        """Measure ``create``."""
        return await self._told("create", self._inner.create(kind, attributes, active=active))

    async def update(self, kind: ObjectKind, remote_id: str, changes: Attributes) -> Account:
        """Measure ``update``."""
        return await self._told("update", self._inner.update(kind, remote_id, changes))

    async def activate(self, remote_id: str) -> None:
        """Measure ``activate``."""
        await self._told("activate", self._inner.activate(remote_id))

    async def deactivate(self, remote_id: str) -> None:
        """Measure ``deactivate``."""
        await self._told("deactivate", self._inner.deactivate(remote_id))

    async def delete(self, kind: ObjectKind, remote_id: str) -> None:
        """Measure ``delete``."""
        await self._told("delete", self._inner.delete(kind, remote_id))

    async def change_members(self, group: str, add: Sequence[str], remove: Sequence[str]) -> MemberFailures:
        """Measure ``change_members``; it is ``ok`` where the group was found, whoever of the members was refused."""
        return await self._told("change_members", self._inner.change_members(group, add, remove))

    async def members(self, group: str) -> Sequence[str]:
        """Measure ``members``."""
        return await self._told("members", self._inner.members(group))

    async def find_deleted(self, match: Match) -> Sequence[Account]:
        """Measure ``find_deleted``."""
        return await self._told("find_deleted", self._inner.find_deleted(match))

    async def restore(self, kind: ObjectKind, remote_id: str) -> Account:
        """Measure ``restore``."""
        return await self._told("restore", self._inner.restore(kind, remote_id))

    async def set_password(self, remote_id: str, password: SecretStr, *, must_change: bool = False) -> None:
        """Measure ``set_password``."""
        await self._told("set_password", self._inner.set_password(remote_id, password, must_change=must_change))

    async def changes(self, cursor: str | None, reading: Reading) -> AsyncIterator[Page]:
        """Measure ``changes``, page by page."""
        pages = self._inner.changes(cursor, reading)
        try:
            while (page := await self._told("changes", anext(pages, None))) is not None:
                yield page
        finally:
            if isinstance(pages, AsyncGenerator):
                await pages.aclose()

    async def _told[T](self, verb: str, call: Awaitable[T]) -> T:
        started, outcome = perf_counter(), "ok"
        kind, connection = self._inner.kind, self._connection
        with span(f"{kind} {verb}", calls=connection, connection=connection, kind=kind, verb=verb):
            try:
                return await call
            except ConnectorError as error:
                outcome = next((word for type_, word in _OUTCOMES if isinstance(error, type_)), "failed")
                if outcome not in {"missing", "exists"}:  # those are repaired inline
                    fields = {"connection": connection, "verb": verb, "outcome": outcome, "code": error.code}
                    self._log.warning("%s failed", verb, extra={"fields": fields})
                raise
            except asyncio.CancelledError:
                outcome = "unavailable"  # it took longer than its job may
                raise
            except BaseException:
                outcome = "failed"
                raise
            finally:
                elapsed = (perf_counter() - started) * 1000
                record(CONNECTOR_CALLS, elapsed, connection=connection, kind=kind, verb=verb, outcome=outcome)
