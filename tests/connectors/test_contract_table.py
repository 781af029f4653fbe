"""The table of connectors by properties: what it says of passes, failures, and what was not tried and why."""

import subprocess
import sys
from pathlib import Path

import pytest

from connectors.testing import ConnectorContract
from connectors.testing.properties import Property, sentence, title_of
from connectors.testing.table import Result, Table

ROOT = Path(__file__).parents[2]
RULES = [Property(name, "Accounts", sentence(name), "So it is.") for name in ("test_it_walks", "test_it_flies")]

A_CONNECTOR_THAT_CANNOT_RENAME = """
import pytest
from connectors.errors import Rejected
from connectors.memory import Directory, MemoryConnector
from connectors.contract import Capabilities
from connectors.testing import ConnectorContract, SampleNames


class Rigid(MemoryConnector):
    capabilities = Capabilities()

    async def update(self, kind, remote_id, changes):
        if "login" in changes:
            raise Rejected("No.", code="rigid.no")
        return await super().update(kind, remote_id, changes)


class TestRigidContract(ConnectorContract):
    title = "A rigid system"

    @pytest.fixture
    def connector(self):
        return Rigid(Directory())

    @pytest.fixture
    def names(self):
        return SampleNames(login="login", display_name="displayName", title="title", group_name="name",
                           absent_user="x", absent_group="y")
"""


def test_of_several_tests_of_one_property_the_gravest_counts() -> None:
    table = Table()
    for result in (Result.PASS, Result.FAIL, Result.PASS, Result.SKIPPED):
        table.add("Kite", "test_it_flies", result)
    assert list(table.counts()) == ["Kite: 1 FAIL"]


def test_a_property_that_nobody_tried_is_not_a_pass() -> None:
    table = Table()
    table.add("Kite", "test_it_flies", Result.PASS)
    assert any(line.split() == ["It", "walks", "not", "run"] for line in table.whole(RULES))


def test_the_same_reason_is_told_once() -> None:
    table = Table()
    for test in ("test_it_walks", "test_it_flies"):
        table.add("Kite", test, Result.SKIPPED, "no wind")
    told = "\n".join(table.whole(RULES))
    assert told.count("no wind") == 1
    assert told.count("[1]") == 3


def test_a_class_without_a_title_is_called_by_its_name() -> None:
    class TestAcmeDeskContractOnTuesdays(ConnectorContract): ...

    assert title_of(TestAcmeDeskContractOnTuesdays) == "Acme Desk On Tuesdays"


@pytest.mark.parametrize("processes", ["0", "1"], ids=["alone", "with xdist"])
def test_an_author_gets_the_table_for_a_connector_of_their_own(tmp_path: Path, processes: str) -> None:
    file = tmp_path / "test_rigid_contract.py"
    file.write_text(A_CONNECTOR_THAT_CANNOT_RENAME)
    command = [sys.executable, "-m", "pytest", "-p", "connectors.testing.table", "--contract-table"]
    command += [
        "-q",
        "-n",
        processes,
        "-c",
        str(ROOT / "pyproject.toml"),
        "-k",
        "rename or delete_is or outage or import",
    ]
    ran = subprocess.run([*command, str(file)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED
    lines = [" ".join(line.split()) for line in ran.stdout.splitlines()]
    assert "1 A rigid system" in lines
    assert "Delete is idempotent pass" in lines
    assert "A rename keeps the remote id FAIL" in lines
    assert "Verify looks at what an import needs -" in lines
    (note,) = [line.rpartition(" ")[2] for line in lines if line.startswith("An outage is unavailable and passes")]
    assert f"{note} no hook stop_server" in lines
