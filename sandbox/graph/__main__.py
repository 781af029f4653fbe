"""``python -m sandbox.graph``: serve the simulator until SIGINT or SIGTERM."""

import argparse
import asyncio
import signal
import sys
from contextlib import nullcontext
from pathlib import Path

from sandbox.certificates import ensure_certificates
from sandbox.graph.keeping import kept
from sandbox.graph.knobs import Knobs
from sandbox.graph.server import serve
from sandbox.graph.simulator import Simulator
from sandbox.graph.state import Tenant
from sandbox.graph.tokens import Application


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.graph",
        description="Simulates a Microsoft Graph tenant (users, groups, memberships) over TLS on 127.0.0.1. "
        "The tenant is empty at each start, unless a file keeps it.",
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one (default: 0)")
    parser.add_argument(
        "--tls-dir", type=Path, required=True, help="directory of ca.crt, server.crt, server.key; made if absent"
    )
    parser.add_argument("--tenant", required=True, help="tenant id (a GUID)")
    parser.add_argument("--client-id", required=True, help="client id of the one app registration")
    parser.add_argument("--client-secret-file", type=Path, required=True, help="file that holds its client secret")
    parser.add_argument(
        "--domain",
        action="append",
        help="verified domain, the default one first; repeat for more (default: contoso.example)",
    )
    parser.add_argument(
        "--permission",
        action="append",
        help="consented application permission; repeat for more (default: User.ReadWrite.All, Group.ReadWrite.All, "
        "Organization.Read.All)",
    )
    parser.add_argument("--keep", type=Path, help="file that keeps what stands in the tenant from start to start")
    return parser.parse_args()


async def _run(arguments: argparse.Namespace) -> None:
    secret = arguments.client_secret_file.read_text().strip()
    if not secret:
        sys.exit(f"{arguments.client_secret_file} is empty: write the client secret into it")
    knobs = Knobs(permissions=frozenset(arguments.permission)) if arguments.permission else Knobs()
    tenant = Tenant(arguments.tenant, knobs=knobs)
    if arguments.domain:
        tenant.domains = tuple(domain.casefold() for domain in arguments.domain)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    simulator = Simulator(tenant, Application(arguments.client_id, secret))
    keeping = kept(simulator, arguments.keep) if arguments.keep else nullcontext()
    certificates = ensure_certificates(arguments.tls_dir)
    async with keeping, serve(simulator, certificates, port=arguments.port) as served:
        print(f"Graph simulator: {served.base_url} (tenant {tenant.id}, trust {served.ca})", flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(_run(_arguments()))
