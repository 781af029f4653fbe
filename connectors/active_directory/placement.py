"""Where below the user OU a user belongs: ``OU={department},OU={l},OU=People``, filled with the user's values. Pure.

Each component is one organizational unit with one template. Values are escaped when the DN is built (RFC 4514), so that
none of them can name another place; the depth is the template's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from connectors.active_directory.templates import Template
from connectors.ldap_client.names import child_dn, parse_dn

DEPTH = 10
_LONGEST_NAME = 64
"""``ou`` takes 64 characters (MS-ADA3, ou: rangeUpper)."""
_NO_UNITS = "is not a list of organizational units such as OU={department},OU=People"


@dataclass(frozen=True, slots=True)
class Placement:
    """The organizational units from the innermost to the outermost."""

    units: tuple[Template, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an expression; the empty one is no unit at all. Raises ``ValueError``."""
        return cls(_units(text))

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes that are asked for, in lower case."""
        return tuple(dict.fromkeys(name for unit in self.units for name in unit.attributes))

    def names(self, values: Mapping[str, str]) -> tuple[str, ...] | None:
        """Return the units' names for a user (values by lower-case names); ``None`` where a value is missing."""
        filled = [unit.fill(values, _unit_name) for unit in self.units]
        names = tuple(name.strip()[:_LONGEST_NAME].strip() for name in filled if name is not None)
        return names if len(names) == len(self.units) and all(names) else None


def unit_dns(names: tuple[str, ...], base: str) -> Iterator[str]:
    """Yield the DNs of the units below ``base``, the outermost first. The last one is the place itself."""
    dn = base
    for name in reversed(names):
        dn = child_dn("OU", name, dn)
        yield dn


def place_of(placement: Placement, fallback: Placement, values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the units' names for a user, those of the fallback where a value is missing."""
    names = placement.names(values)
    return names if names is not None else fallback.names({}) or ()


def _unit_name(value: str) -> str:
    """Return a value without what no name may have: control characters become spaces, runs of them one."""
    return " ".join("".join(character if character.isprintable() else " " for character in value).split())


@lru_cache(maxsize=256)
def _units(text: str) -> tuple[Template, ...]:
    if not text.strip():
        return ()
    units: list[Template] = []
    rest = text
    while rest:
        try:
            dn = parse_dn(rest)
        except ValueError:
            raise ValueError(_NO_UNITS) from None
        if len(dn.rdn) != 1 or dn.rdn[0][0].lower() != "ou" or not dn.rdn[0][1].strip():
            raise ValueError(_NO_UNITS)
        units.append(Template.parse(dn.rdn[0][1]))
        rest = dn.parent
    if len(units) > DEPTH:
        raise ValueError(f"has more than {DEPTH} organizational units")
    return tuple(units)
