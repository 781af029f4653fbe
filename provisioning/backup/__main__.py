"""The operator's command: list, save and restore backups, with the operator's own sign-in to the storage account.

    python -m provisioning.backup list --account stlockstepcontosoprd
    python -m provisioning.backup restore latest --table directory --account stlockstepcontosoprd

Without ``--account`` the settings of the environment say which account it is, as they do for the app.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence

from azure.core.exceptions import ClientAuthenticationError

from provisioning.backup.restoring import CONNECTIONS, DIRECTORY, SOURCES, Progress, RefusedToRestore, Restore
from provisioning.backup.runs import CONTAINER, ORDER, MalformedBackup, Manifest, Position, begun
from provisioning.backup.saving import Backup
from provisioning.backup.since import Since
from provisioning.setting_rules import wrong_account
from provisioning.settings import SettingsError, settings
from provisioning.storage.access import SCOPE
from provisioning.storage.entities import StoreError
from provisioning.storage.opening import open_storage
from provisioning.storage.store import Storage

_ROLES = (
    "You need the roles Storage Table Data Contributor on the account and Storage Blob Data Contributor on its "
    f"container {CONTAINER!r} alone; a new role takes some minutes. AuthorizationFailure is its firewall: run this "
    "from a machine that it lets in."
)
_EVERY = 10_000
"""Rows after which progress is told."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code: 0 done, 1 refused or failed."""
    options = _parser().parse_args(arguments)
    logging.getLogger("azure").setLevel(logging.ERROR)
    try:
        return asyncio.run(_run(options))
    except (MalformedBackup, RefusedToRestore, StoreError, LookupError, SettingsError) as error:
        hint = f" {_ROLES}" if isinstance(error, StoreError) and " 403 " in str(error) else ""
        sys.stderr.write(f"{error}{hint}\n")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m provisioning.backup", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    every = argparse.ArgumentParser(add_help=False)
    every.add_argument("--account", metavar="NAME", help="the storage account; sign in with `az login` first")
    commands.add_parser("list", parents=[every], help="show the backups that there are, newest first")
    commands.add_parser("save", parents=[every], help="write a backup now, beside the nightly ones")
    restore = commands.add_parser("restore", parents=[every], help="write tables back from a backup")
    restore.add_argument("run", help="its name as `list` shows it, or 'latest'")
    restore.add_argument("--table", action="append", choices=ORDER, help="only this table; may be given repeatedly")
    restore.add_argument("--over", action="store_true", help="write into tables that hold rows already")
    restore.add_argument("--check", action="store_true", help="only read the backup and say whether it is whole")
    return parser


async def _run(options: argparse.Namespace) -> int:
    storage = await _storage(options.account)
    try:
        if options.command == "save":
            return await _save(storage)
        restore = Restore(storage, storage.container(CONTAINER))
        if options.command == "list":
            return await _list(restore)
        manifest = await restore.manifest(options.run)
        tables = options.table or [table for table in ORDER if table in manifest.tables]
        if options.check:
            await restore.check(manifest, tables, _progress())
            _say(f"Whole in the backup {manifest.run}: {_counts(manifest, tables)}.")
            return 0
        since = await restore.restore(manifest, tables, over=options.over, progress=_progress())
        _say(f"Restored from {manifest.run}: {', '.join(tables)}.")
        _advise(manifest.run, tables, since)
        return 0
    finally:
        await storage.close()


def _advise(run: str, tables: Sequence[str], since: Since) -> None:
    """Say what is left to do, and who is not as in the backup."""
    for people, what in (
        (since.left_out, "Not restored, because the links know that they were deleted since"),
        (since.deactivated, "Restored as inactive, because the links know that they were deactivated since"),
        (since.unnamed, "Somebody else has taken their names since; rename or delete them, or let Entra do it"),
        (since.let_go, "Came since the backup; their accounts are linked anew when they come again"),
    ):
        if people:
            _say(f"{what}: {', '.join(sorted(set(people)))}.")
    if CONNECTIONS in tables:
        _say("Connections came back disabled: enable them when the directory is up to date.")
    if SOURCES in tables:
        _say(
            f"Sources came back disabled, with the tokens and secrets of {begun(run):%Y-%m-%d %H:%M} UTC. Revoke again "
            "those that were revoked since, then enable the sources."
        )
    if DIRECTORY in tables:
        _say("Next: enable the sources, restart provisioning in Entra, and only after its cycle enable connections.")


async def _storage(account: str | None) -> Storage:
    if account is None:
        return open_storage(settings())
    if wrong := wrong_account(account):
        raise LookupError(f"--account {wrong}")
    from azure.identity.aio import DefaultAzureCredential

    credential = DefaultAzureCredential()
    try:
        await credential.get_token(SCOPE)
    except ClientAuthenticationError:
        await credential.close()
        raise LookupError("You are not signed in to Azure. Sign in with `az login`, then try again.") from None
    return Storage.from_identity(account, credential)


async def _save(storage: Storage) -> int:
    # What is past its time is the nightly run's to remove: the app's settings say when, and they are not known here.
    backup = Backup(storage, storage.container(CONTAINER), ORDER, kept=None)
    at: Position | None = backup.begin()
    run = at.run if at else ""
    while at is not None:
        _say(f"{at.table}: part {at.part + 1}")
        at = await backup.step(at)
    _say(f"The backup {run} is whole.")
    return 0


async def _list(restore: Restore) -> int:
    found = await restore.runs()
    for run in found:
        try:
            manifest = await restore.manifest(run)
            told = f"version {manifest.version}  {_counts(manifest, manifest.tables)}"
        except MalformedBackup as malformed:
            told = str(malformed)
        _say(f"{run}  {begun(run):%Y-%m-%d %H:%M} UTC  {told}")
    if not found:
        _say("There is no backup yet. The timer 'backup' writes one every night; `save` writes one now.")
    return 0


def _counts(manifest: Manifest, tables: Sequence[str]) -> str:
    return ", ".join(f"{table} {manifest.rows(table):,}" for table in tables)


def _progress() -> Progress:
    told: dict[str, int] = {}

    def tell(what: str, rows: int, total: int) -> None:
        if rows == total or rows - told.get(what, 0) >= _EVERY:
            told[what] = rows
            _say(f"{what}: {rows:,} of {total:,} rows")

    return tell


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
