"""What a package holds, and when none is built."""

import json
import zipfile
from pathlib import Path

import pytest

from infra.rollout import pack
from infra.rollout.words import Refused
from tests.rollout.conftest import commit, git, packed


def own(package: Path) -> set[str]:
    """The files of a package besides vendored and compiled ones."""
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
    return {name for name in names if not name.startswith(".python_packages/") and "__pycache__" not in name}


def test_a_package_holds_the_app_its_packages_and_nothing_else(checkout: Path, tmp_path: Path) -> None:
    package = packed(checkout, tmp_path / "out", build="b1")
    assert package.name == "lockstep-0.1.0+b1.zip"
    assert own(package) == {
        *("function_app.py", "host.json", "requirements.txt", "build.json"),
        *("provisioning/__init__.py", "provisioning/rooms.py", "provisioning/version.py", "connectors/__init__.py"),
    }
    with zipfile.ZipFile(package) as archive:
        vendored = {name.split("/")[3] for name in archive.namelist() if name.startswith(".python_packages/")}
        assert {"azure", "werkzeug", "markupsafe"} <= vendored
        assert "bin" not in vendored
        assert all(entry.external_attr >> 16 == 0o100644 for entry in archive.infolist())


def test_a_package_says_its_version_and_its_functions(checkout: Path, tmp_path: Path) -> None:
    package = packed(checkout, tmp_path / "out", build="b1")
    assert pack.read(package) == pack.Build("0.1.0+b1", "b1", ["healthz", "jobs"])


def test_two_builds_of_one_commit_are_the_same_bytes(checkout: Path, tmp_path: Path) -> None:
    first, second = (packed(checkout, tmp_path / name) for name in ("one", "two"))
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


def test_every_module_is_compiled_for_where_azure_mounts_it(checkout: Path, tmp_path: Path) -> None:
    package = packed(checkout, tmp_path / "out")
    with zipfile.ZipFile(package) as archive:
        compiled = archive.read("provisioning/__pycache__/rooms.cpython-313.pyc")
    assert compiled[4:8] == bytes([1, 0, 0, 0]), "PEP 552: by hash, and not compared with the source"
    assert b"/home/site/wwwroot/provisioning/rooms.py" in compiled


def test_a_checkout_that_differs_from_its_commit_is_not_packed(checkout: Path, tmp_path: Path) -> None:
    (checkout / "provisioning/rooms.py").write_text("import json\n")
    with pytest.raises(Refused, match=r"differs from its commit[\s\S]*provisioning/rooms.py[\s\S]*--allow-dirty"):
        pack.package(checkout, tmp_path)


def test_a_build_of_a_changed_checkout_says_so_in_its_version(checkout: Path, tmp_path: Path) -> None:
    (checkout / "provisioning/rooms.py").write_text("import json\n")
    package = packed(checkout, tmp_path / "out", allow_dirty=True)
    assert pack.read(package).version.endswith(".dirty")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("infrastructure.txt", "would be deployed: name it in .funcignore"),
        ("provisioning/tls/server.pem", "must not be deployed"),
        ("connectors/ldap/client_secret.json", "must not be deployed"),
        ("provisioning/test_rooms.py", "must not be deployed"),
    ],
)
def test_a_file_that_has_no_place_in_a_package_stops_the_build(
    checkout: Path, tmp_path: Path, name: str, words: str
) -> None:
    (checkout / name).parent.mkdir(parents=True, exist_ok=True)
    (checkout / name).write_text("")
    git(checkout, "add", "--force", name)
    (checkout / ".funcignore").write_text(
        ".*\npyproject.toml\ntests\ndocs\nconnectors/testing\n*.md\n/local.settings.*\n"
    )
    commit(checkout)
    with pytest.raises(Refused, match=words):
        pack.package(checkout, tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("function_app.py", "raise AttributeError('a typo')\n", r"cannot be imported[\s\S]*a typo"),
        ("function_app.py", "import azure.functions as func\napp = func.FunctionApp()\n", "has no function"),
        (
            "provisioning/rooms.py",
            "def late():\n    import ldap3\n",
            r"cannot be imported[\s\S]*No module named 'ldap3'",
        ),
        ("provisioning/rooms.py", "def late():\n    from json import lod\n", r"cannot be imported[\s\S]*json.lod"),
        ("provisioning/rooms.py", "def late(:\n", r"cannot be compiled[\s\S]*rooms.py"),
    ],
)
def test_an_app_that_azure_would_show_no_function_of_is_not_packed(
    checkout: Path, tmp_path: Path, name: str, text: str, words: str
) -> None:
    packed(checkout, tmp_path / "whole")
    (checkout / name).write_text(text)
    commit(checkout)
    with pytest.raises(Refused, match=words):
        pack.package(checkout, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*"))


def test_a_wheel_that_is_not_the_locked_one_is_not_packed(checkout: Path, tmp_path: Path) -> None:
    packed(checkout, tmp_path / "whole")
    path = checkout / "requirements.txt"
    lines = [line for line in path.read_text().splitlines() if "--hash" not in line]
    wrong = [line.replace(" \\", " --hash=sha256:" + 64 * "0") for line in lines]
    path.write_text("\n".join(wrong) + "\n")
    commit(checkout)
    with pytest.raises(Refused, match=r"uv could not fetch[\s\S]*[Hh]ash"):
        pack.package(checkout, tmp_path / "out")


@pytest.mark.parametrize("build", ["", "a b", "../x", "x/y", "a;b", 65 * "a"])
def test_a_build_that_could_be_no_version_is_refused(checkout: Path, tmp_path: Path, build: str) -> None:
    with pytest.raises(Refused, match="--build"):
        pack.package(checkout, tmp_path, build=build)


def test_what_is_no_package_is_not_deployed(tmp_path: Path) -> None:
    strange = tmp_path / "strange.zip"
    with zipfile.ZipFile(strange, "w") as archive:
        archive.writestr("build.json", json.dumps({"version": "0.1.0+x", "build": "x", "functions": ["a"]}))
    for path in (strange, tmp_path / "missing.zip", Path(__file__)):
        with pytest.raises(Refused, match="package"):
            pack.read(path)
