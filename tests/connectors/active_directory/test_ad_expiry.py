"""accountExpires: a date is the last day; nothing is never; what is read is what would be written."""

from datetime import UTC, datetime

import pytest

from connectors.active_directory.times import NEVER, expiry_of, expiry_text, filetime_of, moment_of
from connectors.contract import Value
from connectors.errors import Rejected
from connectors.ldap_client.session import Session
from tests.connectors.active_directory.conftest import USER, Opening, held, person, word

MIDNIGHT = 134510112000000000
"""2027-04-01 00:00 UTC."""


def test_a_filetime_counts_from_1601() -> None:
    assert filetime_of(datetime(2027, 4, 1, tzinfo=UTC)) == MIDNIGHT
    assert moment_of(MIDNIGHT) == datetime(2027, 4, 1, tzinfo=UTC)


def test_a_date_is_the_last_day_on_which_the_account_works() -> None:
    assert expiry_of("2027-03-31") == MIDNIGHT
    assert expiry_text(str(MIDNIGHT)) == "2027-03-31"


@pytest.mark.parametrize("text", ["2027-03-31T17:00:00Z", "2027-03-31T17:00:00.500000Z"])
def test_a_time_is_that_moment(text: str) -> None:
    assert expiry_text(str(expiry_of(text))) == text


def test_a_time_without_a_zone_is_utc_and_another_zone_is_heeded() -> None:
    assert expiry_of("2027-04-01T00:00:00") == MIDNIGHT
    assert expiry_of("2027-04-01T02:00:00+02:00") == MIDNIGHT


@pytest.mark.parametrize("text", ["", " ", "never", "0", str(NEVER), "9" * 19, "9999-12-31", "9999-12-31T23:59:59Z"])
def test_nothing_is_never(text: str) -> None:
    assert expiry_of(text) == NEVER
    assert expiry_text(str(expiry_of(text))) is None


def test_both_ways_to_say_never_are_read() -> None:
    assert expiry_text("0") is None
    assert expiry_text(str(NEVER)) is None


@pytest.mark.parametrize("text", ["31.03.2027", "soon", "2027-02-30", "12345", "1600-12-31", "0001-01-01"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        expiry_of(text)


@pytest.mark.parametrize(
    ("value", "moment"),
    [("2027-03-31", str(MIDNIGHT)), (str(MIDNIGHT), str(MIDNIGHT)), (None, str(NEVER)), ((), str(NEVER))],
)
async def test_the_domain_holds_the_moment(opened: Opening, admin: Session, value: Value, moment: str) -> None:
    connector = opened()
    account = await connector.create(USER, person(word(), accountExpires="2030-01-01"), active=True)
    await connector.update(USER, account.remote_id, {"accountExpires": value})
    assert held(admin, account.name, "accountExpires") == [moment]
    standing = (await connector.read(USER, account.remote_id)).attributes.get("accountExpires")
    assert standing == ("2027-03-31" if value else None)


async def test_what_is_no_date_is_rejected_with_words(opened: Opening) -> None:
    with pytest.raises(Rejected) as caught:
        await opened().create(USER, person(word(), accountExpires="soon"), active=True)
    assert (caught.value.code, caught.value.attribute) == ("ad.invalidDate", "accountExpires")
