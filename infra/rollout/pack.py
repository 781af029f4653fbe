"""Builds the package: a zip that Azure runs as it is, and that is the same bytes for the same commit."""

import json
import re
import shutil
import sys
import tempfile
import tomllib
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.rollout import bytecode, proof, sources, vendor
from infra.rollout.words import Refused, say

DESCRIPTION = "build.json"
_BUILD = re.compile(r"[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*")
_VERSION = re.compile(rf"\d+\.\d+\.\d+(\+{_BUILD.pattern})?")
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Build:
    """What a package says about itself: ``build.json`` at its top. ``functions`` are sorted names."""

    version: str
    build: str
    functions: list[str]


def is_version(text: str) -> bool:
    """Tell whether this may be a version: it becomes the name of a blob, and an argument of ``az``."""
    return len(text) <= _LONGEST and _VERSION.fullmatch(text) is not None


def package(root: Path, out: Path, *, build: str | None = None, allow_dirty: bool = False) -> Path:
    """Build ``lockstep-VERSION.zip`` in the folder ``out`` and return its path. Raises ``Refused``."""
    if sys.version_info[:2] != (3, 13) or sys.platform != "linux":
        raise Refused("A package is compiled and tried out with Python 3.13 on Linux, as in Azure: build it there.")
    commit = sources.build_name(root, allow_dirty=allow_dirty)
    build = commit if build is None else build
    base = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    made = Build(f"{base}+{build}", build, [])
    if not is_version(made.version):
        raise Refused(f"--build {build!r}: letters, digits, dots and hyphens only, at most 40.")
    with tempfile.TemporaryDirectory(prefix="lockstep-") as folder:
        app = Path(folder)
        own = sources.packed(root)
        say(f"package {made.version}: {len(own)} files of the checkout")
        for path in own:
            (app / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / path, app / path)
        vendor.vendor(app, vendor.find_uv())
        say("the packages of requirements.txt are in, every one with the hash of its lock")
        bytecode.compile_all(app)
        made = _proved(app, made)
        out.mkdir(parents=True, exist_ok=True)
        target = out / f"lockstep-{made.version}.zip"
        count = _zip(app, target)
    say(f"{target}: {target.stat().st_size / 1e6:.1f} MB, {count} files")
    return target


def _proved(app: Path, made: Build) -> Build:
    """Import the app as it lies there, and write down which functions it has."""
    _describe(app, made)
    found = proof.prove(app)
    if found.version != made.version:
        raise Refused(f"The package says {found.version}: provisioning/version.py and pyproject.toml must agree.")
    say(f"with its own packages alone it has {len(found.functions)} functions: {', '.join(found.functions)}")
    made = Build(made.version, made.build, found.functions)
    _describe(app, made)
    return made


def _describe(app: Path, made: Build) -> None:
    (app / DESCRIPTION).write_text(json.dumps(asdict(made), indent=2) + "\n", encoding="utf-8")


def _zip(app: Path, target: Path) -> int:
    """Write the folder as a zip with sorted names, one time and one mode for all. Return the number of files."""
    files = sorted((path.relative_to(app).as_posix(), path) for path in app.rglob("*") if path.is_file())
    unfinished = target.with_suffix(".unfinished")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, path in files:
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix: else the mode does not count, and the host may not read the files
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, path.read_bytes())
    unfinished.replace(target)
    return len(files)


def read(path: Path) -> Build:
    """Return what a package says about itself. Raises ``Refused`` when it is none of ours, or damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            made = Build(**json.loads(archive.read(DESCRIPTION)))
            there = set(archive.namelist())
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as problem:
        raise Refused(f"{path} is no package of python -m infra.rollout package: {problem}") from None
    if not is_version(made.version) or not made.functions or not {"function_app.py", "host.json"} <= there:
        raise Refused(f"{path} is no whole package: build it again with python -m infra.rollout package.")
    return made
