"""What the local system tells the hub about itself: the source that may write, and one connection for each target.

Idempotent: a second start finds everything in place and changes only what has moved.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.admin_api import AdminApi
from sandbox.slapd import GROUPS, SERVICE_ACCOUNT, USERS
from sandbox.system import CLIENT, GRAPH_SECRET, LDAP_PASSWORD, TENANT, System

SOURCE = "entra"
LABEL = "local system"


@dataclass(frozen=True, slots=True)
class Target:
    """A connection as it was verified: ``problems`` is empty when every check passed, else says what to do."""

    id: str
    name: str
    problems: tuple[str, ...]


def connections(system: System) -> list[dict[str, Any]]:
    """Return the connections of the targets that run, as the admin API takes them."""
    found: list[dict[str, Any]] = []
    if system.slapd:
        settings = {
            "host": "localhost",
            "port": system.slapd.ldaps_port,
            "ca_file": str(system.ca),
            "bind_dn": SERVICE_ACCOUNT,
            "bind_password": f"file:{LDAP_PASSWORD}",
            "user_base": USERS,
            "group_base": GROUPS,
        }
        found.append({"id": "ldap", "name": "OpenLDAP", "kind": "ldap", "settings": settings})
    if system.graph_port:
        settings = {
            "tenant_id": TENANT,
            "client_id": CLIENT,
            "credential": "client_secret",
            "client_secret": f"file:{GRAPH_SECRET}",
            "authority": system.graph_origin,
            "base_url": f"{system.graph_origin}/v1.0",
            "ca_file": str(system.ca),
            "usage_location": "GB",
        }
        found.append({"id": "graph", "name": "Microsoft Graph (simulated)", "kind": "graph", "settings": settings})
    return found


async def register(admin: AdminApi, system: System) -> list[Target]:
    """Make source and connections as they should be, verify and enable them. Raises ``AdminRefused``."""
    await register_source(admin, system.choices.scim_token)
    known = {each["id"]: each for each in (await admin.call("GET", "/connections"))["connections"]}
    return [await _register_connection(admin, wanted, known.get(wanted["id"])) for wanted in connections(system)]


async def register_source(admin: AdminApi, token: str) -> None:
    """Let in the token of this start, and of those that the local system has registered no other."""
    known = {each["id"]: each for each in (await admin.call("GET", "/sources"))["sources"]}
    if SOURCE not in known:
        known[SOURCE] = await admin.call("POST", "/sources", {"id": SOURCE, "name": "Microsoft Entra ID (played)"})
    place = f"/sources/{SOURCE}/tokens"
    sha256 = hashlib.sha256(token.encode()).hexdigest()
    for old in known[SOURCE]["tokens"]:
        if old["label"] == LABEL and not sha256.startswith(old["id"]):
            await admin.call("DELETE", f"{place}/{old['id']}")
    await admin.call("POST", f"{place}/register", {"sha256": sha256, "label": LABEL})


async def _register_connection(admin: AdminApi, wanted: Mapping[str, Any], known: Mapping[str, Any] | None) -> Target:
    place = f"/connections/{wanted['id']}"
    if known is None:
        await admin.call("POST", "/connections", wanted)
    else:
        await admin.call("PATCH", place, {"settings": wanted["settings"]})
    checks: Sequence[Mapping[str, Any]] = (await admin.call("POST", f"{place}/verify"))["checks"]
    problems = tuple(f"{each['name']}: {each['detail']} {each['fix']}".strip() for each in checks if not each["ok"])
    if not problems and not (known and known["enabled"]):
        await admin.call("POST", f"{place}/enable")
    return Target(wanted["id"], wanted["name"], problems)
