"""The operator's command for Entra's side: attribute mappings, scoping filters and matching from a file.

    python -m provisioning.entra plan infra/entra/user-and-group-mappings.yaml --service-principal OBJECT-ID

Exit codes: 0 in step, or done; 2 the plan has changes; 1 anything else.
"""

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from provisioning.entra import backup, commands
from provisioning.entra.addresses import PUBLIC, Addresses
from provisioning.entra.errors import EntraError, Unusable
from provisioning.entra.graph import Graph, credential
from provisioning.entra.terminal import say
from provisioning.settings import SettingsError, settings


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        # Not argparse's 2, which means here that there are changes.
        self.exit(commands.FAILED, f"{self.prog}: error: {message}\n")


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = _Parser(
        prog="python -m provisioning.entra",
        description="Reads, compares, backs up and writes the synchronization schema of the enterprise application in "
        "Entra: attribute mappings, scoping filters, matching. docs/entra-as-code.md has the way of working.",
        epilog="Exit codes: 0 in step, or done; 2 the plan has changes; 1 an error. It signs in as you are on this "
        "machine (az login, a workload identity), and takes no secret as an argument.",
    )
    subparsers = parser.add_subparsers(
        dest="command",
        required=True,
        metavar="COMMAND",
    )

    job = _Parser(add_help=False)
    job.add_argument("--service-principal", default="", metavar="ID", help="object id of the enterprise application")
    job.add_argument("--job", default="", metavar="ID", help="synchronization job; found by itself where there is one")
    job.add_argument("--graph", default="", metavar="URL", help=f"national cloud (default: https://{PUBLIC})")
    job.add_argument("--authority", default="", metavar="URL", help="sign-in of that cloud (default: Graph's own)")

    writing = _Parser(add_help=False)
    writing.add_argument("--yes", action="store_true", help="do not ask")
    folder = _Parser(add_help=False)
    folder.add_argument(
        "--backups", type=Path, default=Path("entra-backups"), metavar="DIR", help="where backups go (entra-backups)"
    )

    for name, words_ in (("show", "print the schema as a file has it"), ("export", "the same, into a file")):
        each = subparsers.add_parser(name, parents=[job], help=words_)
        if name == "export":
            each.add_argument("file", type=Path, help="file to write")
    each = subparsers.add_parser("plan", parents=[job], help="show what apply would change")
    each.add_argument("file", type=Path)
    each = subparsers.add_parser("apply", parents=[job, writing, folder], help="write what a file says, after a plan")
    each.add_argument("file", type=Path)
    each.add_argument("--expect", metavar="HASH", help="refuse unless file and schema are what they were for a plan")
    each.add_argument("--restart", action="store_true", help="restart the job afterwards")
    each.add_argument(
        "--reset-scope",
        default=commands.RESET_SCOPE,
        metavar="WORDS",
        help=f"what the restart resets, of {', '.join(commands.RESET_SCOPES)} (default: {commands.RESET_SCOPE})",
    )
    each = subparsers.add_parser("backup", parents=[job, folder], help="keep the schema byte for byte")
    each.add_argument("file", type=Path, nargs="?", help="file to write (default: a new one among the backups)")
    each = subparsers.add_parser("restore", parents=[job, writing, folder], help="put a backup back")
    each.add_argument("file", type=Path)
    each.add_argument("--force", action="store_true", help="also into another job than it was taken of")
    each = subparsers.add_parser("validate", help="check a file without asking Entra")
    each.add_argument("file", type=Path)
    return parser.parse_args(words)


def _run(given: argparse.Namespace) -> int:
    if given.command == "validate":
        return commands.check_file(given.file)
    saved = backup.load(given.file) if given.command == "restore" else None
    service_principal = given.service_principal or (saved.service_principal if saved else "")
    if not service_principal:
        raise Unusable("Name the enterprise application: --service-principal OBJECT-ID (Terraform's output has it).")
    if given.command == "apply" and not {word.strip() for word in given.reset_scope.split(",")} <= {
        *commands.RESET_SCOPES
    }:
        raise Unusable(f"--reset-scope takes a list of {', '.join(commands.RESET_SCOPES)}.")

    # A backup brings no address: a file could send the token anywhere within what is trusted, so it is not asked.
    addresses = Addresses.chosen(given.graph or f"https://{PUBLIC}", given.authority, settings().trusted_origins)
    with credential(addresses) as signed_in, Graph(addresses, service_principal, signed_in) as graph:
        job = graph.job(given.job or (saved.job if saved and not given.force else ""))
        if given.command in ("show", "export"):
            return commands.show(graph, job, given.file if given.command == "export" else None)
        if given.command == "plan":
            return commands.show_plan(graph, job, given.file)
        if given.command == "backup":
            return commands.take_backup(graph, job, given.backups, given.file)
        if saved is not None:
            return commands.restore(graph, job, saved, folder=given.backups, yes=given.yes, force=given.force)
        return commands.apply(
            graph,
            job,
            given.file,
            folder=given.backups,
            yes=given.yes,
            expect=given.expect,
            reset_scope=given.reset_scope if given.restart else "",
        )


def main(words: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    given = _arguments(words)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal's code page has not must not end the command between two steps.
            stream.reconfigure(errors="backslashreplace")
    try:
        return _run(given)
    except (EntraError, SettingsError) as error:
        say(str(error), error=True)
        return commands.FAILED
    except KeyboardInterrupt:
        say("\nStopped.", error=True)
        return commands.FAILED


if __name__ == "__main__":
    sys.exit(main())
