"""What the code says that templates must agree with, as JSON: ``python -m infra.checks.code`` in the tree's root."""

import json
import os
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

from infra.hub import describe, text
from infra.roles import ROLELESS, ROLES
from provisioning.settings import Settings, SettingsError
from provisioning.telemetry.catalogue import METRICS


def settings() -> dict[str, Any]:
    """Return every setting that the hub reads, by its name in the environment, with its default."""
    prefix = Settings.model_config.get("env_prefix", "")
    return {
        str(field.validation_alias or f"{prefix}{name.upper()}"): None if field.is_required() else str(field.default)
        for name, field in Settings.model_fields.items()
    }


def metrics() -> dict[str, list[str]]:
    """Return the names of the metrics with their properties."""
    return {each.name: sorted(each.attributes) for each in METRICS}


def runtime() -> str:
    """Return the Python version that pyproject.toml asks for, such as ``3.13``."""
    wanted = tomllib.loads(Path("pyproject.toml").read_text())["project"]["requires-python"]
    match = re.match(r">=(\d+\.\d+)", wanted)
    return match[1] if match else str(wanted)


def host() -> dict[str, Any]:
    """Return host.json."""
    found: dict[str, Any] = json.loads(Path("host.json").read_text())
    return found


def problems(given: dict[str, str]) -> list[str]:
    """Return what the app itself would say of these application settings, in Azure."""
    os.environ.clear()
    os.environ.update(given, WEBSITE_SITE_NAME="app", WEBSITE_INSTANCE_ID="instance")
    try:
        return Settings().missing()
    except SettingsError as error:
        return list(error.problems)


def main() -> None:
    """Print it all; with ``settings``, what is wrong with each set of settings on standard input."""
    if sys.argv[1:] == ["settings"]:
        print(json.dumps([problems(given) for given in json.load(sys.stdin)]))
        return
    print(
        json.dumps(
            {
                "hub": describe(),
                "text": text(),
                "clients": {role.name: role.clients for role in ROLES},
                "roleless": ROLELESS,
                "settings": settings(),
                "metrics": metrics(),
                "runtime": runtime(),
                "host": host(),
            }
        )
    )


if __name__ == "__main__":
    main()
