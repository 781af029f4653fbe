"""Who has the right name in a source does not get at what belongs to the domain or to its administrators."""

import pytest

from connectors.contract import Match, ObjectKind
from connectors.errors import Rejected
from connectors.ldap_client.library import MODIFY_REPLACE
from connectors.ldap_client.session import Session
from tests.connectors.active_directory.conftest import GROUP, USER, Opening, person, upn, word

pytestmark = pytest.mark.samba


@pytest.mark.parametrize(
    ("kind", "attribute", "value"),
    [
        (USER, "sAMAccountName", "Administrator"),
        (USER, "sAMAccountName", "krbtgt"),
        (USER, "cn", "Guest"),
        (GROUP, "cn", "Domain Admins"),
        (GROUP, "cn", "Administrators"),
    ],
)
async def test_what_belongs_to_the_domain_itself_is_not_taken_over(
    opened: Opening, kind: ObjectKind, attribute: str, value: str
) -> None:
    with pytest.raises(Rejected) as caught:
        await opened(search="domain").find(Match(kind, attribute, value))
    assert caught.value.code == "ad.protectedAccount"
    assert caught.value.fix


async def test_an_administrator_among_the_users_is_not_taken_over(opened: Opening, admin: Session) -> None:
    name = word()
    account = await opened().create(USER, person(name), active=True)
    admin.modify(account.name, {"adminCount": [(MODIFY_REPLACE, [b"1"])]})
    with pytest.raises(Rejected) as caught:
        await opened().find(Match(USER, "userPrincipalName", upn(name)))
    assert caught.value.code == "ad.protectedAccount"
    assert "adminCount" in caught.value.fix
