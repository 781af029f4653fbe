"""The "Verify Credentials" button: sign-in, Graph, what the features and settings need, each in words."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator

from connectors.contract import Check, Feature, Verification
from connectors.errors import ConnectorError
from connectors.graph.client import GraphClient
from connectors.graph.licences import Licences
from connectors.graph.permissions import Operation, allows, grant, grant_all, lacking
from connectors.graph.settings import GraphSettings
from connectors.graph.verify_tenant import content, failed, tenant

LOOK_SECONDS = 38.0
"""All of a verification ends within a minute, a trial included."""

USERS = frozenset(
    {
        Feature.IMPORT_USERS,
        Feature.CREATE_USERS,
        Feature.UPDATE_USERS,
        Feature.DEACTIVATE_USERS,
        Feature.DELETE_USERS,
        Feature.SYNC_PASSWORDS,
    }
)
NEEDED = {
    Feature.CREATE_USERS: (Operation.WRITE_USERS,),
    Feature.UPDATE_USERS: (Operation.WRITE_USERS,),
    Feature.DEACTIVATE_USERS: (Operation.SWITCH_USERS,),
    Feature.DELETE_USERS: (Operation.DELETE_USERS,),
    Feature.SYNC_PASSWORDS: (Operation.SET_PASSWORDS,),
    Feature.CREATE_GROUPS: (Operation.CREATE_GROUPS,),
    Feature.UPDATE_GROUPS: (Operation.CHANGE_GROUPS,),
    Feature.DELETE_GROUPS: (Operation.DELETE_GROUPS,),
    Feature.MANAGE_MEMBERSHIPS: (Operation.CHANGE_MEMBERS,),
}
"""What a feature needs besides reading."""

_READS = {Operation.READ_USERS: "/users", Operation.READ_GROUPS: "/groups"}
_ATTEMPTS = {
    Operation.WRITE_USERS: ("/users", {"jobTitle": None}),
    Operation.CHANGE_GROUPS: ("/groups", {"description": None}),
}
"""What can be tried on an object that does not exist."""


def operations(features: frozenset[Feature], settings: GraphSettings) -> list[Operation]:
    """Return what the connection does besides reading, in the order of ``Operation``. Pure."""
    needed = {operation for feature in features for operation in NEEDED.get(feature, ())}
    if Feature.DEACTIVATE_USERS in features and settings.revoke_sessions:
        needed.add(Operation.REVOKE_SESSIONS)
    if settings.permanent_delete:
        needed |= {Operation.RESTORE_USERS} if Feature.DELETE_USERS in features else set()
        needed |= {Operation.RESTORE_GROUPS} if Feature.DELETE_GROUPS in features else set()
    if settings.manages_licences and features & {Feature.CREATE_USERS, Feature.UPDATE_USERS}:
        needed.add(Operation.ASSIGN_LICENCES)
    return [operation for operation in Operation if operation in needed]


async def verify(
    client: GraphClient, settings: GraphSettings, licences: Licences, features: frozenset[Feature]
) -> Verification:
    """Look at one thing after the other; what cannot be reached is not asked for more. Nothing is written."""
    checks: list[Check] = []
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            async for check in _look(client, settings, licences, features):
                checks.append(check)  # noqa: PERF401 - what was seen stays when the time is over
    except TimeoutError:
        detail = f"Not everything was looked at within {LOOK_SECONDS:.0f} s."
        fix = "Verify again. If it persists, look at the network between the hub and Microsoft, and its service health."
        checks.append(Check("Time", ok=False, detail=detail, fix=fix))
    return Verification(tuple(checks))


async def _look(
    client: GraphClient, settings: GraphSettings, licences: Licences, features: frozenset[Feature]
) -> AsyncIterator[Check]:
    try:
        granted = await client.granted()
    except ConnectorError as error:
        yield failed("Sign-in", error)
        return
    yield Check("Sign-in", ok=True, detail="The sign-in service accepts the credentials.")
    wanted = operations(features, settings)
    reads = [each for each in _READS if _concerns(each, features)]
    try:
        yield await tenant(client, settings)
        if granted is not None and not granted:
            yield Check("Admin consent", ok=False, detail=lacking(granted, reads[0]), fix=grant_all([*reads, *wanted]))
            return
        for each in reads:
            yield await _read(client, each, _READS[each])
        if granted is not None:
            for check in _permissions(granted, wanted):
                yield check
        else:
            for each in wanted:
                if each in _ATTEMPTS:
                    yield await _try(client, each, *_ATTEMPTS[each])
        async for check in content(client, settings, licences, features):
            yield check
    except ConnectorError as error:
        yield failed("Microsoft Graph", error)


def _concerns(operation: Operation, features: frozenset[Feature]) -> bool:
    """Whether the features have anything to do with what is read. Members are users, and so these are read for them."""
    if operation is Operation.READ_USERS:
        return bool(features & (USERS | {Feature.MANAGE_MEMBERSHIPS})) or not features
    return bool(features - USERS)


async def _read(client: GraphClient, operation: Operation, path: str) -> Check:
    name = operation.capitalize()
    reply = await client.send("GET", path, query={"$top": "1", "$select": "id"})
    if reply.status == 403:
        return Check(name, ok=False, detail=lacking(None, operation), fix=grant(operation))
    await client.expect(reply, operation, path.strip("/"))
    return Check(name, ok=True, detail=f"The application may {operation}.")


def _permissions(granted: frozenset[str], wanted: Iterable[Operation]) -> Iterator[Check]:
    """Judge by the permissions that the token names: nothing has to be written for it."""
    for operation in wanted:
        name = operation.capitalize()
        if allows(granted, operation):
            yield Check(name, ok=True, detail=f"The application may {operation}.")
        else:
            yield Check(name, ok=False, detail=lacking(granted, operation), fix=grant(operation))


async def _try(client: GraphClient, operation: Operation, path: str, body: dict[str, None]) -> Check:
    """Change an object that does not exist: 404 tells that it would be allowed."""
    reply = await client.send("PATCH", f"{path}/{uuid.uuid4()}", body=body)
    name = operation.capitalize()
    if reply.status == 403:
        return Check(name, ok=False, detail=lacking(None, operation), fix=grant(operation))
    if reply.status != 404:
        await client.expect(reply, operation, path.strip("/"))
    return Check(name, ok=True, detail=f"The application may {operation}, as far as can be told without doing it.")
