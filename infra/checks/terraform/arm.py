"""What a plan has, as Azure Resource Manager takes it, so that it can be held against Bicep.

A type of azurerm's without a reader is an error, because nobody would compare it.
"""

from collections.abc import Callable, Iterator, Mapping

from infra.checks.terraform import monitoring, network
from infra.checks.terraform.reading import Resource, Values, common, name_in, one, switch
from infra.checks.tokens import token


def resource_group(v: Values) -> Iterator[Resource]:
    """azurerm_resource_group."""
    yield "Microsoft.Resources/resourceGroups", v["name"], {key: v[key] for key in ("location", "tags")}


def identity(v: Values) -> Iterator[Resource]:
    """azurerm_user_assigned_identity."""
    yield "Microsoft.ManagedIdentity/userAssignedIdentities", v["name"], common(v)


def federated_credential(v: Values) -> Iterator[Resource]:
    """azurerm_federated_identity_credential."""
    kind = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"
    above = v.get("user_assigned_identity_id") or v["parent_id"]
    body = common(v, issuer=v["issuer"], subject=v["subject"], audiences=v["audience"])
    yield kind, f"{name_in(above)}/{v['name']}", body


def role_assignment(v: Values) -> Iterator[Resource]:
    """azurerm_role_assignment."""
    body = common(
        v,
        roleDefinitionId=v["role_definition_id"],
        principalId=v["principal_id"],
        principalType=v.get("principal_type"),
        description=v.get("description"),
    )
    yield "Microsoft.Authorization/roleAssignments", "", body | {"scope": v["scope"]}


def lock(v: Values) -> Iterator[Resource]:
    """azurerm_management_lock."""
    body = common(v, level=v["lock_level"], notes=v.get("notes"))
    yield "Microsoft.Authorization/locks", v["name"], body | {"scope": v["scope"]}


def vault(v: Values) -> Iterator[Resource]:
    """azurerm_key_vault. Soft delete cannot be switched off; access policies do not count with RBAC."""
    rules = one(v, "network_acls")
    body = common(
        v,
        tenantId=v["tenant_id"],
        sku={"family": "A", "name": v["sku_name"]},
        enableRbacAuthorization=v["rbac_authorization_enabled"],
        enableSoftDelete=True,
        enablePurgeProtection=v.get("purge_protection_enabled"),
        softDeleteRetentionInDays=v.get("soft_delete_retention_days") or 90,
        publicNetworkAccess=switch(v.get("public_network_access_enabled"), "enabled", "disabled"),
        networkAcls={"bypass": rules.get("bypass"), "defaultAction": rules.get("default_action")},
    )
    yield "Microsoft.KeyVault/vaults", v["name"], body


READERS: Mapping[str, Callable[[Values], Iterator[Resource]]] = {
    "azurerm_resource_group": resource_group,
    "azurerm_user_assigned_identity": identity,
    "azurerm_federated_identity_credential": federated_credential,
    "azurerm_role_assignment": role_assignment,
    "azurerm_management_lock": lock,
    "azurerm_key_vault": vault,
    "azurerm_log_analytics_workspace": monitoring.workspace,
    "azurerm_application_insights": monitoring.insights,
    "azurerm_application_insights_workbook": monitoring.workbook,
    "azurerm_monitor_diagnostic_setting": monitoring.diagnostics,
    "azurerm_monitor_action_group": monitoring.action_group,
    "azurerm_monitor_scheduled_query_rules_alert_v2": monitoring.query_rule,
    "azurerm_consumption_budget_resource_group": monitoring.budget,
    "azurerm_virtual_network": network.network,
    "azurerm_subnet": network.subnet,
    "azurerm_private_dns_zone": network.private_zone,
    "azurerm_private_dns_zone_virtual_network_link": network.private_zone_link,
    "azurerm_private_endpoint": network.private_endpoint,
}

KINDS = {
    "azurerm_resource_group": "Microsoft.Resources/resourceGroups",
    "azurerm_user_assigned_identity": "Microsoft.ManagedIdentity/userAssignedIdentities",
    "azurerm_key_vault": "Microsoft.KeyVault/vaults",
    "azurerm_log_analytics_workspace": "Microsoft.OperationalInsights/workspaces",
    "azurerm_application_insights": "Microsoft.Insights/components",
    "azurerm_monitor_action_group": "Microsoft.Insights/actionGroups",
    "azurerm_virtual_network": "Microsoft.Network/virtualNetworks",
    "azurerm_subnet": "Microsoft.Network/virtualNetworks/subnets",
    "azurerm_private_dns_zone": "Microsoft.Network/privateDnsZones",
}
"""The kinds that others name by a word."""

ATTRIBUTES = {
    "client_id": "properties.clientId",
    "principal_id": "properties.principalId",
    "connection_string": "properties.ConnectionString",
    "vault_uri": "properties.vaultUri",
}
"""azurerm's names of what Azure tells after deployment."""


def in_arm(kind: str, name: str, attribute: str) -> str:
    """Return a word of azurerm's as Resource Manager's."""
    return token(KINDS.get(kind, kind), name.rpartition("/")[2], ATTRIBUTES.get(attribute, attribute))


def azapi(v: Values) -> Iterator[Resource]:
    """azapi_resource and azapi_update_resource: they are Resource Manager's own."""
    kind = v["type"].partition("@")[0]
    body = dict(v.get("body") or {})
    for key in ("location", "tags"):
        if v.get(key) is not None:
            body[key] = v[key]
    if v.get("identity"):
        block = one(v, "identity")
        body["identity"] = {
            "type": block["type"],
            "userAssignedIdentities": {each: {} for each in block.get("identity_ids") or []},
        }
    inside = kind.count("/") > 1
    yield kind, f"{name_in(v['parent_id'])}/{v['name']}" if inside else v["name"], body
