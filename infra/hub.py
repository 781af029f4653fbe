"""What both templates take from the code: ``python -m infra.hub`` writes it to infra/common/hub.json.

Functions, queues, tables, routes and Graph permissions are read from the code. What the code cannot tell stands here
and in infra/roles.py; ``python -m infra.checks`` compares it with the code and the templates.
"""

import argparse
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from azure.functions.decorators.function_app import Function
from azure.functions.decorators.http import HttpTrigger
from azure.functions.decorators.queue import QueueTrigger
from azure.functions.decorators.timer import TimerTrigger

from infra.roles import DEPLOYER_ROLES, ROLES, Role

FILE = Path("infra/common/hub.json")

CONSOLE = "console"
"""The only part of the app that Azure's own sign-in (Easy Auth) protects; its routes begin with this."""

HOST_PATHS = ("/admin/*", "/runtime/*")
"""The Functions host's own API, which checks its own keys: with a sign-in before it, the triggers are never synced."""

CONTAINERS = {"package": "app-package", "releases": "releases", "backups": "backups"}
"""Blob containers: the code that runs, the packages before it, and the nightly copies of the tables."""

SETTINGS = {
    # Above LOCKSTEP_SCIM_MAX_BODY_BYTES and the admin API's bound, so that the app itself answers 413 in SCIM's words.
    "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "8388608",
    # host.json names this setting; the app has no default for it.
    "LOCKSTEP_SWEEP_SCHEDULE": "0 * * * * *",
    # LDAP's client blocks; the default of the worker is five threads on one core.
    "PYTHON_THREADPOOL_THREAD_COUNT": "32",
}
"""Application settings that are the same in every deployment."""


def functions() -> dict[str, Any]:
    """Return the functions by trigger: HTTP by name, queues and timers with what starts them."""
    http: list[str] = []
    queue: dict[str, Any] = {}
    timer: dict[str, Any] = {}
    for each in indexed():
        name, trigger = str(each.get_function_name()), each.get_trigger()
        if isinstance(trigger, HttpTrigger):
            http.append(name)
        elif isinstance(trigger, QueueTrigger):
            queue[name] = trigger.queue_name
        elif isinstance(trigger, TimerTrigger):
            timer[name] = trigger.schedule
        else:
            raise TypeError(f"function_app.py: {name} has a trigger that infra/hub.py does not know: {trigger}")
    return {"http": sorted(http), "queue": by_name(queue), "timer": by_name(timer)}


@cache
def indexed() -> list[Function]:
    """Return the functions as Azure's worker finds them. Once: a second call finds each name taken."""
    from function_app import app

    return app.get_functions()


def by_name(mapping: dict[str, Any]) -> dict[str, Any]:
    """Sort by key."""
    return dict(sorted(mapping.items()))


def excluded_paths() -> list[str]:
    """Return the paths that Azure's own sign-in leaves alone: every route but the console's, and the host's own.

    A pattern is a prefix with ``/*`` at its end, or one path; nothing else is understood there.
    """
    paths = []
    for each in indexed():
        trigger = each.get_trigger()
        if isinstance(trigger, HttpTrigger):
            first, *more = (trigger.route or str(each.get_function_name())).strip("/").split("/")
            if first != CONSOLE:
                paths.append(f"/{first}/*" if more else f"/{first}")
    return [*sorted(set(paths)), *HOST_PATHS]


def graph_permissions() -> list[str]:
    """Return the application permissions of a Graph connection that does everything."""
    from connectors.graph.permissions import SUFFICIENT

    return list(dict.fromkeys(sufficient[0] for sufficient in SUFFICIENT.values()))


def shown(roles: Iterable[Role]) -> list[dict[str, str]]:
    """Return what the templates need of roles."""
    return [{"name": role.name, "id": role.id, "scope": role.scope, "why": role.why} for role in roles]


def describe() -> dict[str, Any]:
    """Return all that hub.json holds."""
    from provisioning.hub import QUEUES, TABLES

    return {
        "functions": functions(),
        "queues": sorted(QUEUES),
        "tables": sorted(TABLES),
        "containers": CONTAINERS,
        "settings": SETTINGS,
        "excludedPaths": excluded_paths(),
        "roles": shown(ROLES),
        "deployerRoles": shown(DEPLOYER_ROLES),
        "graphPermissions": graph_permissions(),
    }


def text() -> str:
    """Return hub.json as it should be."""
    return json.dumps(describe(), indent=2) + "\n"


def main() -> None:
    """Write hub.json, or print it."""
    parser = argparse.ArgumentParser(prog="python -m infra.hub", description=__doc__.splitlines()[0])
    parser.add_argument("--print", action="store_true", help="print it instead")
    if parser.parse_args().print:
        print(text(), end="")
        return
    FILE.write_text(text())
    print(f"{FILE} is written")


if __name__ == "__main__":
    main()
