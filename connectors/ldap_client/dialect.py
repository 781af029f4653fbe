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


STANDARD = Dialect()
"""RFC 4511 and nothing else."""
