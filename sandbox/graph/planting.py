"""Objects that no client can create, put into a tenant by whoever sets it up: synced ones, guests, mail groups."""

import base64
import uuid
from typing import Any

from sandbox.graph.clock import timestamp
from sandbox.graph.enterprise_applications import EnterpriseApplication, plant_application
from sandbox.graph.entities import ENTITIES, GROUP, USER
from sandbox.graph.errors import bad_request
from sandbox.graph.properties import EXTENSION
from sandbox.graph.state import DirectoryObject, Tenant


def plant(tenant: Tenant, collection: str, values: dict[str, Any]) -> DirectoryObject | EnterpriseApplication:
    """Put in a user or a group with any properties, read-only ones too, or an enterprise application with its job.

    Raises 400 for unknown properties and conflicts.
    """
    if collection == "servicePrincipals":
        application = plant_application(tenant.id, values)
        tenant.applications[application.id] = application
        return application
    entity = ENTITIES.get(collection)
    if entity is None:
        raise bad_request(f"'{collection}' is neither users, groups nor servicePrincipals.")
    unknown = [name for name in values if name not in entity.properties and not name.startswith(EXTENSION)]
    if unknown:
        raise bad_request(f"There is no property '{unknown[0]}'.")
    return tenant.add(entity, values)


def _user(tenant: Tenant, name: str, values: dict[str, Any]) -> DirectoryObject:
    login = f"{name}@{tenant.domains[0]}"
    known = {"accountEnabled": True, "displayName": name.title(), "mailNickname": name, "userPrincipalName": login}
    return tenant.add(USER, known | values)


def _group(tenant: Tenant, name: str, values: dict[str, Any]) -> DirectoryObject:
    known = {"displayName": name.title(), "mailNickname": name, "mailEnabled": False, "securityEnabled": True}
    return tenant.add(GROUP, known | values)


def _on_premises(tenant: Tenant) -> dict[str, Any]:
    return {
        "onPremisesSyncEnabled": True,
        "onPremisesLastSyncDateTime": timestamp(tenant.clock.now()),
        "onPremisesDomainName": "corp.contoso.example",
        "onPremisesSecurityIdentifier": f"S-1-5-21-1-2-3-{1000 + tenant.turn()}",
    }


def plant_synced_user(tenant: Tenant, name: str, **values: Any) -> DirectoryObject:
    """A user that Entra Connect has brought from AD."""
    own = {
        "onPremisesImmutableId": base64.b64encode(uuid.uuid4().bytes).decode(),
        "onPremisesSamAccountName": name,
        "onPremisesUserPrincipalName": f"{name}@corp.contoso.example",
        "onPremisesDistinguishedName": f"CN={name},OU=People,DC=corp,DC=contoso,DC=example",
    }
    return _user(tenant, name, _on_premises(tenant) | own | values)


def plant_synced_group(tenant: Tenant, name: str, **values: Any) -> DirectoryObject:
    """A security group that Entra Connect has brought from AD."""
    return _group(tenant, name, _on_premises(tenant) | {"onPremisesSamAccountName": name} | values)


def plant_guest(tenant: Tenant, mail: str, **values: Any) -> DirectoryObject:
    """A guest who has accepted an invitation."""
    login = f"{mail.replace('@', '_')}#EXT#@{tenant.domains[-1]}"
    own = {
        "userPrincipalName": login,
        "mail": mail,
        "otherMails": [mail],
        "userType": "Guest",
        "creationType": "Invitation",
        "externalUserState": "Accepted",
    }
    return _user(tenant, mail.partition("@")[0], own | values)


def plant_mail_group(tenant: Tenant, name: str, *, security: bool, **values: Any) -> DirectoryObject:
    """A distribution list of Exchange, or a mail-enabled security group."""
    mail = f"{name}@{tenant.domains[0]}"
    own = {"mailEnabled": True, "securityEnabled": security, "mail": mail, "proxyAddresses": [f"SMTP:{mail}"]}
    return _group(tenant, name, own | values)
