"""The operator's command and the nightly jobs, over a whole hub: save, lose a table, restore, converge on."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from connectors.contract import ObjectKind
from connectors.memory import DIRECTORIES
from connectors.memory import Directory as Target
from provisioning.backup import __main__ as backup_command
from provisioning.backup.runs import CONTAINER, ORDER
from provisioning.connections.connection import Connection
from provisioning.engine.jobs import backup_job
from provisioning.hub import QUEUES, TABLES, Hub
from provisioning.settings import Settings
from provisioning.storage.entities import StoreError
from provisioning.storage.store import Storage
from sandbox.azurite import Azurite
from tests.draining import drain

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azurite]:
    """An account of its own: the command knows no prefix."""
    with Azurite.start(log=tmp_path_factory.mktemp("azurite") / "log") as started:
        yield started


@pytest.fixture
async def hub(azurite: Azurite) -> AsyncIterator[Hub]:
    storage = Storage.from_connection_string(azurite.connection_string)
    await storage.ensure(TABLES, QUEUES)
    opened = Hub.over(storage, Settings())
    yield opened
    await opened.close()


def command(azurite: Azurite, *arguments: str, **setting: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "AzureWebJobsStorage": azurite.connection_string, **setting}
    return subprocess.run(
        [sys.executable, "-m", "provisioning.backup", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_a_lost_directory_is_restored_and_nobody_is_created_twice(hub: Hub, azurite: Azurite) -> None:
    empty = command(azurite, "list")
    assert "There is no backup yet" in empty.stdout
    assert command(azurite, "restore", "latest").stderr.startswith("There is no backup yet")
    target = DIRECTORIES["backed-up"] = Target()
    await hub.connections.create(
        Connection("target", "Target", "memory", enabled=True, settings={"directory": "backed-up"})
    )
    made = await hub.directory.create(ObjectKind.USER, {"userName": "mira@example.com"}, "entra")
    await drain(hub)
    accounts = [account.remote_id for account in target.accounts.values()]
    assert len(accounts) == 1

    await hub.jobs.send([backup_job(hub.backup.begin())])
    await drain(hub)
    listed = command(azurite, "list")
    run = listed.stdout.split()[0]
    assert all(table in listed.stdout for table in ORDER)
    assert command(azurite, "restore", run, "--check").returncode == 0

    await hub.storage._account.table_client.delete_table("directory")
    refused = command(azurite, "restore", run, "--table", "directory")
    assert (refused.returncode, "Disable every connection first" in refused.stderr) == (1, True)
    await hub.connections.enable("target", enabled=False)
    restored = command(azurite, "restore", "latest", "--table", "directory")
    assert restored.returncode == 0, restored.stderr
    assert f"Restored from {run}: directory." in restored.stdout

    assert (await hub.directory.get(ObjectKind.USER, made.id)).document["userName"] == "mira@example.com"
    await hub.connections.enable("target")
    await hub.directory.replace(await hub.directory.get(ObjectKind.USER, made.id), {"userName": "mira.new@example.com"})
    await drain(hub)
    assert [account.remote_id for account in target.accounts.values()] == accounts


async def test_an_operator_saves_before_an_upgrade(hub: Hub, azurite: Azurite) -> None:
    done = command(azurite, "save")
    assert done.returncode == 0, done.stderr
    run = done.stdout.split()[-3]
    assert f"{run}/manifest.json" in [blob.name async for blob in hub.storage.container(CONTAINER).list()]


@pytest.mark.parametrize(
    ("arguments", "setting", "words"),
    [
        (["list", "--account", "https://x.example"], {}, "--account is not the name of a storage account"),
        (["save"], {"LOCKSTEP_BACKUP_DAY": "3"}, "Did you mean LOCKSTEP_BACKUP_DAYS?"),
    ],
)
def test_what_is_given_wrongly_is_told_in_words(
    azurite: Azurite, arguments: list[str], setting: dict[str, str], words: str
) -> None:
    refused = command(azurite, *arguments, **setting)
    assert (refused.returncode, words in refused.stderr, "Traceback" in refused.stderr) == (1, True, False)


def test_who_is_not_signed_in_is_told_to(azurite: Azurite, tmp_path: Path) -> None:
    # Nobody can answer here: no identity of a machine, no folder of any tool, no path to one.
    nobody = {
        "AZURE_TOKEN_CREDENTIALS": "dev",
        "HOME": str(tmp_path),
        "PATH": str(tmp_path),
        "AZURE_CONFIG_DIR": str(tmp_path),
    }
    refused = command(azurite, "list", "--account", "stlockstepcontosoprd", **nobody)
    assert (refused.returncode, "az login" in refused.stderr) == (1, True)


def test_help_names_the_commands(azurite: Azurite) -> None:
    told = command(azurite, "--help").stdout
    assert all(word in told for word in ("list", "save", "restore"))


def test_whoever_may_not_is_told_the_narrowest_roles(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def refused(_: object) -> int:
        raise StoreError("Storage answers 403 AuthorizationPermissionMismatch.")

    monkeypatch.setattr(backup_command, "_run", refused)
    assert backup_command.main(["list"]) == 1
    # On the whole account that role is one on the package that the app runs.
    assert "Storage Blob Data Contributor on its container 'backups' alone" in capsys.readouterr().err
