"""What the SCIM benchmark promises: costs that do not grow, shares that stay small. One figure too high fails it."""

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.cpu_shares import Room, Shares
from benchmarks.cpu_steps import Steps
from benchmarks.plot import throughput
from benchmarks.scim_cost import Cost
from benchmarks.scim_load import Load, percentile
from benchmarks.scim_report import OPERATIONS, Results, markdown, promises

ROOMS = {Room.OURS: 20, Room.SCIM: 50, Room.STORAGE: 900, Room.BENCH: 5}


def cost(round_trips: int = 2, cpu: float = 3.0, rooms: dict[Room, int] | None = None, storage: int = 25) -> Cost:
    return Cost(
        round_trips,
        [cpu - 1, cpu, cpu + 5],
        Shares(Steps(whole=100, hub=100 - storage), Counter(rooms or ROOMS)),
    )


def results() -> Results:
    found = Results((1_000, 100_000), (10, 100_000))
    for size in found.sizes:
        for name in OPERATIONS:
            found.costs[name, size] = cost()
            for server in ("Lockstep", "peer"):
                for clients in (1, 8):
                    found.loads[server, name, size, clients] = Load(size / 10, 1.234, 25.6)
    for members in found.members:
        found.costs["add member", members] = cost()
    return found


def broken(found: Results) -> list[str]:
    return [each.what for each in promises(found) if not each.kept]


def test_everything_is_kept_where_nothing_grows() -> None:
    assert broken(results()) == []
    assert "NOT KEPT" not in markdown(results())


@pytest.mark.parametrize("name", ["get", "filter", "patch"])
def test_growth_with_the_directory_breaks_a_promise(name: str) -> None:
    found = results()
    found.costs[name, 100_000] = cost(round_trips=4, cpu=4.6)
    assert broken(found) == [f"{name}, 100,000 against 1,000: round trips", f"{name}, 100,000 against 1,000: CPU"]


def test_growth_with_the_group_breaks_a_promise() -> None:
    found = results()
    found.costs["add member", 100_000] = cost(cpu=3.7)
    assert broken(found) == ["add member, 100,000 against 10: CPU"]


def test_own_code_dearer_than_the_library_breaks_a_promise() -> None:
    found = results()
    found.costs["get", 100_000] = cost(rooms={**ROOMS, Room.OURS: 51})
    assert broken(found) == ["get: our CPU against the SCIM library's"]
    assert "NOT KEPT" in markdown(found)


def test_a_dear_storage_client_breaks_a_promise() -> None:
    found = results()
    found.costs["create", 100_000] = cost(storage=34)
    assert broken(found) == ["create: the storage client's CPU"]


def test_every_figure_has_its_row() -> None:
    lines = markdown(results()).splitlines()
    assert "| get | 100,000 | 8 | 10,000 | 1.23 | 26 | 10,000 | 1.23 | 26 |" in lines
    assert "| patch | 1,000 | 2 | 3.00 | 0.60 | 1.50 | 0.75 |" in lines
    assert "| add member | group of 10 | 2 | 3.00 | 0.60 | 1.50 | 0.75 |" in lines


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [percentile(values, percent) for percent in (0, 50, 95, 100)] == [1, 50, 95, 100]
    assert percentile([7.0], 95) == 7


def test_the_plot_is_a_picture(tmp_path: Path) -> None:
    throughput(results(), tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
