"""Microsoft Graph: Entra ID and Microsoft 365 users and groups. Importing this imports no Microsoft library."""

from connectors.graph.connector import GraphConnector
from connectors.graph.settings import GraphSettings

__all__ = ["GraphConnector", "GraphSettings"]
