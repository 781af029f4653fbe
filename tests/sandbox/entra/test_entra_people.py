"""The played tenant holds what the play promises."""

from dataclasses import replace

from sandbox.entra.people import northwind


def test_there_are_25_people_and_4_groups() -> None:
    tenant = northwind()
    assert len(tenant.people) == 25
    assert len(tenant.groups) == 4


def test_two_people_have_a_diacritic_and_an_apostrophe_in_their_names() -> None:
    names = [person.display_name for person in northwind().people.values()]
    assert len([name for name in names if "'" in name and not name.isascii()]) == 2


def test_user_names_and_employee_numbers_are_unique() -> None:
    people = northwind().people.values()
    assert len({person.user_name.lower() for person in people}) == 25
    assert len({person.employee_number for person in people}) == 25


def test_everybody_but_the_first_has_a_manager_who_was_hired_before() -> None:
    people = list(northwind().people.values())
    assert people[0].manager is None
    for place, person in enumerate(people[1:], start=1):
        assert person.manager in {earlier.key for earlier in people[:place]}


def test_a_hard_deleted_person_leaves_groups_and_is_no_manager_any_more() -> None:
    tenant = northwind().without("nkapoor")
    assert "nkapoor" not in tenant.people
    assert all("nkapoor" not in members for members in tenant.groups.values())
    assert tenant.people["bquinn"].manager is None
    assert tenant.people["jyoung"].manager == "zdaubigne"


def test_a_change_leaves_the_tenant_that_was_there_as_it_was() -> None:
    before = northwind()
    after = before.with_person(replace(before.people["jyoung"], title="Lead")).without_member("All Staff", "jyoung")
    assert (before.people["jyoung"].title, after.people["jyoung"].title) == ("Analyst", "Lead")
    assert "jyoung" in before.groups["All Staff"]
    assert "jyoung" not in after.groups["All Staff"]
