"""uidNumber and gidNumber: each given once, whoever asks at the same time, on however many machines.

The next free number stands in an entry of the directory, as ``uidNumber/10000=10042`` in its ``description``. It is
taken by compare-and-swap: one modification deletes the value as it was read and adds the next one, and the server does
both or, where somebody else was faster, none. Numbers that are in use are skipped; what was given is not given again
while the entry lives, except one that was taken for an entry that the server then refused.
"""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence

from connectors.errors import AlreadyExists, Misconfigured, Rejected, Unavailable
from connectors.ldap_client.library import MODIFY_ADD, MODIFY_DELETE
from connectors.ldap_client.names import parse_dn
from connectors.ldap_client.results import NO_SUCH_ATTRIBUTE, NO_SUCH_OBJECT, SUCCESS, VALUE_EXISTS
from connectors.ldap_client.session import Session

_TRIES = 60
_RUN = 100
"""So many numbers are looked at together when the next one is in use."""
_SHORT = 0.02
"""Seconds to wait at most after a lost race, times the number of races lost."""

type InUse = Callable[[Sequence[int]], Collection[int]]
"""Which of some numbers entries have."""


class Numbers:
    """What one connector knows of the counter. Safe for its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: dict[str, int] = {}
        self._unspent: defaultdict[str, list[int]] = defaultdict(list)

    def take(
        self,
        session: Session,
        counter: str,
        attribute: str,
        numbers: tuple[int, int],
        in_use: InUse,
        *,
        counted_as: str,
    ) -> int:
        """Return a number that nobody has and nobody else gets. Raises ``Rejected`` where there is none left.

        Attributes that are ``counted_as`` the same one never get the same number.
        """
        first, last = numbers
        key = f"{counted_as}/{first}="
        with self._lock:
            while unspent := self._unspent[key]:
                if not in_use([number := unspent.pop()]):
                    return number
            for race in range(_TRIES):
                held = self._next.pop(key, None) or _read(session, counter, key, first)
                free = _free(held, last, in_use)
                if free is None:
                    raise _exhausted(attribute, first, last)
                if _swap(session, counter, f"{key}{held}", f"{key}{free + 1}"):
                    self._next[key] = free + 1
                    return free
                time.sleep(random.random() * _SHORT * (race + 1))  # noqa: S311 - to step out of each other's way
        raise Unavailable(
            f"No {attribute} could be taken: too many others take one at the same time.",
            code="ldap.counterBusy",
            fix="It is tried again. If it persists, lower the number of connections.",
            one_object=True,
        )

    def give_back(self, counted_as: str, numbers: tuple[int, int], number: int) -> None:
        """Keep a number for the next one who asks: the entry that it was for has surely not been made."""
        with self._lock:
            self._unspent[f"{counted_as}/{numbers[0]}="].append(number)


def _read(session: Session, counter: str, key: str, first: int, *, again: bool = False) -> int:
    """Return the counter's value; make the counter where there is none yet, the same by whoever comes first."""
    start = f"{key}{first}".encode()
    entry = session.read(counter, ["description"])
    if entry is None:
        ((name, value), *_) = parse_dn(counter).rdn
        try:
            session.add(counter, ["device"], {name: [value.encode()], "description": [start]}, "entryUUID")
        except AlreadyExists:
            if again:
                raise _hidden(counter) from None
            return _read(session, counter, key, first, again=True)
        return first
    values = [text.removeprefix(key) for text in entry.values("description") if text.startswith(key)]
    if found := [int(value) for value in values if value.isdecimal()]:
        return max(found)
    result = session.try_modify(counter, {"description": [(MODIFY_ADD, [start])]})
    if result.code not in (SUCCESS, VALUE_EXISTS):
        raise session.error_of(result)
    return first


def _swap(session: Session, counter: str, old: str, new: str) -> bool:
    """Replace the counter's value if it is still ``old``."""
    change = [(MODIFY_DELETE, [old.encode()]), (MODIFY_ADD, [new.encode()])]
    result = session.try_modify(counter, {"description": change})
    if result.code not in (SUCCESS, NO_SUCH_ATTRIBUTE, NO_SUCH_OBJECT):
        raise session.error_of(result)
    return result.code == SUCCESS


def _free(number: int, last: int, in_use: InUse) -> int | None:
    """Return the first number from here that is not in use."""
    run = 1
    while number <= last:
        candidates = range(number, min(number + run, last + 1))
        used = in_use(candidates)
        free = next((candidate for candidate in candidates if candidate not in used), None)
        if free is not None:
            return free
        number, run = candidates[-1] + 1, _RUN
    return None


def _hidden(counter: str) -> Misconfigured:
    return Misconfigured(
        f"The counter of numbers {counter} is there, but the service account may not read it.",
        code="ldap.counterHidden",
        fix="Give the service account the right to read and write that entry, or choose another counter in the "
        "connection's settings.",
    )


def _exhausted(attribute: str, first: int, last: int) -> Rejected:
    return Rejected(
        f"Every {attribute} from {first} to {last} has been given.",
        code="ldap.numbersExhausted",
        fix="Raise the end of the range in the connection's settings. Its beginning must stay: the counter belongs "
        "to it.",
        attribute=attribute,
    )
