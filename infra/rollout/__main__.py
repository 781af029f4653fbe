"""``python -m infra.rollout``: the command line. Its exit codes are those of ``Ending``."""

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from infra.rollout import app as azure
from infra.rollout import pack, web
from infra.rollout.deploy import Deployment, Ending, deploy, previous, switch
from infra.rollout.releases import Releases
from infra.rollout.smoke import smoke, token_from
from infra.rollout.watch import Patience, look, watch
from infra.rollout.words import Failed, Refused, say

ROOT = Path(__file__).parents[2]
TOKEN = "env:SMOKE_TOKEN"  # noqa: S105 - where the token is, not the token


def main(words: list[str] | None = None) -> int:
    """Do one command and return its exit code."""
    options = _parser().parse_args(words)
    signal.signal(signal.SIGTERM, _interrupt)  # what a pipeline sends when somebody cancels it
    try:
        return int(_run(options))
    except Refused as problem:
        say(f"refused, and nothing was changed: {problem}", error=True)
        return Ending.REFUSED
    except Failed as problem:
        say(f"FAILED: {problem}", error=True)
        return Ending.BACK
    except KeyboardInterrupt:
        say("interrupted: see python -m infra.rollout versions", error=True)
        return 130


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def _run(options: argparse.Namespace) -> Ending:
    match options.command:
        case "package":
            pack.package(ROOT, options.out, build=options.build, allow_dirty=options.allow_dirty)
        case "smoke":
            smoke(web.origin(options.url), token_from(options.token))
        case "watch":
            _watch(options)
        case "versions":
            _versions(options)
        case "rollback":
            on = _deployment(options, token=None)
            return switch(on, options.to or previous(on))
        case _:
            return deploy(_deployment(options, token=_token(options), first=options.first), options.package)
    return Ending.DONE


def _deployment(options: argparse.Namespace, *, token: str | None, first: bool = False) -> Deployment:
    found = azure.find(options.app, options.resource_group)
    origin = web.origin(options.url) if options.url else found.origin
    return Deployment(found, origin, Releases(found.account), _patience(options), token, first)


def _token(options: argparse.Namespace) -> str | None:
    """The token for the smoke test; at a first deployment there is no source yet that could have one."""
    try:
        return token_from(options.token)
    except Refused:
        if options.first and options.token == TOKEN:
            return None
        raise


def _patience(options: argparse.Namespace) -> Patience:
    return Patience(options.times, options.limit, options.interval)


def _watch(options: argparse.Namespace) -> None:
    if not options.release.endswith(".zip"):
        watch(web.origin(options.url), options.release, _patience(options))
        return
    made = pack.read(Path(options.release))
    if not (options.app and options.resource_group):
        raise Refused("With a package, --app and --resource-group are needed: its functions are compared with Azure's.")
    found = azure.find(options.app, options.resource_group)
    watch(web.origin(options.url), made.version, _patience(options), lambda: azure.functions(found), made.functions)


def _versions(options: argparse.Namespace) -> None:
    on = _deployment(options, token=None)
    running = look(on.origin)
    found = on.releases.all()
    for each in found:
        runs = each.version == running.version
        mark = "  <- runs now" if runs else "" if each.ran else "  (not known to have come up)"
        say(f"{each.stored}  {each.size / 1e6:6.1f} MB  {each.version}{mark}")
    if running.version not in {each.version for each in found}:
        say(f"running now: {running}; it is not among these")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.rollout",
        description="Build a package of the app, deploy it to Azure, wait until it runs, roll back: docs/release.md.",
        epilog="Exit codes: 0 done; 1 failed, and what ran before runs again (or a check failed); 2 refused, and "
        "nothing was changed; 3 failed and not rolled back. Sign in with az login first.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_package(commands.add_parser("package", help="build lockstep-VERSION.zip and try it out"))

    command = commands.add_parser("deploy", help="publish a package, wait until it runs, roll back when it does not")
    command.add_argument("package", type=Path, metavar="PACKAGE", help="the zip that package made")
    command.add_argument("--first", action="store_true", help="go on where there is no version to go back to")
    _add_app(command)
    _add_token(command)
    _add_patience(command)

    command = commands.add_parser(
        "rollback", help="publish a release again (default: the last before this one that came up)"
    )
    command.add_argument("--to", metavar="VERSION", type=_version, help="the release to go back to")
    _add_app(command)
    _add_patience(command)

    command = commands.add_parser("watch", help="wait until a version answers, several times in a row")
    command.add_argument("release", metavar="VERSION|PACKAGE", help="with a package, its functions are compared, too")
    command.add_argument("--url", required=True, help="where the app is: https://HOST")
    command.add_argument("--app", help="name of the function app")
    command.add_argument("--resource-group", help="its resource group")
    _add_patience(command)

    command = commands.add_parser("smoke", help="play Entra's Test Connection, and look whether all doors are shut")
    command.add_argument("--url", required=True, help="where the app is: https://HOST")
    _add_token(command)

    _add_app(commands.add_parser("versions", help="list the releases, and which one runs"), patience=True)
    return parser


def _add_package(command: argparse.ArgumentParser) -> None:
    command.add_argument("--out", type=Path, default=ROOT / "build", help="folder for the zip (default: build)")
    command.add_argument("--build", help="what stands behind + in the version (default: the short commit)")
    command.add_argument("--allow-dirty", action="store_true", help="build a checkout that differs from its commit")


def _add_app(command: argparse.ArgumentParser, *, patience: bool = False) -> None:
    command.add_argument("--app", required=True, help="name of the function app")
    command.add_argument("--resource-group", required=True, help="its resource group")
    command.add_argument("--url", help="where the app is (default: its own host name): https://HOST")
    if patience:
        command.set_defaults(times=1, limit=0, interval=0)


def _add_token(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--token",
        metavar="REFERENCE",
        default=TOKEN,
        help="where a source's SCIM token is: env:NAME, file:PATH or vault:VAULT/SECRET (default: %(default)s)",
    )


def _add_patience(command: argparse.ArgumentParser) -> None:
    default = Patience()
    command.add_argument(
        "--times", type=int, default=default.times, help="good answers in a row (default: %(default)s)"
    )
    command.add_argument("--limit", type=float, default=default.limit, help="seconds to wait (default: %(default)g)")
    command.add_argument(
        "--interval", type=float, default=default.interval, help="seconds between looks (default: %(default)g)"
    )


def _version(text: str) -> str:
    if not pack.is_version(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no version such as 0.1.0+1a2b3c4d5e6f")
    return text


if __name__ == "__main__":
    sys.exit(main())
