"""The "Verify Credentials" button: sign-in, Graph, what may be read and what may be written, each in words."""

import uuid
from collections.abc import Sequence

from connectors.contract import Check, Verification
from connectors.errors import ConnectorError
from connectors.graph.client import GraphClient
from connectors.graph.permissions import Operation, allows, grant

_READS = ((Operation.READ_USERS, "/users"), (Operation.READ_GROUPS, "/groups"))
_WRITES = (
    Operation.WRITE_USERS,
    Operation.SWITCH_USERS,
    Operation.DELETE_USERS,
    Operation.CREATE_GROUPS,
    Operation.CHANGE_GROUPS,
    Operation.DELETE_GROUPS,
    Operation.CHANGE_MEMBERS,
)
_TRIALS = (
    (Operation.WRITE_USERS, "/users", {"jobTitle": None}),
    (Operation.CHANGE_GROUPS, "/groups", {"description": None}),
)


async def verify(client: GraphClient) -> Verification:
    """Look at one thing after the other; what cannot be reached is not asked for more."""
    try:
        granted = await client.granted()
    except ConnectorError as error:
        return Verification((_failed("Sign-in", error),))
    checks = [Check("Sign-in", ok=True, detail="The sign-in service accepts the credentials.")]
    try:
        checks.append(await _tenant(client))
        checks += [await _read(client, operation, path) for operation, path in _READS]
        checks += _permissions(granted) if granted is not None else [await _try(client, *trial) for trial in _TRIALS]
    except ConnectorError as error:
        checks.append(_failed("Microsoft Graph", error))
    return Verification(tuple(checks))


async def _tenant(client: GraphClient) -> Check:
    """Name the tenant, where the application may read that; it need not."""
    reply = await client.send("GET", "/organization", query={"$select": "id,displayName"})
    if reply.status == 403:
        return Check("Microsoft Graph", ok=True, detail="Microsoft Graph answers. The tenant's name may not be read.")
    await client.expect(reply, Operation.READ_USERS, "tenant")
    found = reply.body.get("value") if isinstance(reply.body, dict) else None
    first = found[0] if isinstance(found, list) and found and isinstance(found[0], dict) else {}
    return Check(
        "Microsoft Graph",
        ok=True,
        detail=f"Microsoft Graph answers for the tenant {first.get('displayName')} ({first.get('id')})."
        if first
        else "Microsoft Graph answers.",
    )


async def _read(client: GraphClient, operation: Operation, path: str) -> Check:
    name = operation.capitalize()
    reply = await client.send("GET", path, query={"$top": "1", "$select": "id"})
    if reply.status == 403:
        return Check(name, ok=False, detail=f"The application may not {operation}.", fix=grant(operation))
    await client.expect(reply, operation, path.strip("/"))
    return Check(name, ok=True, detail=f"The application may {operation}.")


def _permissions(granted: frozenset[str]) -> Sequence[Check]:
    """Judge by the permissions that the token names: nothing has to be written for it."""
    return [
        Check(operation.capitalize(), ok=True, detail=f"The application may {operation}.")
        if allows(granted, operation)
        else Check(
            operation.capitalize(),
            ok=False,
            detail=f"The application may not {operation}: none of the permissions for it is granted.",
            fix=grant(operation),
        )
        for operation in _WRITES
    ]


async def _try(client: GraphClient, operation: Operation, path: str, body: dict[str, None]) -> Check:
    """Change an object that does not exist: 404 tells that it would be allowed."""
    reply = await client.send("PATCH", f"{path}/{uuid.uuid4()}", body=body)
    name = operation.capitalize()
    if reply.status == 403:
        return Check(name, ok=False, detail=f"The application may not {operation}.", fix=grant(operation))
    if reply.status != 404:
        await client.expect(reply, operation, path.strip("/"))
    return Check(name, ok=True, detail=f"The application may {operation}, as far as can be told without doing it.")


def _failed(name: str, error: ConnectorError) -> Check:
    return Check(name, ok=False, detail=str(error), fix=error.fix or "Try again later.")
