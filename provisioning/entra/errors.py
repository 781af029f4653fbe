"""What ends the command with words: one tree. Each says what to do."""


class EntraError(Exception):
    """The command cannot go on. The text is for the person who called it."""


class SignInFailed(EntraError):
    """There is no credential here, or the authority refuses it."""


class GraphRefused(EntraError):
    """Microsoft Graph refuses a request, or does not answer it."""

    def __init__(self, words: str, status: int = 0, retry_after: float = 0.0) -> None:
        super().__init__(words)
        self.status = status
        self.retry_after = retry_after
        """Seconds; 0 where Graph does not say."""

    @property
    def refused(self) -> bool:
        """Whether Graph will refuse the request again: nothing was changed."""
        return 400 <= self.status < 500 and self.status not in (408, 429)


class NotInStep(EntraError):
    """The schema in Entra is not what the plan was made for, or not what was written."""


class Unusable(EntraError):
    """A file, a schema or an option cannot be used."""
