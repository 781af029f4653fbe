"""Verify Credentials: tries a connection for real and says in words what was checked and what is missing."""

import asyncio

from connectors.contract import Check, Verification
from connectors.errors import ConnectorError
from provisioning.connections.connection import Connection
from provisioning.connections.opening import OpenConnectors

VERIFY_SECONDS = 60.0
"""A verification that takes longer is given up: the front end of Azure Functions ends a request after 230 s."""

_OPENING = "Settings and secrets"


async def verify(
    connectors: OpenConnectors, connection: Connection, seconds: float = VERIFY_SECONDS, *, trial: bool = False
) -> Verification:
    """Return the checks of a connection, on a connector of its own: never one that old credentials have opened.

    The rights are looked at that the connection's features need; with ``trial``, by writing an object and deleting it.
    """
    try:
        connector = await connectors.alone(connection)
    except ConnectorError as error:
        return Verification((Check(_OPENING, ok=False, detail=str(error), fix=error.fix),))
    features = connection.features.within(connector.capabilities).chosen()
    opened = Check(_OPENING, ok=True, detail="The settings are valid and every secret is there.")
    try:
        async with asyncio.timeout(seconds):
            found = (await connector.verify(features, trial=trial)).checks
    except TimeoutError:
        found = (
            Check(
                "Answer",
                ok=False,
                detail=f"The system did not answer within {seconds:.0f} s.",
                fix="Check host and port, and that no firewall drops the hub's connections silently.",
            ),
        )
    except ConnectorError as error:
        found = (Check("Answer", ok=False, detail=str(error), fix=error.fix),)
    finally:
        await connector.close()
    return Verification((opened, *found))
