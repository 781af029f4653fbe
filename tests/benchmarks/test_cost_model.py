"""What the cost model reckons from counts: idle, a million requests, tenants. Prices come from the dated list only."""

from dataclasses import replace

import pytest

from benchmarks.cost import prices
from benchmarks.cost.footprint import IDLE, READS, SWEPT, WRITES, Counted, Footprint
from benchmarks.cost.model import MIX, Deployment, Logged, Month, alert, bill, cycle, mixed, month, rounded
from benchmarks.cost.prices import Price
from benchmarks.cost.report import markdown, prices_table, resources_table, tenants_table
from benchmarks.cost.resources import RESOURCES
from benchmarks.cost.tenants import TENANTS, first_load, monthly

PRICES = prices.read()
ONE = Deployment(connections=1)
MILLION = 1_000_000


def counted(**idle: float) -> Counted:
    """One table request and one message for a write, two table requests for a job or a read; nothing while idle."""
    found = Counted()
    for name in READS:
        found.operations[name] = Footprint(table_reads=2, cpu=1)
    for write, job in WRITES.items():
        found.operations[write] = Footprint(table_writes=1, queue_writes=1, cpu=2)
        found.operations[job] = Footprint(table_reads=2, cpu=3, lines=1, line_bytes=100)
    found.operations["job: nothing to do"] = Footprint(table_reads=2)
    found.operations[SWEPT] = Footprint()
    for name in IDLE:
        found.operations[name] = Footprint(**idle)
    return found


def test_the_mix_is_a_whole_and_names_what_is_counted() -> None:
    assert sum(MIX.values()) == pytest.approx(1)
    assert set(MIX) == {*READS, *WRITES}
    assert counted().missing == []
    assert Counted().missing


def test_a_request_of_the_mix_brings_its_jobs_for_each_connection() -> None:
    one, jobs = mixed(counted(), 1)
    assert jobs == pytest.approx(0.5)
    assert one.tables == pytest.approx(0.5 * 2 + 0.5 * (1 + 2))
    assert one.queues == pytest.approx(0.5)
    three, jobs = mixed(counted(), 3)
    assert jobs == pytest.approx(1.5)
    assert three.tables == pytest.approx(0.5 * 2 + 0.5 * (1 + 3 * 2))
    assert three.queues == pytest.approx(1.5)


def test_an_idle_hub_pays_for_its_timers_a_second_each() -> None:
    idle = month(counted(table_reads=3), 0, ONE)
    assert idle.executions == 2 * 43_200
    assert idle.seconds == 2 * 43_200
    assert idle.tables == 2 * 43_200 * 3


def test_bursts_share_seconds_and_single_calls_do_not() -> None:
    burst = month(counted(), MILLION, ONE)
    single = month(counted(), MILLION, replace(ONE, burst=False))
    assert single.seconds - burst.seconds == pytest.approx(1.5 * MILLION - (MILLION / 20 + 0.5 * MILLION / 10))
    assert single.tables == burst.tables


def test_what_is_free_each_month_is_taken_off_and_never_paid_out() -> None:
    assert bill(Month(seconds=50_000, executions=250_000), ONE, PRICES)["Microsoft.Web/sites"] == 0
    more = bill(Month(seconds=100_000, executions=1_250_000), ONE, PRICES)["Microsoft.Web/sites"]
    assert more == pytest.approx(100_000 * 0.000026 + 0.40)


def test_instances_that_are_always_ready_cost_while_nothing_happens() -> None:
    ready = bill(Month(), replace(ONE, ready_http=2, ready_jobs=1), PRICES)["Microsoft.Web/sites"]
    assert ready == pytest.approx(3 * 2 * 30 * 86_400 * 0.000004)


def test_logging_every_request_to_storage_would_cost_more_than_the_requests() -> None:
    lean = bill(month(counted(), MILLION, ONE), ONE, PRICES)
    everything = replace(ONE, logged=Logged(tables=True, queue_reads=True))
    full = bill(month(counted(), MILLION, everything), everything, PRICES)
    rows = "Microsoft.Insights/diagnosticSettings"
    assert full[rows] - lean[rows] > full["Microsoft.Storage/storageAccounts"]


def test_a_rule_costs_by_how_often_it_is_evaluated() -> None:
    rules = replace(ONE, rules=(5, 15, 360))
    assert bill(Month(), rules, PRICES)["Microsoft.Insights/scheduledQueryRules"] == pytest.approx(1.5 + 0.5 + 0.5)
    with pytest.raises(ValueError, match="every 1 minutes"):
        alert(1)


def test_a_price_that_the_list_does_not_have_is_an_error() -> None:
    with pytest.raises(KeyError):
        bill(Month(), ONE, replace(PRICES, prices={"compute GB-s free": Price(0, 1, "documented")}))


def test_every_price_has_its_source_and_the_list_its_date_and_region() -> None:
    assert PRICES.date
    assert PRICES.region
    assert {each.source for each in PRICES.prices.values()} == {"documented", "from memory"}
    assert markdown(prices_table(PRICES)).count("\n") == len(PRICES.prices) + 1


def test_a_first_cycle_takes_the_time_of_its_requests_at_twenty_five_a_second() -> None:
    assert cycle(90_000) == pytest.approx(1)
    first = first_load(TENANTS[-1], counted(), ONE, PRICES)
    assert first.hours == pytest.approx(7.8, abs=0.1)
    assert first.extra > 0
    assert first.logs > 0


def test_larger_tenants_cost_more() -> None:
    costs = [monthly(each, counted(), ONE, PRICES) for each in TENANTS]
    assert costs == sorted(costs)
    assert len(tuple(tenants_table(counted(), ONE, PRICES))) == len(TENANTS) + 2


def test_every_resource_has_a_row_and_what_is_metered_is_summed_up() -> None:
    rows = list(resources_table(counted(), replace(ONE, rules=(15,)), PRICES))
    assert len(rows) == len(RESOURCES) + 3
    idle = bill(month(counted(), 0, ONE), replace(ONE, rules=(15,)), PRICES)
    assert f"**${rounded(sum(idle.values())):,.2f}**" in rows[-1]
    assert set(idle) <= {each.type for each in RESOURCES}


def test_options_are_told_with_the_prices_of_the_list() -> None:
    told = {each.type: each.price for each in RESOURCES}
    for resource, price in (("privateEndpoints", "private endpoint"), ("privateDnsZones", "private DNS zone")):
        assert told[f"Microsoft.Network/{resource}"].startswith(f"${PRICES.cost(price, 1):.2f} each")


def test_amounts_are_rounded_up() -> None:
    assert [rounded(each) for each in (0.0, 0.001, 1.0, 1.011)] == [0.0, 0.01, 1.0, 1.02]
