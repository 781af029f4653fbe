"""Reads what stands in the targets, past the hub: LDAP as its administrator, Graph from the simulator itself."""

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from connectors.ldap_client.library import SUBTREE, Connection, LDAPException, Server, Tls
from sandbox.entra.compare import Picture, Standing
from sandbox.slapd import ADMIN, GROUPS, SUFFIX, Slapd

PLACEHOLDER = f"cn=lockstep-placeholder,{GROUPS}"
"""Stands in groups because a groupOfNames may not be empty (RFC 4519, 3.5); nobody's DN, and no member."""

LOCKED_FOR_GOOD = "000001010000Z"


class Unreadable(Exception):
    """A target does not say what stands in it; the message says why."""


async def read_ldap(slapd: Slapd) -> Picture:
    """Draw what stands in the LDAP directory. Raises ``Unreadable``."""
    try:
        return ldap_picture(await asyncio.to_thread(_search, slapd))
    except (LDAPException, OSError) as problem:
        raise Unreadable(f"the directory cannot be read: {problem}") from problem


def _search(slapd: Slapd) -> list[Mapping[str, Any]]:
    tls = Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=str(slapd.certificates.ca))
    server = Server("localhost", port=slapd.ldaps_port, use_ssl=True, tls=tls, get_info="NO_INFO", connect_timeout=5)
    with Connection(server, ADMIN, slapd.admin_password, receive_timeout=10) as connection:
        found = connection.extend.standard.paged_search(
            SUFFIX,
            "(|(objectClass=inetOrgPerson)(objectClass=groupOfNames))",
            search_scope=SUBTREE,
            attributes=["*", "pwdAccountLockedTime"],
            paged_size=500,
            generator=False,
        )
    return [entry for entry in found if entry["type"] == "searchResEntry"]


def ldap_picture(entries: list[Mapping[str, Any]]) -> Picture:
    """Draw a picture of inetOrgPerson and groupOfNames entries as ldap3 returns them without a schema."""

    def values(entry: Mapping[str, Any], name: str) -> list[str]:
        return [value.decode(errors="replace") for value in entry["raw_attributes"].get(name, ())]

    def first(entry: Mapping[str, Any], name: str) -> str:
        return next(iter(values(entry, name)), "")

    people = [entry for entry in entries if "inetOrgPerson" in values(entry, "objectClass")]
    names = {entry["dn"].casefold(): first(entry, "uid") for entry in people}
    users = {
        first(entry, "uid").lower(): Standing(
            user_name=first(entry, "uid"),
            display_name=first(entry, "displayName"),
            given_name=first(entry, "givenName"),
            family_name=first(entry, "sn"),
            title=first(entry, "title"),
            department=first(entry, "departmentNumber"),
            employee_number=first(entry, "employeeNumber"),
            manager=_named(names, first(entry, "manager")),
            active=first(entry, "pwdAccountLockedTime") != LOCKED_FOR_GOOD,
        )
        for entry in people
    }
    groups = {
        first(entry, "cn"): frozenset(
            _named(names, dn).lower() for dn in values(entry, "member") if dn.casefold() != PLACEHOLDER
        )
        for entry in entries
        if "groupOfNames" in values(entry, "objectClass")
    }
    return Picture(users, groups)


async def read_graph(session: aiohttp.ClientSession, origin: str, ca: Path) -> Picture:
    """Draw what stands in the simulated tenant. Raises ``Unreadable``."""
    trust = await asyncio.to_thread(ssl.create_default_context, cafile=str(ca))
    try:
        async with session.get(f"{origin}/_simulator/state", ssl=trust) as answer:
            return graph_picture(await answer.json())
    except aiohttp.ClientError as problem:
        raise Unreadable(f"the simulator cannot be read: {problem}") from problem


def graph_picture(state: Mapping[str, Any]) -> Picture:
    """Draw a picture of the simulator's state."""
    names = {user["id"]: str(user["userPrincipalName"]) for user in state["users"]}
    users = {
        name.lower(): Standing(
            user_name=name,
            display_name=user.get("displayName") or "",
            given_name=user.get("givenName") or "",
            family_name=user.get("surname") or "",
            title=user.get("jobTitle") or "",
            department=user.get("department") or "",
            employee_number=user.get("employeeId") or "",
            manager=_named(names, user.get("manager") or ""),
            active=user.get("accountEnabled") is True,
        )
        for user in state["users"]
        for name in [names[user["id"]]]
    }
    groups = {
        group["displayName"]: frozenset(_named(names, member).lower() for member in group["members"])
        for group in state["groups"]
    }
    return Picture(users, groups)


def _named(names: Mapping[str, str], reference: str) -> str:
    """Return the user name behind a DN or an id; what leads nowhere is shown as it is."""
    return names.get(reference.casefold(), reference)
