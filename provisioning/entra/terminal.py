"""What a terminal is shown. Names and values come from Entra, apps and files: nobody obeys what stands in them."""

import re
import sys

_COMMAND = re.compile(r"#(?=#)|^\s*:(?=:)")
"""Where a pipeline's log is read as commands: ``##vso[`` and ``##[`` anywhere (Azure DevOps), ``::`` first (GitHub)."""


def printable(text: str) -> str:
    r"""Return a text in one line, with control characters, marks of direction and the like written out as ``\x1b``.

    What a pipeline would take for a command (it could set variables of the next step) gets a blank in its middle.
    """
    shown = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
    return _COMMAND.sub(r"\g<0> ", shown)


def say(text: str = "", *, error: bool = False) -> None:
    """Write lines to the terminal at once: a pipeline that is killed has them in its log."""
    stream = sys.stderr if error else sys.stdout
    for line in text.split("\n"):
        stream.write(f"{printable(line)}\n")
    stream.flush()
