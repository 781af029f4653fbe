"""What ends the command with words: one tree. Each says what to do."""


class EntraError(Exception):
    """The command cannot go on. The text is for the person who called it."""


class SignInFailed(EntraError):
    """There is no credential here, or the authority refuses it."""


class GraphRefused(EntraError):
    """Microsoft Graph refuses a request, or does not answer it."""

    def __init__(self, words: str, status: int = 0) -> None:
        super().__init__(words)
        self.status = status


class NotInStep(EntraError):
    """The schema in Entra is not what the plan was made for, or not what was written."""


class Unusable(EntraError):
    """A file, a schema or an option cannot be used."""
