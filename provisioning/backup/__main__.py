"""The operator's command: list, save and restore backups, with the operator's own sign-in to the storage account.

    python -m provisioning.backup list --account stlockstepcontosoprd
    python -m provisioning.backup restore latest --table directory --account stlockstepcontosoprd

Without ``--account`` the settings of the environment say which account it is, as they do for the app.
"""

import argparse
import asyncio
import logging
import sys
from datetime import timedelta

from provisioning.backup.restoring import RefusedToRestore, Restore
from provisioning.backup.runs import CONTAINER, ORDER, MalformedBackup, Manifest, Position, begun
from provisioning.backup.saving import Backup
from provisioning.settings import settings
from provisioning.storage.entities import StoreError
from provisioning.storage.opening import open_storage
from provisioning.storage.store import Storage


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code: 0 done, 1 refused or failed."""
    options = _parser().parse_args(arguments)
    logging.getLogger("azure").setLevel(logging.ERROR)
    try:
        return asyncio.run(_run(options))
    except (MalformedBackup, RefusedToRestore, StoreError, LookupError) as error:
        sys.stderr.write(f"{error}\n")
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
            await restore.check(manifest, tables)
            _say(f"The backup {manifest.run} is whole: {_counts(manifest)}.")
            return 0
        await restore.restore(manifest, tables, over=options.over, progress=_progress)
        _say(f"Restored from {manifest.run}: {', '.join(tables)}.")
        if "connections" in tables:
            _say("Connections came back disabled: enable them when the directory is up to date.")
        return 0
    finally:
        await storage.close()


async def _storage(account: str | None) -> Storage:
    if account is None:
        return open_storage(settings())
    from azure.identity.aio import DefaultAzureCredential

    return Storage.from_identity(account, DefaultAzureCredential())


async def _save(storage: Storage) -> int:
    backup = Backup(storage, storage.container(CONTAINER), ORDER, timedelta(days=settings().backup_days))
    at: Position | None = backup.begin()
    run = at.run if at else ""
    while at is not None:
        _say(f"{at.table}: part {at.part + 1}")
        at = await backup.step(at)
    _say(f"The backup {run} is whole.")
    return 0


async def _list(restore: Restore) -> int:
    found = await restore.runs()
    for manifest in found:
        _say(
            f"{manifest.run}  {begun(manifest.run):%Y-%m-%d %H:%M} UTC  version {manifest.version}  {_counts(manifest)}"
        )
    if not found:
        _say("There is no backup yet. The timer 'backup' writes one every night; `save` writes one now.")
    return 0


def _counts(manifest: Manifest) -> str:
    return ", ".join(f"{table} {manifest.rows(table):,}" for table in manifest.tables)


def _progress(table: str, written: int, total: int) -> None:
    if written == total or not written % 10_000:
        _say(f"{table}: {written:,} of {total:,} rows")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
