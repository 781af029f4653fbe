"""The SCIM benchmark runs: smallest sizes, every operation, both servers."""

from pathlib import Path

from rich.console import Console

from benchmarks.scim import FEW, SPARE, Bench, Scale
from benchmarks.scim_report import OPERATIONS, markdown
from sandbox.storage.process import LocalStorage

TINY = Scale((20, 40), 60, turns=1, each=5, samples=5, seconds=0.02, concurrencies=(8,))


async def test_every_operation_is_measured_at_every_size(tmp_path: Path) -> None:
    bench = Bench(TINY, Console(quiet=True))
    ids = bench.fill(tmp_path / "tables.sqlite")
    assert [len(each) for each in ids.values()] == [20 + SPARE, 40 + SPARE]
    with LocalStorage.start(tmp_path / "tables.sqlite", tmp_path / "log") as storage:
        await bench.run(storage.connection_string, ids)
    found = bench.results
    assert {(name, size) for name, size in found.costs if name != "add member"} == {
        (name, size) for name in OPERATIONS for size in TINY.sizes
    }
    assert {size for name, size in found.costs if name == "add member"} == {FEW, TINY.members}
    assert {name: found.costs[name, 40].round_trips for name in OPERATIONS} == {
        "create": 2, "get": 1, "filter": 2, "patch": 3,
    }  # fmt: skip
    assert all(cost.cpu > 0 for cost in found.costs.values())
    assert len(found.loads) == 2 * len(OPERATIONS) * len(TINY.sizes)
    assert markdown(found).count("\n| create") == 2 + 2 + 2  # throughput, costs, promises
