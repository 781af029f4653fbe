"""Lists of members that come piece by piece, as Windows hands them out (recorded) and as Samba does when asked."""

from collections.abc import Sequence

import pytest

from connectors.active_directory import ranges
from connectors.active_directory.ranges import piece_of, ranged_values
from connectors.ldap_client.session import Controls, Entry

NAMES = [f"CN=u{number},DC=example,DC=com".encode() for number in range(3200)]


class Windows:
    """A controller that gives at most 1,500 values at a time, whatever range it is asked for."""

    def __init__(self, values: Sequence[bytes]) -> None:
        self.values = values
        self.asked: list[str] = []

    def read(self, _dn: str, attributes: Sequence[str], *, controls: Controls = ()) -> Entry:
        (name,) = attributes
        self.asked.append(name)
        low, high = name.partition("=")[2].split("-")
        start = int(low)
        end = min(start + 1500, len(self.values) if high == "*" else int(high) + 1)
        if not self.values:
            return Entry("CN=g", {})
        last = end >= len(self.values)
        return Entry("CN=g", {f"member;range={start}-{'*' if last else end - 1}": self.values[start:end]})


@pytest.mark.parametrize("count", [0, 1, 1499, 1500, 1501, 3000, 3200])
def test_all_pieces_are_joined_and_each_is_asked_for_once(count: int) -> None:
    server = Windows(NAMES[:count])
    found = [value for piece in ranged_values(server, "CN=g", "member") for value in piece]  # type: ignore[arg-type]  # stands in
    assert [value.encode() for value in found] == NAMES[:count]
    assert len(server.asked) == max(1, -(-count // 1500))


def test_a_piece_says_where_the_next_one_begins() -> None:
    entry = Entry("CN=g", {"member": [], "Member;Range=0-1499": NAMES[:1500]})
    piece = piece_of(entry, "member")
    assert (len(piece.values), piece.following) == (1500, 1500)
    last = piece_of(Entry("CN=g", {"member;range=3000-*": NAMES[3000:]}), "member")
    assert (len(last.values), last.following) == (200, None)


def test_values_that_come_whole_are_a_piece_without_a_next_one() -> None:
    piece = piece_of(Entry("CN=g", {"member": NAMES[:3], "memberOf": NAMES[:9]}), "member")
    assert (len(piece.values), piece.following) == (3, None)


def test_a_range_that_holds_nothing_ends_the_list() -> None:
    assert piece_of(Entry("CN=g", {"member;range=1500-2999": []}), "member").following is None
    assert ranges.PIECE == 1500
