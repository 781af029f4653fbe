"""A group PATCH is told apart into what changes attributes and what changes memberships."""

from typing import Any

import pytest
from scim2_models import InvalidFilterException, InvalidPathException, InvalidValueException, MutabilityException

from provisioning.scim.membership import LONGEST_ID, MembershipChange, named_members, split
from provisioning.scim.schema.schemas import GROUP

ADD_1 = {"op": "add", "path": "members", "value": [{"value": "u-1"}]}
ADD_2 = {"op": "add", "path": "members", "value": [{"value": "u-2"}]}
REMOVE_1 = {"op": "remove", "path": "members", "value": [{"value": "u-1"}]}
REMOVE_ALL = {"op": "remove", "path": "members"}
RENAME = {"op": "replace", "path": "displayName", "value": "Risk"}


@pytest.mark.parametrize(
    ("operations", "change"),
    [
        ([ADD_1], MembershipChange(add=("u-1",))),
        ([ADD_1, ADD_1], MembershipChange(add=("u-1",))),
        ([ADD_1, ADD_2], MembershipChange(add=("u-1", "u-2"))),
        ([REMOVE_1], MembershipChange(remove=("u-1",))),
        ([{"op": "remove", "path": 'members[value eq "u-1"]'}], MembershipChange(remove=("u-1",))),
        ([{"op": "remove", "path": 'Members[ Value EQ "u-1" ]'}], MembershipChange(remove=("u-1",))),
        ([{"op": "remove", "path": f'{GROUP}:members[value eq "u-1"]'}], MembershipChange(remove=("u-1",))),
        (
            [{"op": "remove", "path": 'members[value eq "u-1" or value eq "u-2"]'}],
            MembershipChange(remove=("u-1", "u-2")),
        ),
        ([{"op": "remove", "path": 'members[value eq "a \\"or\\" b"]'}], MembershipChange(remove=('a "or" b',))),
        ([{"op": "remove", "path": 'members[value eq "a or b"]'}], MembershipChange(remove=("a or b",))),
        ([REMOVE_ALL], MembershipChange(everyone=())),
        ([{"op": "replace", "path": "members", "value": [{"value": "u-1"}]}], MembershipChange(everyone=("u-1",))),
        (
            [{"op": "replace", "path": 'members[value eq "u-1"]', "value": {"value": "u-2"}}],
            MembershipChange(add=("u-2",), remove=("u-1",)),
        ),
        ([ADD_1, REMOVE_1], MembershipChange(remove=("u-1",))),
        ([REMOVE_1, ADD_1], MembershipChange(add=("u-1",))),
        ([ADD_1, REMOVE_ALL], MembershipChange(everyone=())),
        ([REMOVE_ALL, ADD_1, ADD_2], MembershipChange(everyone=("u-1", "u-2"))),
        ([REMOVE_ALL, ADD_1, ADD_2, REMOVE_1], MembershipChange(everyone=("u-2",))),
        ([], MembershipChange()),
    ],
)
def test_operations_on_members_fold_into_one_change(operations: list[dict[str, Any]], change: MembershipChange) -> None:
    """In their order: the last word about a member counts."""
    assert split(operations) == ([], change)
    assert bool(change) == (change != MembershipChange())


def test_the_names_of_those_who_come_are_kept_and_the_last_one_counts() -> None:
    """``display`` in any case; one who is sent again without a name has none."""
    named = [{"Value": "u-1", "Display": "Mira"}, {"value": "u-2", "display": "Noor"}, {"value": "u-3"}]
    add = {"op": "add", "path": "members", "value": named}
    _, change = split([add, ADD_2])
    assert change == MembershipChange(("u-1", "u-2", "u-3"), displays={"u-1": "Mira"})
    _, change = split([{**add, "op": "replace"}, REMOVE_1])
    assert change == MembershipChange(everyone=("u-2", "u-3"), displays={"u-2": "Noor"})


def test_other_attributes_are_left_for_the_patch_engine() -> None:
    """In their order, whatever stands between them."""
    external = {"op": "remove", "path": "externalId"}
    assert split([RENAME, ADD_1, external]) == ([RENAME, external], MembershipChange(add=("u-1",)))


@pytest.mark.parametrize("path", ["membersOf", "displayName[members]", "name.members", None])
def test_only_members_is_members(path: str | None) -> None:
    """A path that merely looks alike goes to the patch engine, which refuses it."""
    operation = {"op": "add", "path": path, "value": "x"}
    assert split([operation]) == ([operation], MembershipChange())


@pytest.mark.parametrize(
    "condition",
    [
        'type eq "User"',
        'value ne "u-1"',
        'value eq "u-1" and type eq "User"',
        'value eq "u-1" or (value eq "u-2" and type eq "User")',
        'not (value eq "u-1")',
        "value eq null",
        "value pr",
        "value eq",
        "",
    ],
)
def test_members_are_selected_by_their_value_only(condition: str) -> None:
    """Refused, where removing by guess would remove the wrong ones."""
    with pytest.raises((InvalidPathException, InvalidFilterException)):
        split([{"op": "remove", "path": f"members[{condition}]"}])


@pytest.mark.parametrize("path", ["members.value", 'members[value eq "u-1"].display', "members.$ref"])
def test_a_member_cannot_be_changed_from_within(path: str) -> None:
    """400 mutability (RFC 7643 section 4.2: immutable)."""
    with pytest.raises(MutabilityException):
        split([{"op": "replace", "path": path, "value": "x"}])


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"display": "x"},
        {"value": 7},
        {"value": ""},
        7,
        None,
        {"value": "x" * (LONGEST_ID + 1)},
        {"value": "\ud800"},
        {"value": "a\nb"},
    ],
)
def test_a_member_without_an_id_is_refused(value: Any) -> None:
    """400 invalidValue."""
    with pytest.raises(InvalidValueException):
        named_members([value])


def test_a_large_change_is_split_in_time_linear_in_its_size() -> None:
    """10,000 members, and none of them twice."""
    values = [{"value": f"u-{number % 5000}"} for number in range(10_000)]
    _, change = split([{"op": "add", "path": "members", "value": values}])
    assert len(change.add) == 5000
