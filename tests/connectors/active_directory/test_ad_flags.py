"""userAccountControl under the hands of others: what they change at the same moment is not overwritten."""

from types import SimpleNamespace
from typing import Any

import pytest

from connectors.active_directory.activation import DISABLED, change_flags
from connectors.active_directory.dialect import error_of
from connectors.errors import Misconfigured, Rejected, Unavailable
from connectors.ldap_client.library import MODIFY_ADD, MODIFY_DELETE
from connectors.ldap_client.results import INSUFFICIENT_ACCESS, NO_SUCH_ATTRIBUTE, SUCCESS, Operation, Result
from connectors.ldap_client.session import Entry

DN = "CN=Jane,OU=People,DC=corp,DC=example,DC=test"
GUID = b"\x01" * 16


def entry(flags: int) -> Entry:
    return Entry(DN, {"userAccountControl": [str(flags).encode()], "objectGUID": [GUID]})


class Busy:
    """A domain controller of Windows, on which somebody else has changed the flags: it answers as told."""

    def __init__(self, *answers: int, flags: int) -> None:
        self.answers = list(answers)
        self.flags = flags
        self.written: list[Any] = []
        self.session = SimpleNamespace(error_of=error_of)

    def modify(self, entry: Entry, changes: Any) -> Result:
        self.written.append(changes)
        return Result(Operation.MODIFY, entry.dn, self.answers.pop(0), "x")

    def locate(self, *_: object) -> Entry:
        return entry(self.flags)


def swap(before: int, after: int) -> dict[str, Any]:
    return {"userAccountControl": [(MODIFY_DELETE, [str(before).encode()]), (MODIFY_ADD, [str(after).encode()])]}


def test_what_was_read_is_deleted_and_the_new_value_added_in_one_request() -> None:
    directory = Busy(SUCCESS, flags=512)
    change_flags(directory, entry(512), on=DISABLED)  # type: ignore[arg-type]  # what is used of it
    assert directory.written == [swap(512, 514)]


def test_a_change_in_between_is_read_and_kept() -> None:
    directory = Busy(NO_SUCH_ATTRIBUTE, SUCCESS, flags=512 | 0x10000)
    change_flags(directory, entry(512), on=DISABLED)  # type: ignore[arg-type]
    assert directory.written == [swap(512, 514), swap(512 | 0x10000, 514 | 0x10000)]


def test_nothing_is_sent_where_nothing_changes() -> None:
    directory = Busy(flags=514)
    change_flags(directory, entry(514), on=DISABLED)  # type: ignore[arg-type]
    assert directory.written == []


def test_somebody_who_never_stops_is_waited_for() -> None:
    directory = Busy(*[NO_SUCH_ATTRIBUTE] * 3, flags=512)
    with pytest.raises(Unavailable) as caught:
        change_flags(directory, entry(512), on=DISABLED)  # type: ignore[arg-type]
    assert (caught.value.code, caught.value.one_object) == ("ad.concurrentChange", True)


def test_a_refusal_is_told_at_once() -> None:
    with pytest.raises(Rejected):
        change_flags(Busy(INSUFFICIENT_ACCESS, flags=512), entry(512), on=DISABLED)  # type: ignore[arg-type]


def test_flags_that_may_not_be_read_are_told() -> None:
    with pytest.raises(Misconfigured) as caught:
        change_flags(Busy(flags=512), Entry(DN, {}), on=DISABLED)  # type: ignore[arg-type]
    assert caught.value.code == "ad.stateHidden"
