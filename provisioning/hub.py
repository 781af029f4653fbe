"""The hub, put together: which parts there are and what each is given. The only module that knows all of them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Self

from provisioning.backup.runs import CONTAINER, ORDER
from provisioning.backup.saving import Backup
from provisioning.connections.connection import Connection
from provisioning.connections.key_vault import KeyVaultSecrets
from provisioning.connections.opening import OpenConnectors
from provisioning.connections.secrets import Secrets
from provisioning.connections.store import TABLE as CONNECTIONS_TABLE
from provisioning.connections.store import ConnectionStore
from provisioning.directory.backfill import Backfill
from provisioning.directory.declared import TABLE as SCHEMAS_TABLE
from provisioning.directory.declared import DeclaredAttributes
from provisioning.directory.directory import TABLE as DIRECTORY_TABLE
from provisioning.directory.directory import Directory
from provisioning.engine.circuit import Circuits
from provisioning.engine.executor import Executor
from provisioning.engine.health import HealthCounts
from provisioning.engine.jobs import HUB, QUEUE, JobSender
from provisioning.engine.link_store import LinkStore
from provisioning.engine.links import TABLE as LINKS_TABLE
from provisioning.engine.measuring import Measuring
from provisioning.engine.poison import PoisonReader
from provisioning.engine.sweeper import Sweeper
from provisioning.reports.search import Reports
from provisioning.scim.schema.extension_store import ExtensionStore
from provisioning.settings import Settings, SettingsError, problems, settings
from provisioning.sources.authority import Authority
from provisioning.sources.records import TABLE as SOURCES_TABLE
from provisioning.sources.sources import Sources
from provisioning.storage.opening import identity, open_storage
from provisioning.storage.store import Storage
from provisioning.telemetry.export import Telemetry

TABLES = (DIRECTORY_TABLE, LINKS_TABLE, CONNECTIONS_TABLE, SOURCES_TABLE, SCHEMAS_TABLE)
QUEUES = (QUEUE, f"{QUEUE}-poison")


@dataclass(frozen=True, slots=True)
class Hub:
    """Everything that a trigger may need."""

    settings: Settings
    storage: Storage
    connections: ConnectionStore
    secrets: Secrets
    connectors: OpenConnectors
    sources: Sources
    extensions: ExtensionStore
    declared: DeclaredAttributes
    directory: Directory
    links: LinkStore
    circuits: Circuits
    jobs: JobSender
    backup: Backup
    executor: Executor
    sweeper: Sweeper
    poison: PoisonReader
    reports: Reports
    health: HealthCounts
    measuring: Measuring
    telemetry: Telemetry

    @classmethod
    def over(cls, storage: Storage, chosen: Settings) -> Self:
        """Put a hub together over a storage account; nothing is read or written yet."""
        connections = ConnectionStore(storage)
        secrets = Secrets(_vault(chosen), chosen.secrets_file)
        connectors = OpenConnectors(secrets, chosen.trusted_origins)
        queue = storage.queue(QUEUE)

        async def active() -> Sequence[Connection]:
            return await connections.active()

        async def active_ids() -> Sequence[str]:
            return [each.id for each in await connections.active()]

        jobs = JobSender(queue, active_ids)
        declared = DeclaredAttributes(storage)
        directory = Directory(storage, jobs.announce, declared.in_force)
        links = LinkStore(storage, timedelta(seconds=chosen.lease_seconds))
        circuits = Circuits(links.table, connectors.renewed)
        sources = Sources(
            storage,
            Authority.chosen(chosen.entra_authority, chosen.trusted_origins),
            ca_file=chosen.trusted_ca_file,
            access_token_life=timedelta(minutes=chosen.access_token_minutes),
        )

        backup = Backup(storage, storage.container(CONTAINER), ORDER, timedelta(days=chosen.backup_days))

        async def partitions() -> Sequence[str]:
            return [HUB, *await connections.names()]

        health = HealthCounts(
            queue, storage.queue(f"{QUEUE}-poison"), directory.outbox, links, circuits, active, sources
        )
        insights = chosen.applicationinsights_connection_string, chosen.applicationinsights_authentication_string
        return cls(
            chosen,
            storage,
            connections,
            secrets,
            connectors,
            sources,
            ExtensionStore(storage),
            declared,
            directory,
            links,
            circuits,
            jobs,
            backup,
            Executor(
                active, connectors, directory, links, circuits, jobs, Backfill(storage, directory, declared), backup
            ),
            Sweeper(directory, links, circuits, jobs, active, timedelta(seconds=chosen.sweep_grace_seconds), declared),
            PoisonReader(links),
            Reports(links.table, partitions, directory.ids_of_name),
            health,
            Measuring(health, secrets),
            Telemetry(*insights, role=chosen.site_name or "lockstep"),
        )

    async def close(self) -> None:
        """Close every connection, outwards first."""
        await self.connectors.close()
        await self.sources.close()
        await self.storage.close()


def _vault(chosen: Settings) -> KeyVaultSecrets | None:
    if not chosen.key_vault_url:
        return None
    return KeyVaultSecrets(
        chosen.key_vault_url,
        partial(identity, chosen),
        trusted=chosen.key_vault_trusted,
        ca_file=chosen.trusted_ca_file,
    )


_opening: dict[asyncio.AbstractEventLoop, asyncio.Task[Hub]] = {}


async def hub() -> Hub:
    """Return this process's hub, opened with the first call. Tables and queues are made where they are missing.

    Raises ``SettingsError`` while the app's settings are wrong: every trigger then fails with the same words.
    """
    loop = asyncio.get_running_loop()
    if loop not in _opening:
        _opening[loop] = loop.create_task(_open())
    try:
        return await asyncio.shield(_opening[loop])
    except Exception:
        _opening.pop(loop, None)
        raise


async def _open() -> Hub:
    if wrong := problems():
        raise SettingsError(wrong)
    chosen = settings()
    opened = Hub.over(open_storage(chosen), chosen)
    # Beside the round trips, which come first: what is imported for telemetry is imported meanwhile.
    await asyncio.gather(opened.storage.ensure(TABLES, QUEUES), opened.telemetry.start())
    return opened
