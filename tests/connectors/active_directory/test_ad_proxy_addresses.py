"""proxyAddresses: exactly one primary SMTP address, and nobody's other addresses are lost unless told."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.active_directory.addresses import Policy, addresses
from connectors.ldap_client.library import MODIFY_ADD
from connectors.ldap_client.session import Session
from tests.connectors.active_directory.conftest import USER, Opening, held, person, word

FOREIGN = ["x500:/o=corp/cn=jane", "sip:jane@corp.test"]


def test_bare_addresses_become_smtp_ones_and_the_first_is_primary() -> None:
    assert addresses([], ["a@x.test", "b@x.test"], "add") == ["SMTP:a@x.test", "smtp:b@x.test"]


def test_the_marked_one_is_primary_then_the_one_that_is_the_mail_address() -> None:
    assert addresses([], ["a@x.test", "SMTP:b@x.test"], "add", "a@x.test") == ["SMTP:b@x.test", "smtp:a@x.test"]
    assert addresses([], ["a@x.test", "b@x.test"], "add", "B@x.test") == ["SMTP:b@x.test", "smtp:a@x.test"]


def test_of_two_marked_ones_the_first_is_primary() -> None:
    assert addresses([], ["SMTP:a@x.test", "SMTP:b@x.test"], "add") == ["SMTP:a@x.test", "smtp:b@x.test"]


@pytest.mark.parametrize(
    ("policy", "after"),
    [
        ("add", ["SMTP:new@x.test", "smtp:old@x.test", "smtp:alias@x.test", *FOREIGN]),
        ("smtp", ["SMTP:new@x.test", *FOREIGN]),
        ("all", ["SMTP:new@x.test"]),
    ],
)
def test_what_becomes_of_the_others_is_a_setting(policy: Policy, after: list[str]) -> None:
    before = ["SMTP:old@x.test", "smtp:alias@x.test", *FOREIGN]
    assert addresses(before, ["new@x.test"], policy) == after


@pytest.mark.parametrize(("policy", "left"), [("add", 3), ("smtp", 2), ("all", 0)])
def test_clearing_takes_away_what_the_setting_lets_go(policy: Policy, left: int) -> None:
    before = ["SMTP:old@x.test", *FOREIGN]
    assert addresses(before, [], policy) == before[len(before) - left :]


@given(
    st.lists(st.from_regex(r"(SMTP:|smtp:|x500:|sip:|X400:)?[a-c]@x\.test", fullmatch=True)),
    st.lists(st.from_regex(r"(SMTP:|smtp:|x500:|sip:|)[a-c]@x\.test", fullmatch=True)),
    st.sampled_from(["add", "smtp", "all"]),
)
def test_there_is_one_primary_address_and_a_second_time_changes_nothing(
    before: list[str], wanted: list[str], policy: Any
) -> None:
    after = addresses(before, wanted, policy)
    smtp = [address for address in after if address.lower().startswith("smtp:")]
    primary = [address for address in after if address.startswith("SMTP:")]
    assert len(primary) <= 1
    if any(not value.lower().startswith(("x500:", "sip:")) for value in wanted):
        assert len(primary) == 1
        assert smtp
    assert len({address.lower() for address in after}) == len(after)
    assert addresses(after, wanted, policy) == after


async def test_addresses_of_others_survive_in_the_domain(opened: Opening, admin: Session) -> None:
    connector, name = opened(), word()
    wanted = {"proxyAddresses": (f"{name}@x.test", f"{name}.alias@x.test"), "mail": f"{name}@x.test"}
    account = await connector.create(USER, person(name, **wanted), active=True)
    admin.modify(account.name, {"proxyAddresses": [(MODIFY_ADD, [value.encode() for value in FOREIGN])]})
    await connector.update(USER, account.remote_id, {"proxyAddresses": (f"{name}.new@x.test",)})
    standing = held(admin, account.name, "proxyAddresses")
    smtp = [f"SMTP:{name}.new@x.test", f"smtp:{name}@x.test", f"smtp:{name}.alias@x.test"]
    assert sorted(standing) == sorted([*smtp, *FOREIGN])
