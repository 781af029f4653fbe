"""Which Azure roles the app's identity needs, and which client packages are the reason for each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Role:
    """A built-in role at the narrowest scope that serves: ``storage``, ``vault``, ``insights``, ``app``, ``releases``.

    ``clients`` are the packages that need it. infra/checks/steps/code.py holds both sides: a package that the code
    imports without its role, and a role whose packages nobody imports.
    """

    name: str
    id: str
    scope: str
    why: str
    clients: tuple[str, ...] = ()


ROLES = (
    Role(
        "Storage Blob Data Owner",
        "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
        "storage",
        "the Functions host: keys, leases and timer locks, reading the package; the nightly backup",
        ("azure.functions", "azure.storage.blob"),
    ),
    Role(
        "Storage Queue Data Contributor",
        "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
        "storage",
        "jobs: sending them, the queue triggers, the poison queue",
        ("azure.storage.queue",),
    ),
    Role(
        "Storage Table Data Contributor",
        "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
        "storage",
        "the directory, links, report, connections and sources",
        ("azure.data.tables",),
    ),
    Role(
        "Key Vault Secrets User",
        "4633458b-17de-408a-b874-0445c86b69e6",
        "vault",
        "secrets of connections, by reference",
        ("azure.keyvault.secrets",),
    ),
    Role(
        "Monitoring Metrics Publisher",
        "3913510d-42f4-4e42-8a64-420c390055eb",
        "insights",
        "telemetry without a key",
        ("azure.monitor.opentelemetry.exporter",),
    ),
)
"""Of the app's identity. Source of the ids: Azure's list of built-in roles."""

DEPLOYER_ROLES = (
    Role(
        "Website Contributor",
        "de139f84-1756-47ae-9be6-808fbbe84772",
        "app",
        "publishing a package",
    ),
    Role(
        "Storage Blob Data Contributor",
        "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
        "releases",
        "keeping each package, so that the previous one can be brought back",
    ),
)
"""Of the pipeline's identity: it runs commands of infra/rollout, no package of the app."""

ROLELESS = ("azure.core", "azure.identity")
"""Packages of Azure that need no role themselves: they sign in, or serve the other clients."""
