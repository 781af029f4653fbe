"""What a filter asks of the store: which indexes, which rows a scan may leave out, and how much of memberships."""

from datetime import UTC, datetime

import pytest
from scim2_models import ScimFilter

from connectors.contract import ObjectKind
from provisioning.directory.indexing import BUILT_IN, Declared, Indexing, IndexState
from provisioning.scim.limits import MOST_QUESTIONS
from provisioning.scim.published import published
from provisioning.scim.search.questions import Plan, Question, Scope, plan
from provisioning.scim.search.relations import Relations, relations
from provisioning.storage.entities import Condition

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def scope(kind: ObjectKind, indexing: Indexing = BUILT_IN) -> Scope:
    return Scope(kind, published().shapes[kind.value], indexing)


def planned(kind: ObjectKind, text: str, indexing: Indexing = BUILT_IN) -> Plan:
    return plan(scope(kind, indexing), ScimFilter(text).ast)


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
        (USER, 'groups.value eq "g-1" and displayName eq "M"', Question("displayName", "M")),
        (USER, 'userName sw "mi"', Question("userName", "mi", prefix=True)),
        (USER, 'emails.value sw "mi"', Question("emails", "mi", prefix=True)),
        (USER, 'userName sw "mi" and groups.value eq "g-1"', Question("relation", "g-1")),
        (GROUP, 'displayName eq "R"', Question("displayName", "R")),
        (GROUP, 'members eq "u-1"', Question("relation", "u-1")),
        (GROUP, 'members[value eq "u-1"]', Question("relation", "u-1")),
        (GROUP, 'members eq "u-1" and id eq "g-1"', Question("id", "g-1")),
    ],
)
def test_the_cheapest_term_of_a_conjunction_is_asked(kind: ObjectKind, text: str, question: Question) -> None:
    """What an index cannot answer whole is not asked of it."""
    assert planned(kind, text).questions == (question,)


@pytest.mark.parametrize(
    "text",
    [
        'not (userName eq "a")',
        'userName ne "a"',
        'userName sw ""',
        'userName ew "a"',
        "userName eq null",
        'title eq "Lead"',
        'emails.type eq "work"',
        'emails[type eq "work"]',
        'emails[type eq "work" or value eq "m@x"]',
        'name.familyName eq "userName"',
        'userName eq "a" or title eq "Lead"',
        " or ".join(f'userName eq "m{number}"' for number in range(MOST_QUESTIONS + 1)),
    ],
)
def test_what_no_index_answers_is_scanned(text: str) -> None:
    assert planned(USER, text) == Plan()


def test_the_indexes_of_all_terms_of_a_disjunction_are_asked() -> None:
    found = planned(USER, '(userName eq "a" or emails eq "m@x" or userName eq "a") and active eq true')
    assert found.questions == (Question("userName", "a"), Question("emails", "m@x"))


