"""The resources of the templates in words: why each is there, and what it costs where nothing is metered."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resource:
    """A type of resource. ``parts`` are further types that belong to it; ``price`` where the bill does not have it."""

    type: str
    why: str
    price: str = "free"
    parts: str = ""


def _parts(*types: str) -> str:
    return f", with {', '.join(f'`{each}`' for each in types)}"


RESOURCES = (
    Resource("Microsoft.Resources/resourceGroups", "everything in one place, to be found, billed and removed together"),
    Resource("Microsoft.Web/serverfarms", "the Flex Consumption plan; what runs on it is billed to the app"),
    Resource(
        "Microsoft.Web/sites",
        "the function app: SCIM endpoint, jobs, timers, admin API",
        parts=_parts("basicPublishingCredentialsPolicies", "config"),
    ),
    Resource(
        "Microsoft.Storage/storageAccounts",
        "directory, links and report in tables, jobs in queues; packages, backups and the host's locks in blobs",
        parts=_parts(
            "blobServices",
            "blobServices/containers",
            "queueServices",
            "queueServices/queues",
            "tableServices",
            "tableServices/tables",
        ),
    ),
    Resource(
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "who the app is to storage, vault, telemetry and Graph; a second one for the pipeline. No secret",
        parts=_parts("federatedIdentityCredentials"),
    ),
    Resource("Microsoft.Authorization/roleAssignments", "what the identities may do, at the narrowest scope"),
    Resource("Microsoft.Authorization/locks", "option: nobody deletes the account or the vault by mistake"),
    Resource("Microsoft.KeyVault/vaults", "secrets of connections; the settings hold names only"),
    Resource("Microsoft.OperationalInsights/workspaces", "logs, metrics and traces, with a daily cap"),
    Resource("Microsoft.Insights/components", "Application Insights over the workspace", "with the workspace"),
    Resource("Microsoft.Insights/diagnosticSettings", "who read a secret, wrote to a queue, deleted from a table"),
    Resource("Microsoft.Insights/scheduledQueryRules", "the alerts of [operations](operations.md#alerts)"),
    Resource("Microsoft.Insights/actionGroups", "whom alerts are mailed to", "free for 1,000 mails"),
    Resource("Microsoft.Insights/workbooks", "the pictures to look at first"),
    Resource("Microsoft.Consumption/budgets", "a mail before the money is spent"),
    Resource(
        "Microsoft.Network/virtualNetworks",
        "option `isolateNetwork`: the app's way to domain controllers and private endpoints",
        parts=_parts("subnets"),
    ),
    Resource(
        "Microsoft.Network/privateEndpoints",
        "option `isolateNetwork`: storage and vault without a public address",
        "$7.30 each, 4 of them",
        parts=_parts("privateDnsZoneGroups"),
    ),
    Resource(
        "Microsoft.Network/privateDnsZones",
        "option `isolateNetwork`: their names",
        "$0.50 each, 4 of them",
        parts=_parts("virtualNetworkLinks"),
    ),
)
