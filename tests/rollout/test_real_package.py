"""What the package of this checkout holds, and that what is left out of it is missed by nothing."""

import asyncio
import json
import re
import sys
import zipfile
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import pytest

from infra.rollout.sources import NEVER
from infra.rollout.vendor import SITE_PACKAGES
from sandbox.graph.server import Served
from tests.graph_server import graph_certificates, graph_contract, graph_simulator
from tests.rollout.test_package import own

__all__ = ["graph_certificates", "graph_contract", "graph_simulator"]

pytestmark = [pytest.mark.xdist_group("rollout"), pytest.mark.timeout(600)]

# With the package's own modules alone, each verb of the connector once.
GRAPH = """
import asyncio, json, sys
sys.path[:0] = sys.argv[1:3]
given = json.load(sys.stdin)
from pydantic import SecretStr
from connectors.contract import Match, ObjectKind, Reading, Reference
from connectors.graph import GraphConnector, GraphSettings

async def main():
    hosts = frozenset({("localhost", given.pop("port"))})
    graph = GraphConnector.open_trusting(GraphSettings.model_validate(given), hosts)
    done = []
    verified = await graph.verify()
    done.append(f"verify {verified.ok}")
    mira = {"userPrincipalName": "mira@contoso.example", "displayName": "Mira"}
    user = await graph.create(ObjectKind.USER, mira, active=True)
    group = await graph.create(ObjectKind.GROUP, {"displayName": "Risk"}, active=True)
    await graph.update(ObjectKind.USER, user.remote_id, {"jobTitle": "Analyst"})
    await graph.change_members(group.remote_id, [user.remote_id], [])
    done.append(f"members {len(await graph.members(group.remote_id))}")
    await graph.set_password(user.remote_id, SecretStr("Kx8-long-enough-for-anybody"))
    await graph.deactivate(user.remote_id)
    await graph.activate(user.remote_id)
    found = await graph.find(Match(ObjectKind.USER, "userPrincipalName", "mira@contoso.example"))
    done.append(f"found {len(found)}")
    pages = [page async for page in graph.changes(None, Reading(frozenset(ObjectKind)))]
    done.append(f"changes {sum(len(page.changes) for page in pages)}")
    await graph.delete(ObjectKind.USER, user.remote_id)
    await graph.restore(ObjectKind.USER, user.remote_id)
    await graph.close()
    done.append(f"generated {sorted(name for name in sys.modules if name.startswith('msgraph.generated.'))}")
    print(json.dumps(done))

asyncio.run(main())
"""


def test_the_package_holds_python_and_three_files_of_its_own(real_package: Path) -> None:
    others = {name for name in own(real_package) if not name.endswith(".py")}
    assert others == {"build.json", "host.json", "requirements.txt"}
    strange = re.compile(r"(^|/)(tests?|sandbox|infra|benchmarks|testing)/|^provisioning/entra/|/conftest\.py$")
    assert [name for name in own(real_package) if strange.search(name)] == []


def test_no_file_of_the_app_is_a_key_or_has_one(real_package: Path) -> None:
    private = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{20}|AccountKey=[A-Za-z0-9+/]{20}")
    with zipfile.ZipFile(real_package) as archive:
        for name in own(real_package):
            assert not any(PurePosixPath(name).match(pattern) for pattern in NEVER), name
            assert not private.search(archive.read(name)), name


async def test_graph_works_without_the_typed_calls_that_are_left_out(
    real_package: Path, graph_simulator: Served, tmp_path: Path
) -> None:
    with zipfile.ZipFile(real_package) as archive:
        assert [name for name in archive.namelist() if re.search(r"/msgraph/generated/(?!__)\w+/", name)] == []
        archive.extractall(tmp_path)
    given = {
        "tenant_id": graph_simulator.tenant_id,
        "client_id": graph_simulator.client_id,
        "credential": "client_secret",
        "client_secret": graph_simulator.client_secret,
        "authority": graph_simulator.authority,
        "base_url": graph_simulator.base_url,
        "ca_file": str(graph_simulator.ca),
        "port": urlsplit(graph_simulator.origin).port,
    }
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", "-B", "-c", GRAPH, str(tmp_path), str(tmp_path / SITE_PACKAGES)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={},
    )
    out, wrong = await running.communicate(json.dumps(given).encode())
    assert running.returncode == 0, wrong.decode()
    assert json.loads(out) == [
        *("verify True", "members 1", "found 1", "changes 2"),
        "generated ['msgraph.generated.base_graph_service_client']",
    ]
