"""The order of a bulk request: creates before what refers to them, everything else as it was sent, and no recursion."""

import pytest
from scim2_models import ConflictException, InvalidValueException

from provisioning.scim.bulk_plan import Part, Plan


def create(bulk_id: str, *references: str) -> Part:
    """A POST that refers to others."""
    return Part("POST", "/Groups", bulk_id, None, {"members": [{"value": f"bulkId:{each}"} for each in references]})


@pytest.mark.parametrize(
    ("parts", "order"),
    [
        ([], []),
        ([create("a"), create("b"), create("c")], [0, 1, 2]),
        ([create("a", "c"), create("b"), create("c")], [2, 0, 1]),
        ([create("a", "b"), create("b", "c"), create("c")], [2, 1, 0]),
        ([create("a"), Part("DELETE", "/Users/bulkId:b"), create("b")], [0, 2, 1]),
        ([create("a", "nobody"), None, create("b")], [0, 1, 2]),
        ([create("a", "b"), create("b", "a"), create("c")], [1, 0, 2]),
        ([create("a", "a")], [0]),
    ],
)
def test_creates_come_before_what_refers_to_them(parts: list[Part | None], order: list[int]) -> None:
    """Each position stands once, those of a circle too."""
    assert Plan(parts).order() == order


def test_a_chain_of_a_thousand_references_is_no_depth() -> None:
    """The walk keeps its own stack."""
    parts = [create(str(number), str(number + 1)) for number in range(1000)]
    assert Plan(parts).order() == list(range(999, -1, -1))


def test_references_become_ids_in_paths_and_anywhere_in_the_data() -> None:
    """Only where they are the whole of a text or of a segment."""
    plan = Plan([create("a"), None])
    plan.end(0, "u-1")
    data = {"manager": {"value": "bulkId:a"}, "title": "no bulkId:a", "members": [{"value": "bulkId:a"}, 7, None]}
    assert plan.resolved(1, Part("PATCH", "/Users/bulkId:a", data=data)) == Part(
        "PATCH",
        "/Users/u-1",
        data={"manager": {"value": "u-1"}, "title": "no bulkId:a", "members": [{"value": "u-1"}, 7, None]},
    )
    assert data["manager"] == {"value": "bulkId:a"}


@pytest.mark.parametrize("missing", ["b", "failed", "nobody"])
def test_what_was_not_created_is_a_conflict(missing: str) -> None:
    """RFC 7644 section 3.7.1."""
    plan = Plan([create("a", missing), create("b", "a"), create("failed")])
    plan.end(2)
    with pytest.raises(ConflictException, match=missing):
        plan.resolved(0, create("a", missing))


def test_a_bulk_id_is_one_create() -> None:
    """The second POST with it is refused."""
    with pytest.raises(InvalidValueException, match="another POST"):
        Plan([create("a"), create("a")]).resolved(1, create("a"))
