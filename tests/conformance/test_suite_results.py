"""What a suite prints is counted right: no failure is lost, and a suite that did not run is no success."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from sandbox.conformance.results import (
    Result,
    Unreadable,
    of_newman,
    of_okta,
    of_schemathesis,
    of_scim2_tester,
    of_scim_sanity,
)
from sandbox.conformance.running import Verdict
from sandbox.conformance.suites import SUITES


def test_newman_counts_assertions_and_names_requests_that_failed() -> None:
    failures = [
        {"source": {"name": "Get User"}, "error": {"name": "AssertionError", "test": "is 200", "message": "got 404"}},
        {"source": {"name": "Get Group"}, "error": {"name": "Error", "message": "ECONNREFUSED"}},
    ]
    report = {"run": {"stats": {"assertions": {"total": 10, "failed": 1}}, "failures": failures}}
    result = of_newman(json.dumps(report))
    assert result == Result(9, ("Get User: is 200: got 404", "Get Group: Error: ECONNREFUSED"))


def test_okta_counts_as_its_runner_says_even_where_a_failure_has_no_line() -> None:
    said = "FAIL GET http://h/Users: response_status  equal want='200' got='500'\n89 passed, 2 failed\n"
    result = of_okta(said)
    assert (result.passed, result.failed) == (89, 2)
    assert result.failures[0].startswith("GET http://h/Users")


def test_scim2_tester_counts_only_what_conforms() -> None:
    said = (
        "Performing a SCIM compliance check on http://h ...\nSUCCESS one\n  It was good\nACCEPTABLE two\n"
        "DEVIATION three\n  because\nERROR four\n  of this\nSKIPPED five\n  not there\nCRITICAL six\n"
    )
    result = of_scim2_tester(said)
    assert result == Result(2, ("DEVIATION three: because", "ERROR four: of this", "CRITICAL six"))


def test_scim_sanity_counts_warnings_and_errors_as_failures_and_what_it_skips_not_at_all() -> None:
    checks = [
        {"name": "a", "status": "pass"},
        {"name": "b", "status": "fail", "message": "204"},
        {"name": "c", "status": "error", "message": "timeout"},
        {"name": "d", "status": "warn", "message": "odd"},
        {"name": "e", "status": "skip", "message": "no agents"},
    ]
    assert of_scim_sanity(json.dumps({"results": checks})) == Result(1, ("b: 204", "c: timeout", "d: odd"))


def test_schemathesis_counts_its_cases_and_names_each_failure_by_its_operation() -> None:
    said = (
        "= FAILURES =\n____ PUT /Me ____\n1. Test Case ID: LaHp0y\n\n- ST101 Server error\n\n- ST204 Wrong response\n\n"
        "    curl -X PUT http://h/Me\n\nTest cases:\n  40 generated, 38 passed, 2 found 2 unique failures\n\n"
        "======= 2 failures, 1 warning in 40.06s =======\n"
    )
    result = of_schemathesis(said)
    assert result.passed == 38
    assert result.failures == ("PUT /Me: ST101 Server error", "PUT /Me: ST204 Wrong response: curl -X PUT http://h/Me")


def test_schemathesis_that_could_not_test_an_operation_has_failed() -> None:
    said = "Test cases:\n  40 generated, 40 passed\n\n======= 1 error in 40.06s =======\n"
    assert of_schemathesis(said) == Result(40, ("1 error",))


@pytest.mark.parametrize("read", [of_newman, of_okta, of_scim2_tester, of_scim_sanity, of_schemathesis])
def test_what_holds_no_result_is_no_result(read: Callable[[str], Result]) -> None:
    with pytest.raises(Unreadable):
        read("Traceback (most recent call last): ...")


def test_a_suite_that_runs_fewer_checks_than_are_known_has_not_passed() -> None:
    suite = replace(SUITES[0], least=3)
    assert Verdict(suite, Result(3, ()), 1.0).good
    assert not Verdict(suite, Result(2, ()), 1.0).good
    assert not Verdict(suite, Result(3, ("one failed",)), 1.0).good
