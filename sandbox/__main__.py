"""``python -m sandbox``: the commands of the local system. The Makefile calls them after its set-up."""

import argparse
import asyncio
import sys
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

from sandbox.services import LOCAL, ServiceFailed


def main() -> int:
    """Do one command; the exit code says whether it went well."""
    options = _arguments()
    try:
        match options.command:
            case "install":
                return install()
            case "up" | "demo":
                from sandbox.serve import run  # with all that it needs; the other commands answer at once

                demo = options.command == "demo"
                outage, once = demo and options.outage, demo and options.once
                return asyncio.run(run(options.state.resolve(), demo=demo, once=once, outage=outage))
            case _:
                from sandbox.control import ask

                print(ask(options.command, getattr(options, "service", ""), options.state))
                return 0
    except ServiceFailed as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def install() -> int:
    """Install the servers, side by side. Only storage is needed; what else is missing is named."""
    from sandbox import azurite, samba, slapd

    with ThreadPoolExecutor() as threads:
        installing: dict[str, Future[Path]] = {
            "Azurite": threads.submit(azurite.install),
            "slapd": threads.submit(slapd.install),
            "Samba": threads.submit(samba.install),
        }
        wait(installing.values(), timeout=1)  # what is there already needs no words
        for name, done in installing.items():
            if not done.done():
                print(f"setup: installing {name}", file=sys.stderr, flush=True)
    problems = {name: done.exception() for name, done in installing.items()}
    for problem in filter(None, problems.values()):
        if not isinstance(problem, ServiceFailed):
            raise problem
        print(f"setup: {problem}", file=sys.stderr)
    if problems["Azurite"]:
        print("setup: nothing runs without storage", file=sys.stderr)
        return 1
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="The local system of Lockstep.")
    parser.add_argument("--state", type=Path, default=LOCAL, help="folder of the state (default: .local)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start everything and serve until Ctrl-C")
    demo = commands.add_parser("demo", help="start from nothing, play Entra, compare, and serve until Ctrl-C")
    demo.add_argument("--once", action="store_true", help="stop after the play; the exit code says whether all agreed")
    demo.add_argument("--outage", action="store_true", help="stop the LDAP server in the middle, and start it again")
    commands.add_parser("install", help="install Azurite, slapd and Samba where they are missing")
    commands.add_parser("status", help="say what runs")
    for name in ("stop", "start"):
        command = commands.add_parser(name, help=f"{name} one service of the running system")
        command.add_argument("service", choices=["azurite", "slapd", "graph", "host"])
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
