"""infra/common/hub.json is what the code says, and what it cannot say is argued in infra/."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra import hub
from infra.roles import DEPLOYER_ROLES, ROLES

ROOT = Path(__file__).parents[2]
WRITTEN = json.loads((ROOT / hub.FILE).read_text())


@pytest.fixture(scope="module")
def printed() -> str:
    """What the command prints, in a process of its own: an app's functions may be asked for once only."""
    command = [sys.executable, "-B", "-m", "infra.hub", "--print"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_it_is_fresh(printed: str) -> None:
    assert printed == (ROOT / hub.FILE).read_text(), "run python -m infra.hub"


def test_every_queue_that_a_function_waits_for_is_made_with_its_poison_queue() -> None:
    waited = set(WRITTEN["functions"]["queue"].values())
    assert waited
    assert waited <= set(WRITTEN["queues"])
    assert {f"{name}-poison" for name in waited if not name.endswith("-poison")} <= set(WRITTEN["queues"])


def test_every_route_but_the_consoles_is_left_alone_by_the_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    class Named:
        def __init__(self, route: str) -> None:
            self.route = route

        def get_function_name(self) -> str:
            return self.route

        def get_trigger(self) -> hub.HttpTrigger:
            return hub.HttpTrigger(name="req", route=self.route)

    routes = [Named(each) for each in ("console/{*path}", "scim/v2/{*path}", "healthz")]
    monkeypatch.setattr(hub, "indexed", lambda: routes)
    assert hub.excluded_paths() == ["/healthz", "/scim/*", "/admin/*", "/runtime/*"]


def test_the_hosts_own_paths_are_left_alone_or_triggers_would_never_be_synced() -> None:
    assert {"/admin/*", "/runtime/*"} <= set(WRITTEN["excludedPaths"])


def test_a_role_is_at_the_scope_of_one_resource_and_says_why() -> None:
    assert {role.scope for role in ROLES} == {"storage", "vault", "insights"}
    assert {role.scope for role in DEPLOYER_ROLES} == {"app", "releases"}
    assert [role.name for role in (*ROLES, *DEPLOYER_ROLES) if len(role.why) < 10] == []
    assert [role.name for role in ROLES if not role.clients] == []
