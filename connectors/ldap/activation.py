"""How a user is kept from signing in: by an attribute's value, by a password lock, or by a place of the tree."""

from dataclasses import dataclass

from connectors.ldap.settings import LdapSettings
from connectors.ldap_client.names import parse_dn, parse_known_dn
from connectors.ldap_client.session import Entry

LOCK_ATTRIBUTE, LOCKED_FOR_GOOD = "pwdAccountLockedTime", "000001010000Z"
"""The password policy's lock (draft-behera-ldap-password-policy, 5.3.3): this time means until an administrator acts.

Any other time is a lock after wrong passwords that ends by itself; it is not ours and left alone.
"""


@dataclass(frozen=True, slots=True)
class Switch:
    """One way of deactivation. Exactly one of ``attribute`` and ``inactive_base`` is set."""

    attribute: str | None = None
    active_value: str = ""
    inactive_value: str = ""
    inactive_base: str | None = None

    @classmethod
    def of(cls, settings: LdapSettings) -> "Switch":
        """Return what the settings say."""
        if settings.deactivation == "move":
            return cls(inactive_base=settings.inactive_base)
        if settings.deactivation == "password-lock":
            return cls(LOCK_ATTRIBUTE, inactive_value=LOCKED_FOR_GOOD)
        return cls(settings.inactive_attribute, settings.active_value, settings.inactive_value)

    @property
    def attributes(self) -> list[str]:
        """The attributes to read; a lock is operational and comes only by name (RFC 4511, 4.5.1.8)."""
        return [self.attribute] if self.attribute else []

    def is_active(self, entry: Entry) -> bool:
        """Whether the user may sign in, as far as this switch is concerned."""
        if self.attribute is None:
            return not parse_known_dn(entry.dn).is_under(parse_dn(self.inactive_base or ""))
        return self.inactive_value.casefold() not in {value.casefold() for value in entry.values(self.attribute)}

    def written(self, *, active: bool) -> dict[str, list[bytes]]:
        """Return the attribute's values for a state; no value where the attribute is to be absent."""
        if self.attribute is None:
            return {}
        value = self.active_value if active else self.inactive_value
        return {self.attribute: [value.encode()] if value else []}
