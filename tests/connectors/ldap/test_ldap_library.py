"""ldap3 arrives with the LDAP connector, and with nothing else."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_ldap3_is_imported_in_one_module() -> None:
    rooms = (ROOT / "connectors", ROOT / "provisioning")
    files = [*(file for room in rooms for file in room.rglob("*.py")), *ROOT.glob("*.py")]
    importing = [file for file in files if re.search(r"^\s*(from|import) ldap3", file.read_text(), re.MULTILINE)]
    assert importing == [ROOT / "connectors/ldap_client/library.py"]


def test_the_contract_comes_without_ldap3_and_the_connector_with_it_and_without_warnings() -> None:
    code = (
        "import sys; import connectors.contract, connectors.memory; assert 'ldap3' not in sys.modules;"
        "import connectors.ldap; assert 'ldap3' in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, check=True)
