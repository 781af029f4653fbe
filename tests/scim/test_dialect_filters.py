"""Filters and attribute lists as Entra and others write them, one row a shape, with what RFC 7644 means by them."""

import pytest
from scim2_models import InvalidFilterException, ScimFilter

from provisioning.scim.dialect.filters import normal_attributes, normal_filter
from provisioning.scim.limits import MOST_FILTER_CHARS
from provisioning.scim.published import published
from provisioning.scim.schema.schemas import ENTERPRISE_USER, USER

TYPO = "urn:ietf:params:scim:schemas:extension:enterprise:2.0User"

USER_FILTERS = {
    'userName eq "m@x"': 'userName eq "m@x"',
    'USERNAME Eq "m@x"': 'userName eq "m@x"',
    "userName eq m@x": 'userName eq "m@x"',
    "externalId eq jyoung": 'externalId eq "jyoung"',
    "userName sw O": 'userName sw "O"',
    "meta.Created gt 2015-10-10T14:38:21.8617979-07:00": 'meta.created gt "2015-10-10T14:38:21.8617979-07:00"',
    f"{ENTERPRISE_USER}:employeeNumber eq 70412": f'{ENTERPRISE_USER}:employeeNumber eq "70412"',
    "employeeNumber eq 70412": f'{ENTERPRISE_USER}:employeeNumber eq "70412"',
    f'{TYPO}:department eq "R"': f'{ENTERPRISE_USER}:department eq "R"',
    f'{USER}:userName eq "m"': 'userName eq "m"',
    'active eq "True"': "active eq true",
    "active eq False": "active eq false",
    "active eq true": "active eq true",
    "title eq true": 'title eq "true"',
    "title eq null": "title eq null",
    "title pr": "title pr",
    'emails[type eq "work"].value eq "m@x"': 'emails[type eq "work"].value eq "m@x"',
    'emails[type eq "work"] eq "m@x"': 'emails[type eq "work"].value eq "m@x"',
    "Emails[Type eq work].Value eq m@x": 'emails[type eq "work"].value eq "m@x"',
    'emails[type eq "work" and value co "@x"]': 'emails[type eq "work" and value co "@x"]',
    'roles[primary eq "True"].value eq "Admin"': 'roles[primary eq true].value eq "Admin"',
    'id eq "u-1" and manager eq "u-2"': f'id eq "u-1" and {ENTERPRISE_USER}:manager.value eq "u-2"',
    'manager eq "u-2" and id eq "u-1"': f'{ENTERPRISE_USER}:manager.value eq "u-2" and id eq "u-1"',
    f'{ENTERPRISE_USER}:manager eq "u-2"': f'{ENTERPRISE_USER}:manager.value eq "u-2"',
    'not (userName eq "a" or (title pr and active eq "False"))': (
        'not (userName eq "a" or (title pr and active eq false))'
    ),
    'userName eq "a \\"quoted\\" (name) and [more]"': 'userName eq "a \\"quoted\\" (name) and [more]"',
    'userName eq "and"': 'userName eq "and"',
    'shoeSize eq 42 or userName eq "m"': 'shoeSize eq 42 or userName eq "m"',
    'urn:acme:1.0:User:badge eq "7"': 'urn:acme:1.0:User:badge eq "7"',
}


@pytest.mark.parametrize(("text", "meant"), USER_FILTERS.items())
def test_a_filter_on_users_means(text: str, meant: str) -> None:
    """Each shape becomes the RFC's; that is a fixed point."""
    assert normal_filter(published().shapes["User"], text) == meant
    assert normal_filter(published().shapes["User"], meant) == meant


@pytest.mark.parametrize("meant", [each for each in USER_FILTERS.values() if "shoeSize" not in each])
def test_what_it_means_is_understood_by_the_library(meant: str) -> None:
    """The rewritten filter is in the library's grammar, for the hub's own schemas."""
    model = published().provider.model_for("User")
    assert ScimFilter.__class_getitem__(model)(meant).ast is not None


@pytest.mark.parametrize(
    ("text", "meant"),
    {
        'displayName eq "EDU All personal"': 'displayName eq "EDU All personal"',
        'id eq "g-1" and members eq "u-1"': 'id eq "g-1" and members eq "u-1"',
        'members[value eq "u-1"]': 'members[value eq "u-1"]',
        "members.Value eq u-1": 'members.value eq "u-1"',
    }.items(),
)
def test_a_filter_on_groups_means(text: str, meant: str) -> None:
    """As for users."""
    assert normal_filter(published().shapes["Group"], text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "userName",
        "userName eq",
        'userName like "m"',
        'userName eq "m',
        'userName eq "m" and',
        "emails[type eq",
        'emails[phones[type eq "a"]]',
        '"userName" eq "m"',
        "userName eq a b",
        "][",
        ") (",
    ],
)
def test_a_filter_that_is_not_understood_is_left_to_the_library(text: str) -> None:
    """The library refuses it and says where: nothing is guessed, and nothing else is raised."""
    model = published().provider.model_for("User")
    with pytest.raises(InvalidFilterException):
        ScimFilter.__class_getitem__(model)(normal_filter(published().shapes["User"], text))


def test_the_length_of_a_filter_is_bounded() -> None:
    """400 invalidFilter."""
    with pytest.raises(InvalidFilterException):
        normal_filter(published().shapes["User"], "userName eq " + "m" * MOST_FILTER_CHARS)


@pytest.mark.parametrize(
    ("text", "meant"),
    {
        "id": "id",
        "userName, name.givenName": "userName,name.givenName",
        'emails[type eq "work"]': "emails",
        'emails[type eq "work"].value,id': "emails.value,id",
        'emails[type eq "a,b"].value,id': "emails.value,id",
        "manager,department": f"{ENTERPRISE_USER}:manager,{ENTERPRISE_USER}:department",
        f"{ENTERPRISE_USER}": ENTERPRISE_USER,
        "shoeSize": "shoeSize",
    }.items(),
)
def test_a_list_of_attributes_means(text: str, meant: str) -> None:
    """Names only; a value path stands for its attribute."""
    assert normal_attributes(published().shapes["User"], text) == meant
