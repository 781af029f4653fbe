"""When a soak run is clean: no wrong answer, flat memory, nothing left, no difference."""

from dataclasses import replace

import pytest

from benchmarks.soak_report import MOST_GROWTH, Answered, Look, Soaked, markdown


def run(growth: float = 0.0) -> Soaked:
    """Ten minutes with a look each five seconds and an answer each second."""
    soaked = Soaked(minutes=10, rate=1, warm_up=200)
    # Memory that rises while caches fill is not growth.
    soaked.looks = [Look(at, 100 + min(at, 200) / 10 + growth * at / 60, at / 4) for at in range(0, 601, 5)]
    soaked.answers = [Answered(at + 0.5, "match user", 10 + at % 20) for at in range(600)]
    return soaked


def test_a_run_is_clean_when_nothing_went_wrong_and_memory_is_flat() -> None:
    assert run().problems() == []
    assert run().growth == pytest.approx(0, abs=1e-9)
    assert "**Clean.**" in markdown(run())


def test_growth_is_the_slope_after_the_warm_up() -> None:
    assert run(growth=2.0).growth == pytest.approx(2.0)
    assert run(growth=MOST_GROWTH * 0.9).problems() == []
    assert run(growth=MOST_GROWTH * 1.1).problems() != []


def test_one_wrong_answer_is_too_many_and_is_named() -> None:
    soaked = run()
    soaked.answers[7] = replace(soaked.answers[7], wrong="GET /Users: 500, expected [200]")
    assert soaked.problems() == ["1 requests went wrong"]
    assert "500, expected [200]" in markdown(soaked)


def test_what_is_left_and_what_differs_is_named() -> None:
    soaked = run()
    soaked.left, soaked.differences = {"outbox": 3}, ["mira is missing"]
    assert len(soaked.problems()) == 2
    assert "outbox 3" in markdown(soaked)
    assert "mira is missing" in markdown(soaked)


def test_each_minute_has_a_row() -> None:
    rows = [line for line in markdown(run()).splitlines() if line.count("|") == 10]
    assert len(rows) == 2 + 10
    assert rows[2].split("|")[2].strip() == "60"
    assert rows[-1].split("|")[9].strip() == "25%"
