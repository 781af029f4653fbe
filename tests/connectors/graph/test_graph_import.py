"""Cold start: the connector's own modules are cheap, and Microsoft's arrive with the first request."""

import subprocess
import sys

LIBRARIES = ("msgraph", "msgraph_core", "kiota_http", "azure.identity", "azure.core", "httpx", "aiohttp", "msal")


def test_importing_and_opening_import_no_library() -> None:
    code = (
        "import sys\n"
        "from connectors.graph import GraphConnector, GraphSettings\n"
        "GraphConnector.open(GraphSettings())\n"
        f"print([name for name in {LIBRARIES} if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
