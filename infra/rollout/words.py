"""How the commands speak: progress lines, and the errors that carry what to do."""


class Refused(Exception):
    """Nothing was changed. The message says why not, and what to do."""


class Failed(Exception):
    """A step did not work after something was begun. The message says which, and what to do."""


def say(words: str) -> None:
    """Print a line of progress at once: a pipeline's log shows it while the command runs."""
    print(words, flush=True)
