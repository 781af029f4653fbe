"""The suite's own importer reads pages as the contract means them."""

from connectors.contract import Account, Change, MemberChange, ObjectKind, Page, Standing
from connectors.testing.importer import Picture

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
MIRA = Account(USER, "mira", "mira", {"title": "Analyst", "phone": ("1", "2")}, active=True)
NOOR = Account(USER, "noor", "noor", {}, active=True)
RISK = Account(GROUP, "risk", "Risk")


def picture(*pages: Page) -> Picture:
    """The picture after a snapshot of Mira, Noor and the group Risk with both, and then these pages."""
    seen = Picture()
    everybody = tuple(Change(each) for each in (MIRA, NOOR, RISK))
    members = (MemberChange("risk", ("mira",)), MemberChange("risk", ("noor",)))
    seen.fold(Page("1", everybody, members, starts=True, complete=True))
    for page in pages:
        seen.fold(page)
    return seen


def test_who_is_absent_from_a_complete_snapshot_is_gone() -> None:
    seen = picture(
        Page("2", (Change(MIRA), Change(RISK)), (MemberChange("risk", ("mira",)),), starts=True, complete=True)
    )
    assert (seen.has(MIRA), seen.has(NOOR)) == (True, False)
    assert seen.of(RISK) == {"mira"}


def test_absence_means_nothing_before_the_snapshot_is_complete() -> None:
    seen = picture(Page("2", (Change(MIRA),), starts=True, more=True))
    assert seen.has(NOOR)
    assert seen.of(RISK) == {"mira", "noor"}


def test_who_stands_unchanged_stays_as_known_and_so_do_the_members() -> None:
    standing = (Standing(USER, "mira"), Standing(USER, "noor"), Standing(GROUP, "risk"))
    seen = picture(Page("2", standing=standing, starts=True, complete=True))
    assert seen.value(MIRA, "title") == "Analyst"
    assert seen.of(RISK) == {"mira", "noor"}


def test_a_snapshot_that_starts_again_forgets_whom_the_first_had_seen() -> None:
    seen = picture(
        Page("2", (Change(NOOR),), starts=True, more=True),
        Page("3", (Change(MIRA), Change(RISK)), starts=True, complete=True),
    )
    assert not seen.has(NOOR)


def test_a_snapshot_goes_on_in_a_copy_as_it_would_in_another_process() -> None:
    seen = picture(Page("2", (Change(NOOR), Change(RISK)), starts=True, more=True))
    later = seen.copy()
    later.fold(Page("3", (Change(MIRA),), (MemberChange("risk", ("mira",)),), complete=True))
    assert later.has(NOOR)
    assert later.of(RISK) == {"mira"}
    assert seen.of(RISK) == {"mira", "noor"}


def test_a_partial_change_leaves_what_it_does_not_name() -> None:
    changed = Account(USER, "mira", "", {"title": None})
    seen = picture(Page("2", (Change(changed, partial=True),)))
    assert seen.value(MIRA, "title") is None
    assert seen.value(MIRA, "phone") == ("1", "2")
    assert seen.active(MIRA) is True
    assert seen.accounts["mira"].name == "mira"


def test_one_who_is_gone_leaves_the_groups() -> None:
    seen = picture(Page("2", (Change(Account(USER, "mira", ""), gone=True, restorable=True),)))
    assert not seen.has(MIRA)
    assert seen.of(RISK) == {"noor"}
    assert seen.restorable == {"mira"}


def test_a_whole_list_of_members_replaces_what_was_known() -> None:
    assert picture(Page("2", members=(MemberChange("risk", ("noor",), whole=True),))).of(RISK) == {"noor"}


def test_members_that_repeat_change_nothing() -> None:
    again = Page("2", members=(MemberChange("risk", ("noor",)), MemberChange("risk", (), ("nobody",))))
    assert picture(again, again).of(RISK) == {"mira", "noor"}
