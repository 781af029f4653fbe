"""The traffic of a soak run: every act can come, whoever is asked about is left alone, and the picture follows."""

import random
from collections import Counter
from typing import Any

from benchmarks.soak_acts import MIX, next_act
from benchmarks.soak_people import SENIORS, Act, Population


def answer(population: Population, act: Act) -> None:
    body: dict[str, Any] = {"id": f"id-{random.random()}"} if act.request.method == "POST" else {}
    population.finished(act, body)


def filled() -> Population:
    population = Population(random.Random(1))
    for _ in range(300):
        answer(population, population.hire())
    for number in range(5):
        answer(population, population.found(f"Group {number}"))
    return population


def test_every_act_comes_and_the_directory_keeps_its_size() -> None:
    population, seen = filled(), Counter[str]()
    for _ in range(4000):
        act = next_act(population)
        seen[act.name] += 1
        answer(population, act)
    assert len(seen) == len(MIX) + 1  # to disable and to enable are one
    assert min(seen.values()) > 10
    assert 200 < len(population.people) < 400
    assert not population.busy


def test_nobody_is_asked_about_twice_at_the_same_time() -> None:
    population = filled()
    acts = [next_act(population) for _ in range(40)]
    busy = [key for act in acts for key in act.busy]
    assert len(busy) == len(set(busy)) > 30


def test_the_picture_has_no_reference_to_somebody_who_is_gone() -> None:
    population = filled()
    for _ in range(3000):
        answer(population, next_act(population))
    picture = population.picture()
    assert all(members <= picture.users.keys() for members in picture.groups.values())
    assert all(not each.manager or each.manager.lower() in picture.users for each in picture.users.values())
    assert sum(bool(each.manager) for each in picture.users.values()) > 50
    assert sum(key in population.people for key in (f"person{n:06}" for n in range(1, SENIORS + 1))) == SENIORS
