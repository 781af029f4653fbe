"""Which term of a filter an index answers, and what a filter asks about memberships."""

import pytest
from scim2_models import ScimFilter

from connectors.contract import ObjectKind
from provisioning.scim.published import published
from provisioning.scim.questions import Question, Relations, best_question, relations

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User"


@pytest.mark.parametrize(
    ("kind", "text", "question"),
    [
        (USER, 'userName eq "m"', Question("userName", "m")),
        (USER, 'USERNAME eq "m"', Question("userName", "m")),
        (USER, f'{USER_URN}:userName eq "m"', Question("userName", "m")),
        (USER, 'externalId eq "7"', Question("externalId", "7")),
        (USER, 'id eq "u-1"', Question("id", "u-1")),
        (USER, 'displayName eq "M"', Question("displayName", "M")),
        (USER, 'emails eq "m@x"', Question("emails", "m@x")),
        (USER, 'emails.value eq "m@x"', Question("emails", "m@x")),
        (USER, 'emails[type eq "Work"].value eq "m@x"', Question("emails:work", "m@x")),
        (USER, 'emails[type eq "work" and value eq "m@x"]', Question("emails:work", "m@x")),
        (USER, 'emails[value eq "m@x"]', Question("emails", "m@x")),
        (USER, 'groups.value eq "g-1"', Question("relation", "g-1")),
        (USER, 'active eq true and userName eq "m"', Question("userName", "m")),
        (USER, 'displayName eq "M" and userName eq "m" and id eq "u-1"', Question("id", "u-1")),
        (USER, 'displayName eq "M" and title pr', Question("displayName", "M")),
        (GROUP, 'displayName eq "R"', Question("displayName", "R")),
        (GROUP, 'members eq "u-1"', Question("relation", "u-1")),
        (GROUP, 'members[value eq "u-1"]', Question("relation", "u-1")),
        (GROUP, 'members eq "u-1" and id eq "g-1"', Question("id", "g-1")),
        (USER, 'userName eq "a" or userName eq "b"', None),
        (USER, 'not (userName eq "a")', None),
        (USER, 'userName ne "a"', None),
        (USER, 'userName sw "a"', None),
        (USER, "userName eq null", None),
        (USER, 'title eq "Lead"', None),
        (USER, 'emails.type eq "work"', None),
        (USER, 'emails[type eq "work"]', None),
        (USER, 'emails[type eq "work" or value eq "m@x"]', None),
        (USER, 'name.familyName eq "userName"', None),
        (GROUP, 'userName eq "m"', None),
    ],
)
def test_the_cheapest_term_of_a_conjunction_is_asked(kind: ObjectKind, text: str, question: Question | None) -> None:
    """What an index cannot answer whole is not asked of it."""
    assert best_question(kind, published().shapes[kind.value], ScimFilter(text).ast) == question


@pytest.mark.parametrize(
    ("kind", "text", "asked"),
    [
        (GROUP, 'displayName eq "R"', Relations()),
        (GROUP, 'id eq "g-1" and members eq "u-1"', Relations(frozenset({"u-1"}))),
        (GROUP, 'members.value eq "u-1" or not (members eq "u-2")', Relations(frozenset({"u-1", "u-2"}))),
        (GROUP, 'members[value eq "u-1" or value eq "u-2"]', Relations(frozenset({"u-1", "u-2"}))),
        (GROUP, "members pr", Relations(whole=True)),
        (GROUP, 'members ne "u-1"', Relations(whole=True)),
        (GROUP, 'members.type eq "User"', Relations(whole=True)),
        (GROUP, 'members[type eq "User"]', Relations(whole=True)),
        (GROUP, 'members[not (value eq "u-1")]', Relations(whole=True)),
        (GROUP, 'members[value eq "u-1" and type eq "User"]', Relations(whole=True)),
        (USER, 'groups.value eq "g-1"', Relations(frozenset({"g-1"}))),
        (USER, 'members eq "u-1"', Relations()),
    ],
)
def test_a_filter_asks_about_some_memberships_or_all(kind: ObjectKind, text: str, asked: Relations) -> None:
    """Only a comparison for equality can be answered without the list."""
    assert relations(kind, published().shapes[kind.value], ScimFilter(text).ast) == asked
