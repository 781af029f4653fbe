"""What a terminal is shown. Names and values come from Entra and from files: no terminal obeys what stands in them."""

import sys


def printable(text: str) -> str:
    r"""Return a text in one line, with control characters, marks of direction and the like written out as ``\x1b``."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def say(text: str = "", *, error: bool = False) -> None:
    """Write lines to the terminal at once: a pipeline that is killed has them in its log."""
    stream = sys.stderr if error else sys.stdout
    for line in text.split("\n"):
        stream.write(f"{printable(line)}\n")
    stream.flush()
