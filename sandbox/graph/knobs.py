"""What can be set from outside: permissions, quotas, delays, faults.

In process: assign to ``simulator.knobs``. From outside: ``PATCH /_simulator/knobs`` with the fields to change.
"""

import re

from pydantic import BaseModel, ConfigDict, Field, field_validator

PERMISSIONS = frozenset({"User.ReadWrite.All", "Group.ReadWrite.All", "Organization.Read.All"})
"""The application permissions that are consented to unless the knob says otherwise."""


class Fault(BaseModel):
    """The next ``times`` matching requests go wrong.

    ``status`` is answered, or, where it is null, the connection is dropped without any answer. With ``after_commit``
    the request is carried out first, so that the client cannot know. ``method`` and ``path`` narrow down what
    matches: ``path`` is a regular expression searched for in the path behind ``/v1.0`` (``^/users$``). A $batch is
    one request to ``/$batch``, and each of its items is one more: a fault that names a path can strike items alone.
    An item that drops its connection drops the whole batch's, once all items have been dealt with. The token endpoint
    is struck by faults that name it alone (``/oauth2/v2.0/token``).
    """

    model_config = ConfigDict(extra="forbid")

    status: int | None = Field(default=None, ge=400, le=599)
    times: int = Field(default=1, ge=0)
    after_commit: bool = False
    retry_after: float | None = Field(default=None, ge=0)
    method: str | None = None
    path: str | None = None

    @field_validator("path")
    @classmethod
    def _is_a_pattern(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from error
        return value

    def matches(self, method: str, path: str) -> bool:
        """Whether this fault strikes the request."""
        return (
            self.times > 0
            and self.method in (None, method)
            and (self.path is None or re.search(self.path, path) is not None)
        )


class Knobs(BaseModel):
    """Everything that a test or a trial may turn. Durations are in seconds."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    permissions: frozenset[str] = PERMISSIONS
    """Application permissions. They take effect at once; Graph's own take effect with the next token."""
    token_lifetime: float = Field(default=3599, gt=0)
    secret_expired: bool = False
    """The token endpoint answers that the client secret has expired."""
    write_quota: int = Field(default=3000, ge=0)
    """Writes in ``write_window`` for each application; Microsoft documents 3,000 in 150 seconds."""
    write_window: float = Field(default=150, gt=0)
    read_after_write_delay: float = Field(default=0, ge=0)
    """For so long a created object is not found, in lists and as a reference neither; its names are taken at once."""
    max_page_size: int = Field(default=999, ge=1, le=999)
    """No page is longer, whatever $top says: Graph may return fewer than asked for."""
    latency: float = Field(default=0, ge=0)
    """Every answer is held back for so long."""
    faults: list[Fault] = Field(default_factory=list)

    def strike(self, method: str, path: str, *, named: bool = False) -> Fault | None:
        """Return the first fault that strikes this request, and count it. ``named``: only one that names a path."""
        for fault in self.faults:
            if fault.matches(method, path) and not (named and fault.path is None):
                fault.times -= 1
                return fault
        return None
