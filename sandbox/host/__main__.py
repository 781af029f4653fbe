"""``python -m sandbox.host``: the command line of the local host."""

import argparse
import asyncio
import sys
from pathlib import Path


def main() -> None:
    """Serve the app that the arguments name, until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.host",
        description="Run an Azure Functions app (Python v2 model) locally, on Microsoft's own Python worker.",
        epilog="Application settings are environment variables; local.settings.json fills in what is not set. "
        "AzureFunctionsJobHost__section__name overrides host.json. AzureWebJobs.NAME.Disabled=1 leaves a function out.",
    )
    parser.add_argument("--app", type=Path, required=True, help="folder with function_app.py and host.json")
    parser.add_argument("--port", type=int, required=True, help="TCP port to serve HTTP on")
    parser.add_argument("--address", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--keys",
        metavar="FILE|env:NAME",
        help="function keys as JSON, in a file or an environment variable: an object of host.master, "
        "host.function.NAME and functions.FUNCTION.NAME. Without it only anonymous functions can be called.",
    )
    parser.add_argument(
        "--state", type=Path, help="folder for the status and locks of timers (default: .local/host in the app folder)"
    )
    parser.add_argument(
        "--grace", type=float, default=30, help="seconds to finish what runs after SIGTERM (default: %(default)g)"
    )
    arguments = parser.parse_args()

    # Imported here, so that --help and a wrong argument answer at once.
    from sandbox.host.host import Options, serve
    from sandbox.host.keys import load_keys
    from sandbox.host.settings import HostError

    app = arguments.app.resolve()
    try:
        options = Options(
            app=app,
            port=arguments.port,
            address=arguments.address,
            keys=load_keys(arguments.keys),
            state=(arguments.state or app / ".local/host").resolve(),
            grace=arguments.grace,
        )
        asyncio.run(serve(options))
    except HostError as problem:
        sys.exit(f"The host cannot start: {problem}")


if __name__ == "__main__":
    main()
