"""What one make of server means by its answers, where it says more than RFC 4511 does."""

from collections.abc import Callable
from dataclasses import dataclass

from connectors.errors import ConnectorError
from connectors.ldap_client.refusals import bind_refusal
from connectors.ldap_client.results import Result, error_of


@dataclass(frozen=True, slots=True)
class Dialect:
    """How answers become errors. ``bind_refusal`` takes the bind name, the result's description and its diagnostic."""

    error_of: Callable[[Result], ConnectorError] = error_of
    bind_refusal: Callable[[str, str, str], ConnectorError] = bind_refusal
    asks_policy: bool = False
    """Whether to ask, with the bind, what the password policy (draft-behera) says about the service account."""


STANDARD = Dialect(asks_policy=True)
"""RFC 4511, and the password policy that most of its servers have."""
