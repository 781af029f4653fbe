"""What "Verify Credentials" looks at in the tenant itself: which one it is, licences, domains, owners of new groups."""

from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

from connectors.contract import Check, Feature, ObjectKind
from connectors.errors import ConnectorError
from connectors.graph.accounts import Accounts
from connectors.graph.client import GraphClient
from connectors.graph.domains import Domains, no_immutable_id, unverified
from connectors.graph.licences import BUY_SEATS, Licences, seats, unknown_licence
from connectors.graph.ownership import Ownership, owner_missing
from connectors.graph.permissions import Operation
from connectors.graph.settings import GraphSettings


async def tenant(client: GraphClient, settings: GraphSettings) -> Check:
    """Name the tenant, where the application may read that; it need not. See that it is the one of the settings."""
    reply = await client.send("GET", "/organization", query={"$select": "id,displayName"})
    if reply.status == 403:
        return Check("Microsoft Graph", ok=True, detail="Microsoft Graph answers. The tenant's name may not be read.")
    await client.expect(reply, Operation.READ_USERS, "tenant")
    found = reply.body.get("value") if isinstance(reply.body, dict) else None
    first = found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}
    if not first:
        return Check("Microsoft Graph", ok=True, detail="Microsoft Graph answers.")
    answers = f"Microsoft Graph answers for the tenant {first.get('displayName')} ({first.get('id')})"
    if _is_other(settings.tenant_id, str(first.get("id"))):
        return Check(
            "Microsoft Graph",
            ok=False,
            detail=f"{answers}, not for {settings.tenant_id}.",
            fix="A managed identity belongs to the tenant of its Azure subscription. Correct the tenant, or use a "
            "client secret of an app registration in the other tenant.",
        )
    return Check("Microsoft Graph", ok=True, detail=f"{answers}.")


async def content(
    client: GraphClient, settings: GraphSettings, licences: Licences, features: frozenset[Feature]
) -> AsyncIterator[Check]:
    """Look at what the settings name in the tenant."""
    if settings.manages_licences and features & {Feature.CREATE_USERS, Feature.UPDATE_USERS}:
        yield await _guarded("Licences", lambda: _licences(licences))
    if Feature.CREATE_USERS in features:
        yield await _domains(client, settings)
    if settings.group_owners and Feature.CREATE_GROUPS in features:
        yield await _guarded("Owners of new groups", lambda: _owners(client, settings))


async def _licences(licences: Licences) -> Check:
    """See that the tenant knows the licences of the settings, and that seats are left of those for everybody."""
    if unknown := await licences.unknown():
        error = unknown_licence(", ".join(unknown))
        known = ", ".join(sorted(sku.name for sku in (await licences.skus()).all)) or "none"
        return Check("Licences", ok=False, detail=f"{error} Its licences: {known}.", fix=error.fix)
    if full := await licences.exhausted():
        detail = f"No seat is left for another user: {seats(full)}."
        return Check("Licences", ok=False, detail=detail, fix=BUY_SEATS)
    return Check("Licences", ok=True, detail="The tenant knows the licences of the settings, and seats are left.")


async def _domains(client: GraphClient, settings: GraphSettings) -> Check:
    """See that the domains of the settings are the tenant's, and that federated ones are among them."""
    try:
        verified = await Domains(client).verified()
    except ConnectorError as error:
        named = bool(settings.federated_domains)
        detail = f"{error} So the domains were not looked at."
        return Check("Domains", ok=not named, detail=detail, fix=error.fix if named else "")
    for domain in settings.federated_domains:
        if domain not in verified:
            fix = f"Correct the federated domains in the connection. {unverified(domain).fix}"
            detail = f"{domain} is no verified domain of the tenant, and the connection names it as a federated one."
            return Check("Domains", ok=False, detail=detail, fix=fix)
    for domain in settings.federated_domains:
        if verified[domain] == "Managed":
            return Check(
                "Domains",
                ok=False,
                detail=f"{domain} is not federated: Entra ID signs its users in itself.",
                fix="Take the domain out of the federated domains of the connection, or finish its federation.",
            )
    for domain, kind in sorted(verified.items()):
        if kind == "Federated" and domain not in settings.federated_domains:
            return failed("Domains", no_immutable_id(domain))
    return Check("Domains", ok=True, detail=f"The tenant's verified domains: {', '.join(sorted(verified))}.")


async def _owners(client: GraphClient, settings: GraphSettings) -> Check:
    accounts = Accounts(client, settings)
    for owner in await Ownership(accounts, settings.group_owners).of_new(()):
        if not await accounts.exists(ObjectKind.USER, owner):
            raise owner_missing()
    return Check("Owners of new groups", ok=True, detail="Every owner of new groups has an account in the tenant.")


async def _guarded(name: str, look: Callable[[], Awaitable[Check]]) -> Check:
    try:
        return await look()
    except ConnectorError as error:
        return failed(name, error)


def failed(name: str, error: ConnectorError) -> Check:
    """Return a failed check with an error's own words: a verb that meets the same says the same."""
    fix = error.fix or "Verify again. If it persists, look at the Microsoft 365 service health."
    return Check(name, ok=False, detail=str(error), fix=fix)


def _is_other(wanted: str, found: str) -> bool:
    """Whether two tenant ids differ; a domain in place of an id is not compared."""
    try:
        return UUID(wanted) != UUID(found)
    except ValueError:
        return False
