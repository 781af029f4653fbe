"""Which files of the checkout belong into a package: those git knows, without what ``.funcignore`` leaves out."""

import subprocess
from fnmatch import fnmatch
from pathlib import Path

from infra.rollout.words import Refused

ALLOWED = frozenset({"connectors", "function_app.py", "host.json", "provisioning", "requirements.txt"})
"""What a package may hold at its top, besides what the build adds. Anything new has to be decided on here."""

NEVER = ("*.pem", "*.key", "*.pfx", "*.p12", "local.settings*.json", ".env*", "*secret*.json", "test_*.py")
"""Names of files that are secrets or tests, wherever they lie."""

FORBIDDEN_ROOMS = ("connectors/testing/", "provisioning/entra/")
"""The connectors' tests, and a command of operators that needs packages which the app has not."""


def git(root: Path, *arguments: str, given: str | None = None, expected: tuple[int, ...] = (0,)) -> str:
    """Run git in the checkout and return what it prints. Raises ``Refused``."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=root, input=given, capture_output=True, text=True, check=False, encoding="utf-8"
        )
    except FileNotFoundError:
        raise Refused("git is not installed: a package is built from a git checkout.") from None
    if done.returncode not in expected:
        raise Refused(f"git {arguments[0]} failed in {root}: {done.stderr.strip()}")
    return done.stdout


def build_name(root: Path, *, allow_dirty: bool) -> str:
    """Return the short commit, with ``.dirty`` behind it where the tree differs. Raises ``Refused``."""
    changed = git(root, "status", "--porcelain").splitlines()
    if changed and not allow_dirty:
        shown = "\n".join(f"    {line}" for line in changed[:10])
        raise Refused(
            f"The checkout differs from its commit in {len(changed)} file(s):\n{shown}\n"
            "Commit them, so that the version names what is in the package; --allow-dirty builds all the same."
        )
    commit = git(root, "rev-parse", "--short=12", "HEAD").strip()
    return f"{commit}.dirty" if changed else commit


def packed(root: Path) -> list[str]:
    """Return the paths of the files to pack, in order. Raises ``Refused`` when one of them must not be deployed.

    git matches ``.funcignore`` itself, so its patterns mean what they mean in ``.gitignore``, as in Azure's own tools.
    """
    known = [
        path
        for path in git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
        if path and (root / path).is_file()
    ]
    ignored = git(
        root,
        *("-c", f"core.excludesFile={root / '.funcignore'}", "check-ignore", "--no-index", "-z", "--stdin"),
        given="\0".join(known),
        expected=(0, 1),  # 1: none of them is ignored
    ).split("\0")
    chosen = sorted(set(known) - set(ignored))
    for path in chosen:
        top, name = path.split("/", 1)[0], path.rsplit("/", 1)[-1]
        if top not in ALLOWED:
            raise Refused(
                f"{path} would be deployed: name it in .funcignore, or allow {top!r} in infra/rollout/sources.py."
            )
        if path.startswith(FORBIDDEN_ROOMS) or any(fnmatch(name, pattern) for pattern in NEVER):
            raise Refused(f"{path} must not be deployed: name it in .funcignore, or move it out of the package.")
        if (root / path).is_symlink():
            raise Refused(f"{path} is a link: a package holds plain files only.")
    missing = {"function_app.py", "host.json", "requirements.txt"} - set(chosen)
    if missing:
        raise Refused(f"{min(missing)} is missing: without it Azure shows no functions. Is .funcignore too broad?")
    return chosen
