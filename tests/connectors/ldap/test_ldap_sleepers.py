"""Whoever is locked is locked again after a password, whatever comes between."""

import asyncio

import pytest

from connectors.errors import Rejected, Unavailable
from connectors.ldap import sleepers
from connectors.ldap.sleepers import Sleepers


class Account:
    """A user whose lock ends with a new password, as slapd's."""

    def __init__(self) -> None:
        self.locked, self.sets, self.away = True, 0, 0
        self.hold = asyncio.Event()
        self.hold.set()

    async def is_locked(self) -> bool:
        await asyncio.sleep(0)
        return self.locked

    async def set_password(self) -> None:
        await self.hold.wait()
        self.locked, self.sets = False, self.sets + 1
        await asyncio.sleep(0)

    async def refuse(self) -> None:
        raise Rejected("too short", code="ldap.passwordPolicy")

    async def lock(self) -> None:
        await asyncio.sleep(0)
        if self.away:
            self.away -= 1
            raise Unavailable("away", code="ldap.unreachable")
        self.locked = True


@pytest.fixture
async def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setattr(sleepers, "_PAUSES", (0.0, 0.0))
    return Account()


async def test_passwords_at_the_same_time_leave_the_lock(account: Account) -> None:
    held = Sleepers()
    await asyncio.gather(*(held.keep("mira", account.is_locked, account.set_password, account.lock) for _ in range(20)))
    assert (account.sets, account.locked) == (20, True)


async def test_a_caller_that_does_not_wait_leaves_the_lock(account: Account) -> None:
    """The thread that sets the password cannot be called back."""
    held = Sleepers()
    account.hold.clear()
    caller = asyncio.ensure_future(held.keep("mira", account.is_locked, account.set_password, account.lock))
    await asyncio.sleep(0.01)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    account.hold.set()
    await asyncio.sleep(0.01)
    assert (account.sets, account.locked) == (1, True)


async def test_a_server_that_is_away_for_a_moment_gets_the_lock_when_it_is_back(account: Account) -> None:
    account.away = 2
    await Sleepers().keep("mira", account.is_locked, account.set_password, account.lock)
    assert account.locked


async def test_a_lock_that_could_not_be_set_is_made_good_by_the_next_try(account: Account) -> None:
    held, account.away = Sleepers(), 3
    with pytest.raises(Unavailable):
        await held.keep("mira", account.is_locked, account.set_password, account.lock)
    assert not account.locked
    await held.keep("MIRA", account.is_locked, account.set_password, account.lock)
    assert account.locked


async def test_who_was_activated_meanwhile_is_not_locked(account: Account) -> None:
    held, account.away = Sleepers(), 3
    with pytest.raises(Unavailable):
        await held.keep("mira", account.is_locked, account.set_password, account.lock)
    held.wake("mira")
    await held.keep("mira", account.is_locked, account.set_password, account.lock)
    assert not account.locked


async def test_a_refused_password_leaves_the_lock_and_is_told(account: Account) -> None:
    with pytest.raises(Rejected):
        await Sleepers().keep("mira", account.is_locked, account.refuse, account.lock)
    assert account.locked


async def test_who_is_awake_stays_so(account: Account) -> None:
    account.locked = False
    await Sleepers().keep("mira", account.is_locked, account.set_password, account.lock)
    assert not account.locked


async def test_who_is_deactivated_while_the_password_is_on_its_way_is_locked_again(account: Account) -> None:
    held, account.locked = Sleepers(), False
    account.hold.clear()
    setting = asyncio.ensure_future(held.keep("mira", account.is_locked, account.set_password, account.lock))
    await asyncio.sleep(0.01)
    held.sleep("mira")
    await account.lock()
    account.hold.set()
    await setting
    assert (account.sets, account.locked) == (1, True)
    held.sleep("mira")
    await held.keep("mira", account.is_locked, account.set_password, account.lock)
    assert account.locked, "still deactivated"
    account.locked = False
    held.sleep("mira")
    await held.keep("mira", account.is_locked, account.set_password, account.lock)
    assert not account.locked, "no password was on its way when that was said"
