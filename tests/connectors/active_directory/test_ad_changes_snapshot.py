"""A controller of Windows shows who changes while a snapshot is read once more, whole as if for the first time.

Samba shows only what changed; so what a controller shows is written down here, of objects that are there.
"""

import pytest

from connectors.active_directory import ActiveDirectoryConnector
from connectors.active_directory.directory import Directory
from connectors.active_directory.domain import SHOW_DELETED, read_domain
from connectors.active_directory.told import Teller
from connectors.contract import Account
from connectors.ldap_client.schema import read_schema
from connectors.ldap_client.session import Entry, Session
from sandbox.samba import DISABLED, USERS, Samba
from tests.connectors.active_directory.conftest import GROUP, USER, person, settings_for, word

pytestmark = pytest.mark.samba


@pytest.fixture
def directory(samba: Samba, admin: Session) -> Directory:
    return Directory(admin, settings_for(samba), read_domain(admin), read_schema(admin))


@pytest.fixture
def teller() -> Teller:
    """As in a process that takes a snapshot up: it remembers nobody."""
    return Teller({USER: ("title",), GROUP: ("cn",)}, memberships=True, domain_sid="")


@pytest.fixture
async def account(connector: ActiveDirectoryConnector) -> Account:
    return await connector.create(USER, person(word()), active=True)


def shown(session: Session, account: Account, **more: bytes) -> Entry:
    """Return an object as it is shown whole."""
    entry = session.read(f"<GUID={account.remote_id}>", ["*"], controls=[SHOW_DELETED])
    assert entry is not None
    assert entry.values("whenCreated")
    return Entry(entry.dn, {**entry.attributes, **{name: [value] for name, value in more.items()}})


async def test_who_is_deleted_meanwhile_is_told_as_gone(
    connector: ActiveDirectoryConnector, admin: Session, directory: Directory, teller: Teller, account: Account
) -> None:
    begun = directory.controller.highest_usn
    await connector.delete(USER, account.remote_id)
    deleted = [shown(admin, account)]
    (change,) = teller.differences(directory, USER, deleted, full=True, begun=begun).changes
    assert (change.account.remote_id, change.gone) == (account.remote_id, True)
    later = directory.controller.highest_usn
    assert teller.differences(directory, USER, deleted, full=True, begun=later).changes == []


async def test_who_is_moved_away_meanwhile_is_told_as_gone(
    admin: Session, directory: Directory, teller: Teller, account: Account
) -> None:
    begun = directory.controller.highest_usn
    admin.rename(account.name, account.name.partition(",")[0], parent=DISABLED)
    away = [shown(admin, account)]
    (change,) = teller.differences(directory, USER, away, full=True, begun=begun).changes
    assert (change.account.remote_id, change.gone) == (account.remote_id, True)
    later = directory.controller.highest_usn
    assert teller.differences(directory, USER, away, full=True, begun=later).changes == []


async def test_who_leaves_a_group_meanwhile_is_told_to_have_left(
    connector: ActiveDirectoryConnector, admin: Session, directory: Directory, teller: Teller, account: Account
) -> None:
    group = await connector.create(GROUP, {"cn": f"Team {word()}"}, active=True)
    await connector.change_members(group.remote_id, [account.remote_id], [])
    begun = directory.controller.highest_usn
    await connector.change_members(group.remote_id, [], [account.remote_id])
    left = {"member;range=0-0": f"<GUID={account.remote_id}>;CN=Jane,{USERS}".encode()}
    again = [shown(admin, group, **left)]
    (told,) = teller.differences(directory, GROUP, again, full=True, begun=begun).members
    assert (told.group, told.removed) == (group.remote_id, (account.remote_id,))
    later = directory.controller.highest_usn
    assert teller.differences(directory, GROUP, again, full=True, begun=later).members == []
