"""The planner: what is wanted against what was last applied gives steps, in their order. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import pytest

from connectors.contract import ObjectKind
from provisioning.connections.connection import Features
from provisioning.connections.mapping import Pending
from provisioning.engine.links import Link, LinkStatus, Wanted
from provisioning.engine.planner import (
    SKIPS,
    Activate,
    Bring,
    Deactivate,
    Delete,
    Desired,
    Skip,
    Step,
    Update,
    adopted,
    differences,
    plan,
)

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP
ALL = Features()
LINKED = Link("c", "u-1", USER, remote_id="1", values={"title": "Analyst"}, active=True, status=LinkStatus.APPLIED)
GROUP_LINK = Link("c", "g-1", GROUP, remote_id="1", values={"name": "Risk"}, status=LinkStatus.APPLIED)
NEW = Link("c", "u-1", USER)


def wanted(kind: ObjectKind = USER, *, exists: bool = True, active: bool = True, **values: Wanted) -> Desired:
    return Desired(kind, exists, "g2", "mira", active, values)


@pytest.mark.parametrize(
    ("desired", "link", "features", "steps"),
    [
        (wanted(title="Analyst"), LINKED, ALL, []),
        (wanted(title="Lead"), LINKED, ALL, [Update({"title": "Lead"})]),
        (wanted(title=None), LINKED, ALL, [Update({"title": None})]),
        (wanted(title="Lead", active=False), LINKED, ALL, [Deactivate(), Update({"title": "Lead"})]),
        (wanted(title="Analyst", active=False), LINKED, Features(deactivate_users=False), [Skip("deactivateOff")]),
        (wanted(title="Lead"), LINKED, Features(update_users=False), [Skip("updateOff")]),
        (wanted(title="x"), NEW, ALL, [Bring(create=True)]),
        (wanted(title="x"), NEW, Features(create_users=False), [Bring(create=False, instead="createOff")]),
        (wanted(active=False), NEW, ALL, [Bring(create=False, instead="inactiveNotCreated")]),
        (wanted(exists=False), LINKED, ALL, [Delete()]),
        (wanted(exists=False), LINKED, Features(delete_users=False), [Skip("deleteOff")]),
        (wanted(exists=False), NEW, ALL, []),
        (wanted(GROUP, exists=False), GROUP_LINK, ALL, [Delete()]),
        (wanted(GROUP, exists=False), GROUP_LINK, Features(delete_groups=False), [Skip("deleteOff")]),
        (wanted(GROUP, name="Risk EMEA"), GROUP_LINK, ALL, [Update({"name": "Risk EMEA"})]),
        (wanted(GROUP, name="x"), Link("c", "g-1", GROUP), Features(create_groups=False), [Bring(False, "createOff")]),
    ],
)
def test_steps(desired: Desired, link: Link, features: Features, steps: list[Step]) -> None:
    assert plan(desired, link, features, "delete") == steps


def test_who_is_restored_is_updated_before_the_doors_open() -> None:
    inactive = Link("c", "u-1", USER, remote_id="1", values={"title": "Alumna"}, active=False)
    assert plan(wanted(title="Lead"), inactive, ALL, "delete") == [Update({"title": "Lead"}), Activate()]


@pytest.mark.parametrize("unsure", [{"attempts": 1}, {"lease": "of a process that died"}], ids=["failed", "killed"])
@pytest.mark.parametrize(
    ("desired", "deletion"), [(wanted(title="Analyst", active=False), "delete"), (wanted(exists=False), "deactivate")]
)
def test_who_may_have_been_activated_is_deactivated_again(
    desired: Desired, deletion: Literal["delete", "deactivate"], unsure: dict[str, Any]
) -> None:
    inactive = replace(LINKED, active=False)
    assert plan(desired, inactive, ALL, deletion) == []
    assert plan(desired, replace(inactive, **unsure), ALL, deletion) == [Deactivate()]


@pytest.mark.parametrize(("active", "steps"), [(True, [Deactivate()]), (False, [])])
def test_a_deletion_deactivates_where_the_connection_says_so(active: bool, steps: list[Step]) -> None:
    link = Link("c", "u-1", USER, remote_id="1", active=active)
    assert plan(wanted(exists=False), link, ALL, "deactivate") == steps


@pytest.mark.parametrize(
    ("value", "applied", "same"),
    [
        (None, "", True),
        ((), None, True),
        (("a", "b"), ("b", "a"), True),
        (("a",), "a", True),
        ("A", "a", False),
        (True, 1, False),
        (Pending(USER, "u-2"), Pending(USER, "u-2"), True),
        (Pending(USER, "u-2"), Pending(USER, "u-3"), False),
        (Pending(USER, "u-2"), None, False),
    ],
)
def test_equal_values_are_no_change(value: Wanted, applied: Wanted, same: bool) -> None:
    assert (differences(wanted(a=value), {"a": applied}) == {}) is same


def test_required_and_create_only_attributes_are_not_touched() -> None:
    desired = Desired(
        USER, True, values={"sn": None, "uid": "new"}, create_only=frozenset({"uid"}), required=frozenset({"sn"})
    )
    assert differences(desired, {"sn": "Okafor", "uid": "old"}) == {}


def test_adopting_never_clears_what_the_hub_has_not_written() -> None:
    found: Mapping[str, Wanted] = {"title": "Analyst", "phone": "1"}
    applied = adopted(wanted(title="Lead", phone=None), found, {})
    assert differences(wanted(title="Lead", phone=None), applied) == {"title": "Lead"}


def test_adopting_an_account_of_ours_clears_what_the_hub_had_written() -> None:
    found: Mapping[str, Wanted] = {"title": "Analyst", "phone": "1", "fax": "2"}
    desired = wanted(title=None, phone="1", fax=None)
    applied = adopted(desired, found, {"title": "Analyst", "phone": "1"})
    assert differences(desired, applied) == {"title": None}


def test_every_skip_has_words() -> None:
    assert all(text.endswith(".") for text in SKIPS.values())
