"""What the suite needs to know of a system (``SampleNames``), what it makes there (``Samples``), and the hooks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import ClassVar
from uuid import uuid4

import pytest

from connectors.contract import Account, Connector, Match, ObjectKind, Value
from connectors.errors import ConnectorError

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP

AWKWARD_TEXTS = (
    "Zoë Ångström-Čapek",
    "Aoife O'Hara",
    "Smith, John",
    "R+D = fun; <so> they say",
    'the "big" one',
    "a*b (c) & |d",
    "back\\slash \\2a",
    "#hash first",
    "山田 太郎 🙂",
    "50% /off? [yes] {no}",
)
"""Texts that break whoever glues strings into filters, DNs, URLs or JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleNames:
    """The system's own names for what the suite writes. ``None`` where the system has no such thing.

    ``login`` is the unique name of a user, ``lookalike`` an attribute that two users may share and ``find`` can ask
    for. ``login_form`` makes a login out of a plain word (``{}@contoso.example``); ``awkward_logins`` are forms with
    characters that the system allows in logins and that are easy to get wrong. ``required`` is added to every user
    that is created. ``absent_user`` and ``absent_group`` are well-formed remote ids that nobody has. ``secrets`` may
    not show in any text. ``bulk`` is a number of members beyond one batch of the connector.

    ``page`` is a number of users beyond one page of an import; better make the connector's pages small. ``patience``
    is for how many seconds a change may stay unseen by an import or a search. ``restored`` are the attributes with
    which a deleted user comes back (none given: login, display name and title); ``restores_groups`` says that deleted
    groups come back, too. ``weak_password`` is one that the system's policy refuses, ``None`` where it has no policy;
    ``good_passwords`` are two that it takes. ``tells_waits``: a system that is too busy says for how long.
    """

    login: str
    display_name: str
    title: str
    group_name: str
    absent_user: str
    absent_group: str
    group_description: str | None = None
    multivalued: str | None = None
    reference: str | None = None
    lookalike: str | None = None
    login_form: str = "{}"
    awkward_logins: tuple[str, ...] = ()
    required: Mapping[str, Value] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    bulk: int = 45
    page: int = 45
    patience: float = 10.0
    restored: tuple[str, ...] | None = None
    restores_groups: bool = False
    weak_password: str | None = "Xq7"  # noqa: S105 - nobody's
    good_passwords: tuple[str, str] = ("Plum-Tree7-Lantern!", "Walnut+Boat8-Candle!")
    tells_waits: bool = True


def offered(capability: bool, what: str) -> None:
    """Skip a rule about what the system does not have; only capabilities say so."""
    if not capability:
        pytest.skip(f"the system has no {what}")


def need(name: str | None) -> str:
    """Return a sample name, or skip where the system has no such thing."""
    if name is None:
        pytest.skip("the system has no such attribute")
    return name


async def eventually(seconds: float, holds: Callable[[], Awaitable[bool]]) -> bool:
    """Ask until it holds, or for so many seconds: systems answer searches from copies that lag behind."""
    until, pause = monotonic() + seconds, 0.02
    while not await holds():
        if monotonic() > until:
            return False
        await asyncio.sleep(pause)
        pause = min(pause * 2, 1.0)
    return True


