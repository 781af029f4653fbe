"""The names of accounts: common name, sAMAccountName, userPrincipalName. Which are allowed, and the next free one."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from connectors.active_directory.directory import Directory
from connectors.active_directory.settings import ActiveDirectorySettings
from connectors.active_directory.templates import Template
from connectors.contract import Match
from connectors.errors import AlreadyExists, Rejected
from connectors.ldap_client.names import child_dn, either, equals, folded

LONGEST_ACCOUNT_NAME, LONGEST_COMMON_NAME = 20, 64
"""MS-ADTS 3.1.1.6 for sAMAccountName of users (the schema says 256), MS-ADA1 for cn."""

_FORBIDDEN = re.compile(r'["/\\\[\]:;|=,+*?<>@\s\x00-\x1f\x7f]')
_LETTERS = str.maketrans({
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
    "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "ı": "i",  # noqa: RUF001 - it is the letter that is meant
})  # fmt: skip
_TRIES = 100


def account_name(text: str) -> str:
    """Return a text as a sAMAccountName: what is before @, without diacritics and forbidden characters, cut to 20."""
    plain = unicodedata.normalize("NFKD", text.partition("@")[0].translate(_LETTERS))
    letters = "".join(character for character in plain if not unicodedata.combining(character))
    return unicodedata.normalize("NFC", _FORBIDDEN.sub("", letters))[:LONGEST_ACCOUNT_NAME].rstrip(".")


def generated_account_name(settings: ActiveDirectorySettings, values: Mapping[str, str]) -> str:
    """Return the name that the first fitting rule makes of values by lower-case names. Raises ``Rejected``."""
    for rule in settings.account_name:
        filled = Template.parse(rule).fill(values, lambda value: value.partition("@")[0])
        if filled and (name := account_name(filled)):
            return name
    raise Rejected(
        "No rule makes a sAMAccountName of the user's attributes.",
        code="ad.accountNameMissing",
        fix="Map sAMAccountName, or add a rule for it whose attributes everybody has.",
        attribute="sAMAccountName",
    )


def principal_name(directory: Directory, text: str) -> str | None:
    """Return a text as a userPrincipalName with an allowed suffix; ``None`` where it has another one."""
    settings = directory.settings
    local, at, suffix = text.rpartition("@")
    if not at:
        return f"{text}@{(settings.upn_suffixes or (directory.domain.dns_name,))[0]}"
    if not settings.upn_suffixes or suffix.casefold() in {allowed.casefold() for allowed in settings.upn_suffixes}:
        return text
    return f"{local}@{settings.upn_suffixes[0]}" if settings.upn_other_suffix == "replace" else None


def matched_value(directory: Directory, match: Match) -> str | None:
    """Return the value to look for, in the form in which it would have been written; ``None``: nobody has it."""
    name = match.attribute.lower()
    if name == "samaccountname":
        return account_name(match.value) or None
    if name == "userprincipalname":
        return principal_name(directory, match.value) if match.value.strip() else None
    if name == "proxyaddresses" and match.value and ":" not in match.value:
        return f"smtp:{match.value}"
    return match.value or None


def common_name(values: Mapping[str, str]) -> str:
    """Return a user's common name: the mapped one, or the next best of the user's values (by lower-case names)."""
    whole = " ".join(part for part in (values.get("givenname", ""), values.get("sn", "")) if part)
    choices = (values.get("cn"), values.get("name"), values.get("displayname"), whole)
    names = (*choices, values.get("userprincipalname"), values.get("samaccountname"))
    return fitting_common_name(next((name for name in names if name and name.strip()), ""))


def fitting_common_name(text: str) -> str:
    """Return a text as a common name: no control characters, no spaces at the ends, at most 64 characters."""
    name = "".join(character if character.isprintable() else " " for character in text)
    name = name.strip()[:LONGEST_COMMON_NAME].strip()
    if not name:
        raise Rejected(
            "The user has no name.",
            code="ad.nameMissing",
            fix="Map cn from an attribute that everybody has.",
            attribute="cn",
        )
    return name


def is_numbered(held: str, wanted: str, longest: int, gap: str) -> bool:
    """Whether ``held`` is ``wanted`` or one of its numbered forms: such a name is kept."""
    if folded(held) == folded(wanted):
        return True
    digits = held[len(held.rstrip("0123456789")) :]
    # The wanted name may end in digits itself: jdoe12 is jdoe1 with a 2.
    numbers = [int(digits[start:]) for start in range(len(digits)) if digits[start] != "0"]
    return any(folded(held) == folded(_numbered(wanted, number, longest, gap)) for number in numbers[-6:])


def free_account_name(directory: Directory, wanted: str) -> str:
    """Return the first numbered form of a sAMAccountName that nobody in the domain has: jdoe2, jdoe3."""

    def taken(names: list[str]) -> set[str]:
        # A name implies the userPrincipalName in the domain, which somebody else may have (KB5008382).
        implied = {f"{name}@{directory.domain.dns_name}": name for name in names}
        asked = [equals("sAMAccountName", name) for name in names]
        asked += [equals("userPrincipalName", name) for name in implied]
        found: set[str] = set()
        for entry in directory.session.search(directory.base, either(asked), ["sAMAccountName", "userPrincipalName"]):
            principals = {_alike(name) for name in entry.values("userPrincipalName")}
            found |= {_alike(name) for name in entry.values("sAMAccountName")}
            found |= {_alike(name) for principal, name in implied.items() if _alike(principal) in principals}
        return found

    return _free(_forms(wanted, LONGEST_ACCOUNT_NAME, ""), taken, "sAMAccountName")


def free_common_name(directory: Directory, wanted: str, parent: str) -> str:
    """Return the first numbered form of a common name that is free below a parent: Jane Doe 2, Jane Doe 3."""

    def taken(names: list[str]) -> set[str]:
        condition = either(equals("name", name) for name in names)
        found = directory.session.children(parent, condition, ["name"])
        return {_alike(name) for entry in found for name in entry.values("name")}

    return _free(_forms(wanted, LONGEST_COMMON_NAME, " "), taken, "cn")


def user_dn(name: str, parent: str) -> str:
    """Return the DN of a user."""
    return child_dn("CN", name, parent)


def _alike(name: str) -> str:
    """Return a name as Windows compares it: José and Jose are one (LCMapString with NORM_IGNORENONSPACE and -WIDTH)."""
    letters = unicodedata.normalize("NFKD", folded(name))
    return "".join(character for character in letters if not unicodedata.combining(character))


def _forms(wanted: str, longest: int, gap: str) -> Iterator[str]:
    return (_numbered(wanted, number, longest, gap) for number in range(2, 2 + _TRIES))


def _numbered(wanted: str, number: int, longest: int, gap: str) -> str:
    tail = f"{gap}{number}"
    return wanted[: longest - len(tail)].rstrip() + tail


def _free(forms: Iterator[str], taken: Callable[[list[str]], set[str]], attribute: str) -> str:
    """Return the first form that is not taken; they are asked for in batches."""
    while names := list(islice(forms, 20)):
        held = taken(names)
        for name in names:
            if _alike(name) not in held:
                return name
    raise AlreadyExists(
        f"The first {_TRIES} numbered forms of the {attribute} are taken.",
        code="ad.nameTaken",
        fix=f"Map another {attribute}.",
        attribute=attribute,
    )
