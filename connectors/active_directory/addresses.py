"""proxyAddresses: what is to be there after a change, so that exactly one SMTP address is the primary one. Pure.

An address is a kind, a colon, and the rest; ``SMTP:`` in capitals marks the primary one (MS-OXOABK 2.2.3.23). Values
without a kind are SMTP addresses. Case does not tell two addresses apart.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

type Policy = Literal["add", "smtp", "all"]

PRIMARY, ALIAS = "SMTP:", "smtp:"


def addresses(held: Sequence[str], wanted: Sequence[str], policy: Policy, mail: str | None = None) -> list[str]:
    """Return all addresses of an account, the primary one first.

    The primary one is the first that ``wanted`` marks as such; else the one that is the account's ``mail``; else
    the first SMTP address of ``wanted``; and if nothing is wanted, the one that is so already.
    """
    given = [
        address if _kind(address) else ALIAS + address for address in (value.strip() for value in wanted) if address
    ]
    kept = [address for address in held if _stays(address, given, policy)]
    smtp = [address for address in (*given, *kept) if _kind(address) == "smtp"]
    others = [address for address in (*given, *kept) if _kind(address) != "smtp"]
    primary = _primary(given, kept, mail)
    ordered = [PRIMARY + _rest(primary)] if primary else []
    ordered += [ALIAS + _rest(address) for address in smtp]
    return _once((*ordered, *others))


def _stays(address: str, given: Sequence[str], policy: Policy) -> bool:
    if policy == "add":
        return True
    return policy == "smtp" and _kind(address) != "smtp"


def _primary(given: Sequence[str], kept: Sequence[str], mail: str | None) -> str | None:
    mine = [address for address in given if _kind(address) == "smtp"]
    marked = [address for address in mine if address.startswith(PRIMARY)]
    mailed = [address for address in mine if mail and _rest(address).casefold() == mail.casefold()]
    standing = [address for address in kept if address.startswith(PRIMARY)]
    return next(iter((*marked, *mailed, *mine, *standing)), None)


def _kind(address: str) -> str:
    kind, colon, rest = address.partition(":")
    return kind.lower() if colon and rest and kind.isalnum() else ""


def _rest(address: str) -> str:
    return address.partition(":")[2]


def _once(values: Iterable[str]) -> list[str]:
    kept: dict[str, str] = {}
    for value in values:
        kept.setdefault(value.casefold(), value)
    return list(kept.values())
