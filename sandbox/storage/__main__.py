"""``python -m sandbox.storage``: serve tables and queues on two loopback ports until SIGTERM."""

import argparse
import asyncio
import gc
import signal
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.services import LOOPBACK
from sandbox.storage.queue_service import QueueService
from sandbox.storage.queues import Queues
from sandbox.storage.table_service import TableService
from sandbox.storage.tables import Tables

MOST_BYTES = 8 * 1024 * 1024


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=MOST_BYTES)


async def serve(tables: Tables, account: str, table_port: int, queue_port: int) -> None:
    """Serve until the process is told to end."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    answers = ((table_port, TableService(tables, account).answer), (queue_port, QueueService(Queues(), account).answer))
    for port, answer in answers:
        runner = web.ServerRunner(web.Server(answer, request_factory=_request))
        await runner.setup()
        await web.TCPSite(runner, LOOPBACK, port).start()
    gc.freeze()
    await ended.wait()


def main() -> None:
    """Read the arguments and serve."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.storage", description=__doc__)
    parser.add_argument("--account", required=True)
    parser.add_argument("--table-port", type=int, required=True)
    parser.add_argument("--queue-port", type=int, required=True)
    parser.add_argument("--load", type=Path, help="a file of tables to begin with; it is not written to")
    given = parser.parse_args()
    tables = Tables.loaded(given.load) if given.load else Tables()
    asyncio.run(serve(tables, given.account, given.table_port, given.queue_port))


if __name__ == "__main__":
    main()
