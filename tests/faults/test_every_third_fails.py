"""In a batch every third item fails, for good or for the moment: the others do not notice, and the report says why."""

import pytest

from provisioning.engine.links import LinkStatus
from provisioning.reports.entries import Action, Status
from sandbox.graph.knobs import Fault
from tests.faults import ledger
from tests.faults.conftest import EVERY_KIND, GRAPH
from tests.faults.office import CONNECTION, PEOPLE, Office
from tests.faults.targets import GraphTarget

pytestmark = pytest.mark.azurite

TOO_LONG = "x" * 200
THIRDS = [f"p{number:02}" for number in range(0, PEOPLE, 3)]
REFUSED = {
    "ldap": ({"emails": [{"type": "work", "value": "zoë@contoso.example"}]}, {"emails": []}),
    "active_directory": ({"title": TOO_LONG}, {"title": "Right"}),
    "graph": ({"title": TOO_LONG}, {"title": "Right"}),
}
"""What the server refuses, and what it takes."""
CODES = {
    "ldap": "ldap.invalidAttributeSyntax",
    "active_directory": "ad.invalidValue",
    "graph": "graph.Request_BadRequest",
}


@pytest.mark.parametrize("target", EVERY_KIND, indirect=True)
async def test_every_third_person_is_refused_until_corrected_and_the_others_are_done(office: Office) -> None:
    wrong, right = REFUSED[office.target.kind]
    code = CODES[office.target.kind]
    refused = [f"{name}@{office.target.domain}" for name in THIRDS]
    await office.staff(**dict.fromkeys(THIRDS, wrong))
    await office.settle(escrowed=len(refused))
    await ledger.check_system(office, without=refused)
    for login in refused:
        link = await office.hub.links.get(CONNECTION, office.people[login].id)
        assert link is not None
        assert (link.status, link.problem.code, link.remote_id) == (LinkStatus.ESCROWED, code, "")
        story = (await office.hub.reports.search(person=login)).entries
        (told,) = [entry for entry in story if entry.status is Status.FAILURE]
        assert (told.action, told.code, told.reason, told.recommended_action) == (
            Action.CREATE,
            code,
            link.problem.message,
            link.problem.fix,
        )
        assert told.recommended_action

    for login in refused:
        await office.change(login, **right)
    await office.settle()
    codes = await ledger.check(office, told={code})
    assert codes[code] == len(refused)


@pytest.mark.parametrize("status", [400, 429, 503])
@pytest.mark.parametrize("target", [GRAPH], indirect=True)
@pytest.mark.usefixtures("timeless")
async def test_every_third_item_of_all_batches_fails_for_the_moment(office: Office, status: int) -> None:
    assert isinstance(office.target, GraphTarget)
    fault = Fault(status=status, items=True, every=3, times=None, method="POST")
    office.target.simulator.knobs.faults = [fault]
    await office.staff()
    await office.work()
    office.target.simulator.knobs.faults = []
    await office.settle()
    await ledger.check(office, told=MOMENT[status])


MOMENT = {400: {"graph.Request_BadRequest"}, 429: {"graph.throttled"}, 503: {"graph.serviceUnavailable"}}