def test_a_filter_on_what_a_kind_does_not_have_finds_nothing_without_looking() -> None:
    assert planned(GROUP, 'userName eq "m"').questions == ()
    assert planned(GROUP, 'displayName co "m" and emails pr').questions == ()
    assert planned(GROUP, 'userName eq "m" or displayName eq "R"').questions == (Question("displayName", "R"),)
    assert planned(GROUP, 'not (userName eq "m")') == Plan()


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ('id gt "u-5"', "u-5 ", ""),
        ('id ge "u-5"', "u-5", ""),
        ('id lt "u-5" and id lt "u-4"', "", "u-4"),
        ('id le "u-5"', "", "u-5 "),
        ('id sw "u-5"', "u-5", "u-6"),
        ('id gt "u-2" and id le "u-5" and title pr', "u-2 ", "u-5 "),
        ('id gt "/"', "", ""),
        ('not (id gt "u-5")', "", ""),
    ],
)
def test_comparisons_of_ids_bound_what_is_scanned(text: str, first: str, last: str) -> None:
    assert planned(USER, text) == Plan(first=first, last=last)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("active eq true", [Condition("active", "eq", True)]),
        ("active eq false and title pr", [Condition("active", "eq", False)]),
        (
            'meta.created ge "2026-01-02T03:04:05Z"',
            [Condition("created", "ge", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))],
        ),
        (
            'meta.lastModified gt "2026-01-02T03:04:05+00:00" and meta.lastModified lt "2027-01-02T00:00:00Z"',
            [
                Condition("modified", "gt", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
                Condition("modified", "lt", datetime(2027, 1, 2, tzinfo=UTC)),
            ],
        ),
        ("active ne true", []),
        ("active pr", []),
        ('active eq true or title eq "Lead"', []),
        ('meta.created ne "2026-01-02T03:04:05Z"', []),
        ('meta.created gt "2026-01-02T03:04:05"', []),
        ('meta.created sw "2026"', []),
        ('meta.created gt "yesterday"', []),
        ('meta.version gt "2026-01-02T03:04:05Z"', []),
    ],
)
def test_what_has_a_column_is_left_to_the_store(text: str, where: list[Condition]) -> None:
    """A moment without a time zone compares with nothing; the evaluation decides."""
    assert planned(USER, text) == Plan(where=tuple(where))


def test_a_declared_attribute_is_asked_when_its_index_is_ready() -> None:
    number = Declared(USER, "employeeNumber", ENTERPRISE)
    text = f'{ENTERPRISE}:employeeNumber eq "7"'
    assert planned(USER, text, Indexing((number,))) == Plan()
    ready = Declared(USER, "employeeNumber", ENTERPRISE, state=IndexState.READY)
    assert planned(USER, text, Indexing((ready,))).questions == (Question(ready.name, "7"),)


def test_a_declared_attribute_of_one_type_is_asked_for_that_type_only() -> None:
    indexing = Indexing((Declared(USER, "phoneNumbers", type="work", part="value", state=IndexState.READY),))
    assert planned(USER, 'phoneNumbers[type eq "Work"].value eq "1"', indexing).questions == (
        Question("phoneNumbers:work", "1"),
    )
    assert planned(USER, 'phoneNumbers[type eq "home"].value eq "1"', indexing) == Plan()
    assert planned(USER, 'phoneNumbers eq "1"', indexing) == Plan()


@pytest.mark.parametrize(
    ("kind", "text", "asked"),
    [
        (GROUP, 'displayName eq "R"', Relations()),
        (GROUP, 'id eq "g-1" and members eq "u-1"', Relations(frozenset({"u-1"}))),
        (GROUP, 'members.value eq "u-1" or not (members eq "u-2")', Relations(frozenset({"u-1", "u-2"}))),
        (GROUP, 'members[value eq "u-1" or value eq "u-2"]', Relations(frozenset({"u-1", "u-2"}))),
        (GROUP, 'members[value eq "u-1" and type eq "User"]', Relations(frozenset({"u-1"}))),
        (GROUP, 'members ne "u-1"', Relations(frozenset({"u-1"}))),
        (GROUP, "members pr", Relations(present=True)),
        (GROUP, "members eq null", Relations(present=True)),
        (GROUP, 'members.type eq "User"', Relations(types=True)),
        (GROUP, 'members[type eq "User"]', Relations(types=True)),
        (GROUP, 'members[not (value eq "u-1")]', Relations(frozenset({"u-1"}), types=True)),
        (GROUP, 'members[value ne "u-1"]', Relations(frozenset({"u-1"}), types=True)),
        (GROUP, 'members co "u-"', Relations(whole=True)),
        (GROUP, 'members[display eq "Mira"]', Relations(types=True, whole=True)),
        (USER, 'groups.value eq "g-1"', Relations(frozenset({"g-1"}))),
        (USER, 'members eq "u-1"', Relations()),
    ],
)
def test_a_filter_asks_about_as_little_of_the_memberships_as_will_do(
    kind: ObjectKind, text: str, asked: Relations
) -> None:
    assert relations(scope(kind), ScimFilter(text).ast) == asked
