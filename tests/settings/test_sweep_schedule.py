"""The sweeper's schedule is NCRONTAB of six fields: what the Functions host takes is taken, and nothing else."""

import pytest

from provisioning.setting_rules import wrong_schedule
from sandbox.host.schedule import Schedule
from sandbox.host.settings import HostError

GOOD = ["0 * * * * *", "*/10 * * * * *", "0 */5 * * * *", "0 0 0-8/2 * * *", "5,20 30 9 1,15 Jan-Jun Mon-Fri",
        "0 0 0 31 12 0", "59 59 23 1 1 6", "0 0 12 * march sunday"]  # fmt: skip
BAD = ["* * * * *", "", "0 * * * * * *", "60 * * * * *", "0 60 * * * *", "0 0 24 * * *", "0 0 0 0 * *", "0 0 0 32 * *",
       "0 0 0 1 13 *", "0 0 0 1 * 8", "0 */0 * * * *", "0 5-1 * * * *", "0 * * * Foo *", "every minute at noon or so",
       "0 , * * * *", "00:01:00", "0 -1 * * * *", "0 ? * * * *", "0 \u0661 * * * *"]  # fmt: skip


@pytest.mark.parametrize("schedule", GOOD)
def test_a_schedule_of_the_hosts_is_right(schedule: str) -> None:
    assert wrong_schedule(schedule) == ""
    assert Schedule(schedule)._cron


@pytest.mark.parametrize("schedule", BAD)
def test_another_is_told_with_an_example(schedule: str) -> None:
    assert "`0 * * * * *`" in wrong_schedule(schedule)


@pytest.mark.parametrize("schedule", [each for each in BAD if len(each.split()) == 6 and each.isascii()])
def test_the_local_host_refuses_it_too(schedule: str) -> None:
    with pytest.raises(HostError):
        _ = Schedule(schedule)._cron
