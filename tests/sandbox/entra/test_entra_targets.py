"""What is read from the targets becomes a picture that can be compared."""

from collections.abc import Mapping

from sandbox.entra.targets import PLACEHOLDER, graph_picture, ldap_picture
from sandbox.slapd import GROUPS, USERS

MIRA, ZOE = f"uid=mira@northwind.example,{USERS}", f"uid=zoe@northwind.example,{USERS}"


def entry(dn: str, kind: str, **attributes: str | list[str]) -> Mapping[str, object]:
    """An entry as ldap3 returns it without a schema."""
    values = {"objectClass": kind, **attributes}
    raw = {name: [v.encode() for v in ([value] if isinstance(value, str) else value)] for name, value in values.items()}
    return {"dn": dn, "raw_attributes": raw}


def test_an_ldap_manager_is_shown_by_user_name_and_a_lock_for_good_means_inactive() -> None:
    people = [
        entry(MIRA, "inetOrgPerson", uid="mira@northwind.example", manager=ZOE.upper(), title="Analyst"),
        entry(ZOE, "inetOrgPerson", uid="zoe@northwind.example", sn="Müller", pwdAccountLockedTime="000001010000Z"),
    ]
    picture = ldap_picture(people)
    mira, zoe = picture.users["mira@northwind.example"], picture.users["zoe@northwind.example"]
    assert (mira.manager, mira.title, mira.active) == ("zoe@northwind.example", "Analyst", True)
    assert (zoe.family_name, zoe.manager, zoe.active) == ("Müller", "", False)


def test_a_lock_that_passes_by_itself_does_not_make_an_ldap_user_inactive() -> None:
    locked = entry(MIRA, "inetOrgPerson", uid="mira@northwind.example", pwdAccountLockedTime="20261123101500Z")
    assert ldap_picture([locked]).users["mira@northwind.example"].active


def test_the_placeholder_is_no_member_and_a_dn_that_leads_nowhere_is_shown() -> None:
    ghost = f"uid=ghost,{USERS}"
    entries = [
        entry(MIRA, "inetOrgPerson", uid="Mira@northwind.example"),
        entry(f"cn=Risk,{GROUPS}", "groupOfNames", cn="Risk", member=[PLACEHOLDER, MIRA, ghost]),
        entry(f"cn=Empty,{GROUPS}", "groupOfNames", cn="Empty", member=PLACEHOLDER),
    ]
    assert ldap_picture(entries).groups == {"Risk": {"mira@northwind.example", ghost}, "Empty": set()}


def test_graph_ids_are_shown_by_user_name_and_null_is_empty() -> None:
    state = {
        "users": [
            {"id": "1", "userPrincipalName": "Mira@northwind.example", "accountEnabled": True, "manager": "2"},
            {"id": "2", "userPrincipalName": "zoe@northwind.example", "accountEnabled": False, "jobTitle": None},
        ],
        "groups": [{"id": "3", "displayName": "Risk", "members": ["1", "9"]}],
    }
    picture = graph_picture(state)
    assert picture.users["mira@northwind.example"].manager == "zoe@northwind.example"
    assert (picture.users["zoe@northwind.example"].active, picture.users["zoe@northwind.example"].title) == (False, "")
    assert picture.groups == {"Risk": {"mira@northwind.example", "9"}}
