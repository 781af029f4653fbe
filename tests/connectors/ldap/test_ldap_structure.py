"""Object classes against the server's own schema: what does not fit together is told in words, with the attribute."""

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.contract import Check, ObjectKind
from connectors.errors import Rejected
from connectors.ldap import LdapConnector
from connectors.ldap.structure import flaws, kind_of_class
from connectors.ldap_client.schema import Schema, schema_of
from sandbox.slapd import NIS, Slapd
from tests.connectors.ldap.conftest import settings_for, word

pytestmark = pytest.mark.slapd

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP

CLASSES = (
    "( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )",
    "( 2.5.6.6 NAME 'person' SUP top STRUCTURAL MUST ( sn $ cn ) MAY ( userPassword $ telephoneNumber ) )",
    "( 1.1.1 NAME ( 'staff' 'employee' ) SUP person STRUCTURAL MAY ( uid $ title $ mail ) )",
    "( 1.1.2 NAME 'badge' SUP top AUXILIARY MUST badgeNumber MAY badgeColour )",
    "( 1.1.3 NAME 'robot' SUP top STRUCTURAL MUST serialNumber )",
    "( 1.1.4 NAME 'plain' SUP top MAY cn )",
)
ATTRIBUTES = tuple(
    f"( 1.2.{number} NAME {names} SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )"
    for number, names in enumerate(["( 'cn' 'commonName' )", "( 'sn' 'surname' )", "'uid'", "'title'", "'badgeNumber'"])
)


def schema(content: tuple[str, ...] = (), structure: tuple[str, ...] = (), forms: tuple[str, ...] = ()) -> Schema:
    return schema_of(frozenset(), CLASSES, ATTRIBUTES, content, structure, forms)


def details(known: Schema, *classes: str, naming: str = "cn") -> list[str]:
    return [flaw.detail for flaw in flaws(known, classes, naming)]


def test_one_structural_class_with_auxiliaries_is_right() -> None:
    assert details(schema(), "staff", "badge") == []
    assert details(schema(), "badge", "staff", "person") == [], "superiors are the same class"


def test_two_structural_classes_are_told() -> None:
    (detail,) = details(schema(), "staff", "robot")
    assert "robot and staff are both structural" in detail


def test_no_structural_class_is_told() -> None:
    (detail,) = details(schema(), "badge", "top")
    assert "None of badge, top is a structural class" in detail


def test_a_class_that_says_nothing_is_structural() -> None:
    assert kind_of_class(schema(), "plain") == "Structural"
    assert kind_of_class(schema(), "BADGE") == "Auxiliary"


def test_a_content_rule_permits_adds_and_precludes() -> None:
    known = schema(content=("( 1.1.1 NAME 'staffRule' MUST uid MAY badgeColour NOT title )",))
    (detail,) = details(known, "employee", "badge")
    assert "does not permit the auxiliary class badge" in detail
    assert details(schema(content=("( 1.1.1 NAME 'staffRule' AUX badge )",)), "staff", "badge") == []
    assert "uid" in known.demanded(["staff"])
    assert "title" not in known.allowed(["staff"])
    assert "badgecolour" in known.allowed(["staff"])


def test_a_name_form_in_use_says_what_names_entries() -> None:
    form = ("( 1.3.1 NAME 'staffForm' OC staff MUST uid )",)
    known = schema(structure=("( 1 NAME 'staffPlace' FORM staffForm )",), forms=form)
    (detail,) = details(known, "staff", naming="cn")
    assert "named by uid here, not by cn" in detail
    assert details(known, "staff", naming="uid") == []
    assert details(schema(forms=form), "staff") == [], "a form that no structure rule uses binds nobody"


async def the_failure(server: Slapd, **settings: Any) -> Check:
    connector = LdapConnector.open(settings_for(server, **settings))
    failed = [check for check in (await connector.verify()).checks if not check.ok]
    await connector.close()
    assert len(failed) == 1, failed
    assert failed[0].fix
    return failed[0]


async def test_verify_tells_of_a_structural_class_among_the_further_ones(slapd: Slapd) -> None:
    check = await the_failure(slapd, user_extra_classes=("organizationalRole",))
    assert "both structural" in check.detail


async def test_verify_tells_of_attributes_that_nothing_gives(slapd: Slapd) -> None:
    check = await the_failure(slapd, user_extra_classes=("posixAccount",))
    assert "demand gidnumber, homedirectory, uidnumber, which nothing gives" in check.detail


async def test_a_create_without_a_demanded_attribute_names_it(slapd: Slapd) -> None:
    connector = LdapConnector.open(settings_for(slapd, user_extra_classes=("posixAccount",)))
    with pytest.raises(Rejected) as caught:
        await connector.create(USER, {"uid": word()}, active=True)
    assert (caught.value.code, caught.value.attribute) == ("ldap.objectClassViolation", "gidnumber")
    assert "demand gidnumber, homedirectory, uidnumber" in str(caught.value)
    await connector.close()


async def test_a_create_with_two_structural_classes_says_so(slapd: Slapd) -> None:
    connector = LdapConnector.open(settings_for(slapd, user_extra_classes=("organizationalRole",)))
    with pytest.raises(Rejected, match="both structural"):
        await connector.create(USER, {"uid": word()}, active=True)
    await connector.close()


@pytest.fixture(scope="module")
def ruled_slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """A server with a content rule that permits no auxiliary class beside inetOrgPerson."""
    rule = "ditcontentrule ( 2.16.840.1.113730.3.2.2 NAME 'people' NOT title )"
    with Slapd.open(tmp_path_factory.mktemp("ruled"), durable=False, schema=f"{NIS}\n{rule}") as server:
        yield server


async def test_a_content_rule_of_the_server_is_read(ruled_slapd: Slapd) -> None:
    check = await the_failure(ruled_slapd, profile="posix")
    assert "does not permit the auxiliary class posixAccount" in check.detail
    check = await the_failure(ruled_slapd)
    assert "title" in check.detail
