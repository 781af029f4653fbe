"""What the connector benchmark says of what it found, and when it is not content."""

from dataclasses import replace

import pytest

from benchmarks.connector_peers import Took
from benchmarks.connector_report import ALONE, BARE, HUB, TOOL, Found, markdown, promises
from benchmarks.connector_targets import Person
from benchmarks.graph_load import Load

LOAD = Load(10_000, 0, 5, 0, 1_100, 20_000, 353.5, 2.0)


def found(alone: float, graph: Load = LOAD) -> Found:
    """Return a run in which the connector alone made so many accounts in a second, and bare ldap3 a hundred."""
    rates = {HUB: 40.0, ALONE: alone, BARE: 100.0, TOOL: 400.0}
    creates = {("LDAP", who): [Took(100, 100 / rate, 0.1), Took(100, 1.0, 9.9)] for who, rate in rates.items()}
    for turns in creates.values():
        turns.append(turns[0])  # the median of three is the rate that two of them have
    reads = {("LDAP", who): [Took(1000, 1.0, 0.1)] for who in (ALONE, BARE, TOOL)}
    return Found(creates, reads, graph, 0.5)


def test_four_fifths_of_bare_ldap3_are_demanded() -> None:
    assert all(each.kept for each in promises(found(alone=80.0)))
    assert [each.kept for each in promises(found(alone=79.0))] == [False, True, True, True]
    slow_to_read = found(alone=80.0)
    slow_to_read.reads["LDAP", ALONE] = [Took(1000, 1.3, 0.1)]
    assert [each.kept for each in promises(slow_to_read)] == [True, False, True, True]


@pytest.mark.parametrize(
    "load", [replace(LOAD, seconds=360.0), replace(LOAD, failed=1)], ids=["too long", "somebody failed"]
)
def test_the_first_load_of_graph_must_keep_to_the_quota_and_lose_nobody(load: Load) -> None:
    assert not all(each.kept for each in promises(found(100.0, load)))


def test_the_tables_tell_ratios_to_both_peers_and_what_is_ours() -> None:
    text = markdown(found(alone=80.0))
    assert "| LDAP | connector alone | 80 | 0.80x | 0.20x | 1.00 | 0.00 |" in text
    assert "| LDAP | through the whole hub | 40 | 0.40x | 0.10x |" in text
    assert "over the quota's own minimum of 350 s | +1.00% |" in text
    assert "NOT KEPT" not in text


def test_a_person_in_two_writes_is_two_records_of_ldif() -> None:
    person = Person("CN=Zoë,DC=test", ("user",), {"sn": b"X"}, {"userAccountControl": b"512"})
    first, second = person.ldif.strip().split("\n\n")
    assert first.splitlines()[:3] == ["dn:: Q049Wm/DqyxEQz10ZXN0", "changetype: add", "objectClass: user"]
    assert second.splitlines()[1:] == [
        "changetype: modify",
        "replace: userAccountControl",
        "userAccountControl:: NTEy",
        "-",
    ]
