"""What POSIX accounts and groups (RFC 2307) have beside what is mapped: numbers, home directory and shell.

A user's gidNumber makes them a member of every group with that number. Where each user has the own uidNumber for it,
users and groups therefore take their numbers from one counter, and nobody gets one that is a gidNumber already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.contract import ObjectKind
from connectors.errors import Rejected
from connectors.ldap.directory import GROUP, USER, Directory
from connectors.ldap.settings import LdapSettings, bounds
from connectors.ldap.templates import UnfitValue, filled
from connectors.ldap_client.names import either, equals


@dataclass(frozen=True, slots=True)
class Additions:
    """Attributes for a new entry, and the number that was taken for it, if one was."""

    values: Mapping[str, str]
    counted_as: str = ""
    numbers: tuple[int, int] = (0, 0)
    taken: int | None = None

    def give_back(self, directory: Directory) -> None:
        """Let the number be used for another entry, because this one was not made."""
        if self.taken is not None:
            directory.numbers.give_back(self.counted_as, self.numbers, self.taken)


def additions(directory: Directory, kind: ObjectKind, wanted: Mapping[str, Sequence[str]]) -> Additions:
    """Return what a new entry gets beside ``wanted``; nothing where no range is set or the classes have no numbers."""
    settings = directory.settings
    attribute, numbers = ("uidNumber", settings.uid_numbers) if kind is USER else ("gidNumber", settings.gid_numbers)
    if not numbers or not _allows(directory, kind, attribute):
        return Additions({})
    given = {name.lower(): values[0] for name, values in wanted.items() if values}
    extra = _of_user(directory, given) if kind is USER else {}
    number = given.get(attribute.lower())
    counted_as = "uidNumber" if _is_shared(settings) else attribute
    taken = None
    if number is None:
        taken = directory.numbers.take(
            directory.session,
            settings.counter_dn,
            attribute,
            bounds(numbers),
            lambda candidates: _in_use(directory, kind, candidates),
            counted_as=counted_as,
        )
        number = extra[attribute] = str(taken)
    if kind is USER and "gidnumber" not in given:
        extra["gidNumber"] = number if settings.primary_gid is None else str(settings.primary_gid)
    return Additions(extra, counted_as, bounds(numbers), taken)


def _of_user(directory: Directory, given: Mapping[str, str]) -> dict[str, str]:
    """Return home directory and shell, filled in before a number is taken."""
    extra: dict[str, str] = {}
    templates = {"homeDirectory": directory.settings.home_directory, "loginShell": directory.settings.login_shell}
    for name, template in templates.items():
        if template and name.lower() not in given and _allows(directory, USER, name):
            try:
                extra[name] = filled(template, lambda attribute: given.get(attribute.lower()))
            except UnfitValue as unfit:
                raise Rejected(
                    f"The value of {unfit.attribute} cannot stand in {name}: it is missing, or holds a character that "
                    "no path of a POSIX account should.",
                    code="ldap.templateUnfit",
                    fix=f"Correct the value at its source, map {name}, or change its template in the settings.",
                    attribute=unfit.attribute,
                ) from None
    return extra


def _allows(directory: Directory, kind: ObjectKind, attribute: str) -> bool:
    schema, classes = directory.schema, directory.classes(kind)
    return not schema.known or attribute.lower() in schema.allowed(classes)


def _is_shared(settings: LdapSettings) -> bool:
    """Whether users and groups take their numbers from one counter."""
    if not (settings.has_own_groups and settings.gid_numbers):
        return False
    return bounds(settings.uid_numbers)[0] == bounds(settings.gid_numbers)[0]


def _in_use(directory: Directory, kind: ObjectKind, numbers: Sequence[int]) -> set[int]:
    settings, bases, asked = directory.settings, directory.all_bases, ["gidNumber"]
    found = {settings.primary_gid} if kind is GROUP and settings.primary_gid is not None else set[int]()
    if kind is USER:
        asked = ["uidNumber", "gidNumber"] if settings.has_own_groups else ["uidNumber"]
        bases = bases if settings.has_own_groups else directory.bases(USER)
    condition = either(equals(attribute, str(number)) for attribute in asked for number in numbers)
    for base in bases:
        for entry in directory.session.search(base, condition, asked):
            found |= {int(value) for attribute in asked for value in entry.values(attribute)}
    return found
