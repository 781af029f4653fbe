"""Runs terraform against providers that know their schemas only: no download, no Azure. Runs in .local/infra.

    provider.py TF_STUB.py SCHEMA_FOLDER < chains.json > answers.json

The servers are ../shared/checks/tf_stub.py's. Three things differ here: only the types that the templates name are
served (a whole schema takes seconds), it is encoded once for many runs of terraform, and what a plan cannot know is
told as a word (infra/checks/tokens.py has the same), so that a role assignment's scope can be compared.
"""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]  # is not in the project's own environment

SOURCES = {"azapi": "azure/azapi"}
"""Providers that are not HashiCorp's own."""


def loaded(path: str) -> Any:
    """Return a script as a module."""
    spec = importlib.util.spec_from_file_location("tf_stub", path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
    return module


def provider_class(stub: Any) -> Any:
    """Return the stub's provider with what differs here."""

    class Telling(stub.Provider):  # type: ignore[misc]  # its module is loaded by path
        """Tells words in plans."""

        encoded: Any = None

        def GetSchema(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
            """Answer with the schema, encoded once."""
            if self.encoded is None:
                self.encoded = super().GetSchema(request)
            return self.encoded

        def PlanResourceChange(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
            """Answer with what is planned: words for text that only Azure knows, unknown for all else."""
            planned = stub.unpack(request.proposed_new_state)
            if planned is not None:
                kind = request.type_name
                if kind.startswith("azapi_"):
                    kind = str(planned.get("type") or kind).partition("@")[0]
                name = str(planned.get("name") or "")

                def tell(attribute: str, kind_of_value: Any) -> Any:
                    if attribute == "output" and planned.get("response_export_values"):
                        return exported(planned["response_export_values"][1], lambda path: f"«{kind} {name} {path}»")
                    if attribute == "location":  # azapi's: what has none gets none
                        return None
                    return f"«{kind} {name} {attribute}»" if kind_of_value == "string" else stub.UNKNOWN

                planned = stub.fill(self.s["resource_schemas"][request.type_name]["block"], planned, tell)
            return stub.M["PlanResp"](planned_state=stub.dv(planned), legacy_type_system=True)

    return Telling


def exported(paths: Any, word: Callable[[str], str]) -> list[Any]:
    """Return azapi's output with a word for each path that the template asks for: its type, and the value."""
    value: dict[str, Any] = {}
    for path in paths if isinstance(paths, list) else []:
        *above, last = path.split(".")
        inner = value
        for step in above:
            inner = inner.setdefault(step, {})
        inner[last] = word(path)

    def kind(of: Any) -> Any:
        return ["object", {key: kind(each) for key, each in of.items()}] if isinstance(of, dict) else "string"

    return [json.dumps(kind(value)).encode(), value]


TOLD = {
    "azurerm_client_config": {"tenant_id": "«tenant  tenantId»", "subscription_id": "«subscription  subscriptionId»"}
}
"""Of who is signed in."""


def narrowed(schema: dict[str, Any], words: str) -> dict[str, Any]:
    """Return a provider's schema with only the types that the templates name."""
    for part in ("resource_schemas", "data_source_schemas"):
        schema[part] = {name: each for name, each in schema[part].items() if f'"{name}"' in words}
    return schema


def run_chain(chain: list[dict[str, Any]], env: dict[str, str]) -> list[dict[str, Any]]:
    """Run commands one after the other; stop where one that the rest needs fails."""
    answers = []
    for command in chain:
        done = subprocess.run(command["argv"], cwd=command["cwd"], env=env, capture_output=True, text=True, check=False)
        answers.append({"name": command["name"], "code": done.returncode, "out": done.stdout, "err": done.stderr})
        if done.returncode and command.get("needed"):
            break
    return answers


def main() -> None:
    """Serve the schemas while the chains run side by side."""
    stub = loaded(sys.argv[1])
    asked = json.load(sys.stdin)
    words = "".join(path.read_text() for folder in asked["folders"] for path in Path(folder).rglob("*.tf*"))
    provider = provider_class(stub)
    attach = {}
    with tempfile.TemporaryDirectory(prefix="lockstep-") as sockets:
        servers = []
        for path in sorted(Path(sys.argv[2]).glob("*.json")):
            socket = f"{sockets}/{path.stem}"
            server = grpc.server(futures.ThreadPoolExecutor(8), options=[("grpc.max_send_message_length", -1)])
            schema = narrowed(json.loads(path.read_text()), words)
            server.add_generic_rpc_handlers((provider(schema, stub.CANNED | TOLD),))
            server.add_insecure_port(f"unix:{socket}")
            server.start()
            servers.append(server)
            attach[SOURCES.get(path.stem, f"hashicorp/{path.stem}")] = {
                "Protocol": "grpc",
                "ProtocolVersion": 5,
                "Pid": os.getpid(),
                "Test": True,
                "Addr": {"Network": "unix", "String": socket},
            }
        env = os.environ | {
            "TF_REATTACH_PROVIDERS": json.dumps(attach),
            "TF_CLI_CONFIG_FILE": os.devnull,
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
            "HOME": sockets,
        }
        with futures.ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda chain: run_chain(chain, env), asked["chains"]))
        for server in servers:
            server.stop(0).wait()
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