class Samples:
    """Accounts that one test makes in the system, and that are deleted when it ends."""

    def __init__(self, connector: Connector, names: SampleNames) -> None:
        self.connector = connector
        self.names = names
        self._made: list[Account] = []

    @staticmethod
    def word() -> str:
        """Return a plain lower-case word that nobody else uses."""
        return f"t{uuid4().hex[:10]}"

    def login(self, form: str | None = None) -> str:
        """Return a login that nobody has."""
        return (form or self.names.login_form).format(self.word())

    def user_values(self, **values: Value) -> dict[str, Value]:
        """Return what is enough to create a user, under the system's names, overridden by ``values``."""
        word = self.word()
        base = {self.names.login: self.names.login_form.format(word), self.names.display_name: f"Sample {word}"}
        return {**self.names.required, **base, **values}

    def keep(self, account: Account) -> Account:
        """Have an account deleted at the end of the test."""
        self._made.append(account)
        return account

    async def user(self, values: Mapping[str, Value] | None = None, *, active: bool = True) -> Account:
        """Create a user."""
        wanted = self.user_values(**(values or {}))
        return self.keep(await self.connector.create(USER, wanted, active=active))

    async def group(self, *members: Account, name: str | None = None) -> Account:
        """Create a group with members; skips where the system has no such thing."""
        offered(self.connector.capabilities.groups, "groups")
        if members:
            offered(self.connector.capabilities.memberships, "memberships")
        values = {self.names.group_name: name or f"Group {self.word()}"}
        group = self.keep(await self.connector.create(GROUP, values, active=True))
        if members:
            failures = await self.connector.change_members(group.remote_id, [m.remote_id for m in members], [])
            assert not failures.failed
        return group

    async def found(self, kind: ObjectKind, attribute: str, value: str) -> list[str]:
        """Return the remote ids that ``find`` gives."""
        return [account.remote_id for account in await self.connector.find(Match(kind, attribute, value))]

    async def value(self, account: Account, attribute: str) -> Value:
        """Return one attribute as it stands; what is not there is ``None``, and so is the empty tuple."""
        value = (await self.connector.read(account.kind, account.remote_id)).attributes.get(attribute)
        return None if value == () else value

    async def members(self, group: Account) -> set[str]:
        """Return the members' ids; a member that is listed twice fails the test."""
        ids: Sequence[str] = await self.connector.members(group.remote_id)
        assert len(ids) == len(set(ids)), "a member is listed twice"
        return set(ids)

    async def clean(self) -> None:
        """Delete what was made, groups first; what cannot be deleted stays."""
        few = asyncio.Semaphore(8)

        async def delete(kind: ObjectKind, remote_id: str) -> None:
            async with few:
                with suppress(ConnectorError):
                    await self.connector.delete(kind, remote_id)

        for kind in (GROUP, USER):
            await asyncio.gather(*(delete(kind, each.remote_id) for each in self._made if each.kind is kind))


class Rules:
    """Fixtures and hooks of the suite. A hook that is not overridden skips the tests that need it."""

    title: ClassVar[str] = ""
    """The system's name in the table of connectors by properties; unset, it is made from the class's name."""
    chapter: ClassVar[str] = ""
    """Under which heading the rules of a class stand in the table."""

    @pytest.fixture
    async def samples(self, connector: Connector, names: SampleNames) -> AsyncIterator[Samples]:
        """Make accounts for one test."""
        samples = Samples(connector, names)
        yield samples
        await samples.clean()

    @pytest.fixture
    def connector(self) -> Connector:
        """Return an open connector to a live system. To be overridden."""
        raise NotImplementedError("the subclass hands in a fixture named connector")

    @pytest.fixture
    def names(self) -> SampleNames:
        """Return the system's own names. To be overridden."""
        raise NotImplementedError("the subclass hands in a fixture named names")

    async def stop_server(self) -> None:
        """Hook: take the system away, as a power cut does."""
        pytest.skip("no hook stop_server")

    async def start_server(self) -> None:
        """Hook: bring it back with its data."""
        pytest.skip("no hook start_server")

    async def drop_connections(self) -> None:
        """Hook: cut the connections that the connector holds open and idle; the system goes on."""
        pytest.skip("no hook drop_connections")

    def lose_answers(self) -> AbstractAsyncContextManager[None]:
        """Hook: while the block runs, writes reach the system and are done, but their answers are lost."""
        pytest.skip("no hook lose_answers")

    def throttle(self, seconds: float) -> AbstractAsyncContextManager[None]:
        """Hook: from now on and for ``seconds`` the system is too busy to write, and says so (see ``tells_waits``)."""
        pytest.skip("no hook throttle")

    async def misconfigured(self) -> Connector:
        """Hook: a connector to the same system with a wrong secret."""
        pytest.skip("no hook misconfigured")

    async def another(self) -> Connector:
        """Hook: a second connector to the same system with the same settings, as another process would open it."""
        pytest.skip("no hook another")

    async def expire_cursors(self) -> None:
        """Hook: from now on the system does not accept the cursors any more that it has given until now."""
        pytest.skip("no hook expire_cursors")

    async def sign_in(self, login: str, password: str) -> bool:
        """Hook: whether the system lets a person in with this password, asked as the person's own program would."""
        pytest.skip("no hook sign_in")
