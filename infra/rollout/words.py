"""How the commands speak: progress lines, and the errors that carry what to do."""

import sys

from provisioning.entra.terminal import printable


class Refused(Exception):
    """Nothing was changed. The message says why not, and what to do."""


class Failed(Exception):
    """A step did not work after something was begun. The message says which, and what to do."""


def say(words: str, *, error: bool = False) -> None:
    """Print lines of progress at once: a pipeline's log shows them while the command runs.

    The app, Azure and az have written some of it, and a pipeline must not take that for its own commands.
    """
    print("\n".join(map(printable, words.split("\n"))), file=sys.stderr if error else sys.stdout, flush=True)
