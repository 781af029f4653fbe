"""A copy of what infra-check looks at, to put faults into, and the command over it."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = (
    ".github",
    "azure-pipelines.yml",
    "azure.yaml",
    "connectors",
    "docs/settings.md",
    "function_app.py",
    "host.json",
    "infra",
    "provisioning",
    "pyproject.toml",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a kind: what is changed in which file, and what the command must say (in one line)."""

    kind: str
    file: str
    old: str
    new: str
    place: str
    words: str

    def seed(self, tree: Path) -> None:
        """Put it into a copy. What it replaces is there, once or more; the first is replaced."""
        path = tree / self.file
        text = path.read_text()
        assert self.old in text, f"{self.file} no longer has {self.old!r}: seed this fault elsewhere"
        path.write_text(text.replace(self.old, self.new, 1))

    def is_told(self, line: str) -> bool:
        """Whether a line of the command names the place and says what is wrong."""
        return line.strip().startswith(self.place) and self.words in line


@dataclass(frozen=True, slots=True)
class Answer:
    """What the command said: its exit status, and its lines."""

    code: int
    lines: tuple[str, ...]

    @property
    def findings(self) -> list[str]:
        """The lines that tell of something wrong."""
        return [line for line in self.lines if line.startswith("    ")]


def copied(tree: Path) -> Path:
    """Copy what the command looks at."""
    ignored = shutil.ignore_patterns("__pycache__", ".terraform*", "*.tfstate*")
    for part in PARTS:
        source, target = ROOT / part, tree / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=ignored)
        else:
            shutil.copy(source, target)
    return tree


def infra_check(tree: Path, *words: str) -> Answer:
    """Run ``python -m infra.checks`` over a tree."""
    done = subprocess.run(
        [sys.executable, "-B", "-m", "infra.checks", "--root", str(tree), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr, done.stderr
    return Answer(done.returncode, tuple(done.stdout.splitlines()))
