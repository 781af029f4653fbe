"""Somebody renames or moves a user between two requests: the user is still there, and what is to be done is done."""

from collections.abc import Callable, Sequence

import pytest

from connectors.active_directory import ActiveDirectoryConnector
from connectors.active_directory.directory import Directory
from connectors.contract import ObjectKind
from connectors.errors import NotFound
from connectors.ldap_client.session import Entry, Session
from tests.connectors.active_directory.conftest import GROUP, USER, Opening, held, person, word

pytestmark = pytest.mark.samba

type Renaming = Callable[[int], None]


@pytest.fixture
def renaming(admin: Session, monkeypatch: pytest.MonkeyPatch) -> Renaming:
    """Let an administrator rename the user right after the connector has located it, the given number of times."""
    locate = Directory.locate

    def arm(times: int) -> None:
        left = [times]

        def located(self: Directory, kind: ObjectKind, remote_id: str, attributes: Sequence[str]) -> Entry:
            entry = locate(self, kind, remote_id, attributes)
            if kind is USER and left[0]:
                left[0] -= 1
                admin.rename(entry.dn, f"CN=Renamed {word()}")
            return entry

        monkeypatch.setattr(Directory, "locate", located)

    return arm


async def test_a_leaver_is_disabled_all_the_same(connector: ActiveDirectoryConnector, renaming: Renaming) -> None:
    account = await connector.create(USER, person(word()), active=True)
    renaming(1)
    await connector.deactivate(account.remote_id)
    assert (await connector.read(USER, account.remote_id)).active is False


async def test_a_leaver_leaves_the_groups_all_the_same(opened: Opening, renaming: Renaming) -> None:
    connector = opened(strip_groups=True)
    account = await connector.create(USER, person(word()), active=True)
    team = await connector.create(GROUP, {"cn": f"Team {word()}"}, active=True)
    await connector.change_members(team.remote_id, [account.remote_id], [])
    renaming(1)
    await connector.deactivate(account.remote_id)
    assert await connector.members(team.remote_id) == []


async def test_a_user_is_updated_all_the_same(
    connector: ActiveDirectoryConnector, renaming: Renaming, admin: Session
) -> None:
    account = await connector.create(USER, person(word()), active=True)
    renaming(1)
    await connector.update(USER, account.remote_id, {"title": "Engineer"})
    assert held(admin, f"<GUID={account.remote_id}>", "title") == ["Engineer"]


async def test_a_user_is_deleted_all_the_same(connector: ActiveDirectoryConnector, renaming: Renaming) -> None:
    account = await connector.create(USER, person(word()), active=True)
    renaming(2)
    await connector.delete(USER, account.remote_id)
    with pytest.raises(NotFound):
        await connector.read(USER, account.remote_id)
