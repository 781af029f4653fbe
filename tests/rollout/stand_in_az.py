"""What stands on PATH as ``az``: it answers from a folder, as Azure CLI 2 does, and notes every call.

``state.json`` says where the app is and what goes wrong (``fails``: words of an error); ``blobs`` holds the releases.
"""

# ruff: noqa: T201, S310

import argparse
import json
import os
import shutil
import sys
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ["STAND_IN_AZ"])


def main(words: list[str]) -> None:
    """Do one command."""
    with (FOLDER / "calls").open("a") as calls:
        calls.write(json.dumps(words) + "\n")
    state = json.loads((FOLDER / "state.json").read_text())
    verbs, options = _split(words)
    fails = state["fails"].get(" ".join(verbs)) or state["fails"].get("*")
    if fails:
        sys.exit(f"ERROR: {fails}")
    match verbs:
        case ["resource", "show"]:
            if options["name"] != state["app"]:
                sys.exit(
                    f"ERROR: (ResourceNotFound) The Resource 'Microsoft.Web/sites/{options['name']}' was not found."
                )
            print(json.dumps({"name": state["app"], "properties": _properties(state)}))
        case ["account", "get-access-token"]:
            print(state["token"])
        case ["keyvault", "secret", "show"]:
            print(state["secrets"][f"{options['vault-name']}/{options['name']}"])
        case ["functionapp", "function", "list"]:
            print(json.dumps([{"name": f"{state['app']}/{name}"} for name in _functions(state)]))
        case ["storage", "blob", *verb] if options["auth-mode"] == "login" and options["account-name"] == "stlockstep":
            _blob(" ".join(verb), options)
        case _:
            sys.exit(f"ERROR: this stand-in does not know: {words}")


def _split(words: list[str]) -> tuple[list[str], dict[str, Any]]:
    verbs = words[: next(i for i, word in enumerate(words) if word.startswith("--"))]
    parser = argparse.ArgumentParser()
    for word in words[len(verbs) :]:
        if word.startswith("--"):
            flag = word in ("--only-show-errors", "--no-progress")
            if word == "--metadata":
                parser.add_argument(word, nargs="+", dest=word[2:])
            else:
                parser.add_argument(word, action="store_true" if flag else "store", dest=word[2:])
    return verbs, vars(parser.parse_args(words[len(verbs) :]))


def _properties(state: dict[str, str]) -> dict[str, object]:
    return {
        "defaultHostName": state["host"],
        "hostNameSslStates": [
            {"hostType": "Standard", "name": state["host"]},
            {"hostType": "Repository", "name": state["scm"]},
        ],
        "functionAppConfig": {
            "deployment": {"storage": {"value": "https://stlockstep.blob.core.windows.net/app-package"}}
        },
    }


def _functions(state: dict[str, str]) -> list[str]:
    request = urllib.request.Request(f"http://{state['host']}/admin/functions")
    request.add_header("x-functions-key", state["master"])
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return [each["name"] for each in json.load(answer)]
    except OSError:
        return []  # a host without functions has nothing to show


def _describe(blob: Path, metadata: list[str]) -> None:
    blob.with_suffix(".metadata").write_text(json.dumps(dict(each.split("=", 1) for each in metadata)))


def _blob(verb: str, options: dict[str, Any]) -> None:
    blobs = FOLDER / "blobs"
    if options["container-name"] != "releases":
        sys.exit("ERROR: The specified container does not exist. ErrorCode:ContainerNotFound")
    match verb:
        case "list":
            found = []
            for path in blobs.glob("*.zip"):
                stat = path.stat()
                made = datetime.fromtimestamp(stat.st_mtime, UTC).isoformat()
                properties = {"creationTime": made, "lastModified": made, "contentLength": stat.st_size}
                metadata = json.loads(path.with_suffix(".metadata").read_text())
                found.append({"name": path.name, "properties": properties, "metadata": metadata})
            print(json.dumps(found))
        case "upload":
            target = blobs / options["name"]
            if target.exists():
                sys.exit("ERROR: The specified blob already exists. ErrorCode:BlobAlreadyExists")
            shutil.copyfile(options["file"], target)
            _describe(target, options["metadata"])
        case "metadata update":
            _describe(blobs / options["name"], options["metadata"])
        case "download":
            shutil.copyfile(blobs / options["name"], options["file"])


if __name__ == "__main__":
    main(sys.argv[1:])
