"""Cursors as text, the DirSync control as octets, and pages out of answers of any size."""

from uuid import uuid4

import pytest

from connectors.active_directory.cursors import LONGEST, Cursor, parse_cursor
from connectors.active_directory.dirsync import as_read, came_and_went, request_value
from connectors.active_directory.paging import ACCOUNTS, MEMBERS, pages
from connectors.active_directory.told import Told
from connectors.contract import Account, Change, MemberChange, ObjectKind, Standing
from connectors.errors import Misconfigured
from connectors.ldap_client.session import Entry

USER = ObjectKind.USER
BEFORE = Cursor("dirsync", "q", "s|i", "dc1", at="User", cookies={"unit": b"u", "User": b"old"})
AFTER = Cursor("dirsync", "q", "s|i", "dc1", at="Group", cookies={"unit": b"u", "User": b"new"})


class TestText:
    def test_a_cursor_comes_back_as_it_was(self) -> None:
        for cursor in (
            BEFORE,
            Cursor(
                "usn",
                "q",
                "CN=NTDS Settings,CN=Süd|i",
                "dc1",
                "Group",
                True,
                9,
                True,
                False,
                20_000,
                {},
                {"User": 7},
                {"unit": 5},
            ),
            Cursor("dirsync", "q", "", "", own_rights=True, cookies={"User": bytes(range(256)), "Group": b""}),
        ):
            assert parse_cursor(cursor.text()) == cursor

    def test_the_cookies_of_a_domain_with_hundreds_of_controllers_fit(self) -> None:
        # Behind 60 octets of its own a cookie lists every controller that the domain ever had, 32 octets each.
        controllers = b"".join(uuid4().bytes * 2 for _ in range(500))
        cursor = Cursor("dirsync", "q", "s|i", "h", cookies={kind: kind.encode() + controllers for kind in "abc"})
        assert len(cursor.text()) < LONGEST
        assert parse_cursor(cursor.text()) == cursor

    def test_cookies_that_do_not_fit_are_told(self) -> None:
        octets = b"".join(uuid4().bytes for _ in range(4000))
        with pytest.raises(Misconfigured) as caught:
            Cursor("dirsync", "q", "s|i", "h", cookies={"User": octets}).text()
        assert caught.value.code == "ad.cursorTooLong"
        assert "usn" in caught.value.fix

    @pytest.mark.parametrize(
        "change",
        [('"way":"dirsync"', '"way":"magic"'), ('"lengths":{', '"lengths":{"x":9,'), ('"cookies":"', '"cookies":"!')],
    )
    def test_a_damaged_text_is_none(self, change: tuple[str, str]) -> None:
        text = BEFORE.text()
        assert change[0] in text
        assert parse_cursor(text.replace(*change)) is None


class TestControl:
    def test_the_request_is_encoded_as_recorded(self) -> None:
        assert request_value(0x80000000, 0x80000, b"").hex() == "300d020480000000020308000004" + "00"
        assert request_value(0x80000001, 200, b"ck").hex() == "300e020480000001" + "020200c8" + "0402636b"

    def test_long_cookies_have_long_lengths(self) -> None:
        value = request_value(0, 1, b"x" * 300)
        assert value[:4].hex() == "3082" + f"{len(value) - 4:04x}"
        assert value[-304:-300].hex() == "0482012c"

    def test_links_are_as_a_search_shows_them(self) -> None:
        entry = Entry(
            "CN=x",
            {
                "manager;range=0-0": [b"old"],
                "manager;range=1-1": [b"new"],
                "assistant;range=0-0": [b"gone"],
                "name": [b"x"],
            },
        )
        assert as_read(entry).attributes == {"manager": [b"new"], "assistant": [], "name": [b"x"], "cn": [b"x"]}

    def test_members_stay_apart(self) -> None:
        entry = as_read(Entry("CN=g", {"member;range=1-1": [b"a", b"b"], "member;range=0-0": [b"c"]}))
        assert came_and_went(entry) == (["a", "b"], ["c"])


class TestPages:
    @staticmethod
    def changes(count: int) -> list[Change]:
        return [Change(Account(USER, str(number), "CN=x")) for number in range(count)]

    def test_an_answer_of_any_size_comes_in_bounded_pages_that_repeat_it_until_it_is_through(self) -> None:
        told = Told(self.changes(1201), [MemberChange("g", tuple(map(str, range(12_000))), ("x",))], [])
        found = pages(told, BEFORE, AFTER, last=False, full=False)
        assert max(len(page.changes) for page in found) == ACCOUNTS
        assert max(len(m.added) + len(m.removed) for page in found for m in page.members) == MEMBERS
        assert sum(len(page.changes) for page in found) == 1201
        assert [i for page in found for m in page.members for i in m.added] == list(map(str, range(12_000)))
        assert [parse_cursor(page.cursor) for page in found] == [BEFORE] * (len(found) - 1) + [AFTER]
        assert all(page.more for page in found)

    def test_a_small_answer_is_one_page(self) -> None:
        told = Told(self.changes(3), [MemberChange("g", ("1",))], [Standing(USER, "9")])
        (page,) = pages(told, BEFORE, AFTER, last=True, full=True)
        assert (len(page.changes), len(page.members), len(page.standing)) == (3, 1, 1)
        assert (page.more, page.complete) == (False, True)

    def test_a_group_that_is_told_whole_is_not_divided_unless_in_a_snapshot(self) -> None:
        whole = MemberChange("g", tuple(map(str, range(7000))), whole=True)
        (page,) = pages(Told(members=[whole]), BEFORE, AFTER, last=True, full=False)
        assert page.members == (whole,)
        found = pages(Told(members=[whole]), BEFORE, AFTER, last=True, full=True)
        assert [len(change.added) for page in found for change in page.members] == [5000, 2000]
        assert not any(change.whole for page in found for change in page.members)

    def test_nothing_is_no_page_unless_it_is_the_end(self) -> None:
        assert pages(Told(), BEFORE, AFTER, last=False, full=True) == []
        (page,) = pages(Told(), BEFORE, AFTER, last=True, full=False)
        assert (page.more, page.complete, parse_cursor(page.cursor)) == (False, False, AFTER)
