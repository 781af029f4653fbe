"""docs/scim-openapi.json is made from the schemas, is valid, and what it says holds of every answer."""

import json
import os
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from provisioning.scim.schema.describe import description, main, written
from provisioning.scim.schema.schemas import ENTERPRISE_USER, definitions
from sandbox.conformance.running import run_suite
from sandbox.conformance.suites import DESCRIPTION, SCHEMATHESIS
from sandbox.conformance.tools import install

FUZZ_SECONDS = 300 if os.environ.get("LOCKSTEP_FUZZ", "") not in ("", "0") else None


def test_the_description_is_not_stale(tmp_path: Path) -> None:
    assert DESCRIPTION.read_text(encoding="utf-8") == written(), "run: python -m provisioning.scim.schema.describe"
    main(tmp_path)
    assert (tmp_path / DESCRIPTION.name).read_text(encoding="utf-8") == written()


def test_the_description_is_openapi_3_1() -> None:
    OpenAPIV31SpecValidator(json.loads(DESCRIPTION.read_text(encoding="utf-8"))).validate()


def test_every_attribute_of_the_schemas_is_described_and_read_only_ones_are_not_sent() -> None:
    shapes = description()["components"]["schemas"]
    for schema in definitions():
        for attribute in schema["attributes"]:
            for shape in ("User", "UserSent") if schema["id"] != definitions()[-1]["id"] else ("Group", "GroupSent"):
                properties = shapes[shape]["properties"]
                if schema["id"] == ENTERPRISE_USER:
                    properties = properties[ENTERPRISE_USER]["properties"]
                wanted = not (shape.endswith("Sent") and attribute["mutability"] == "readOnly")
                assert (attribute["name"] in properties) is wanted, (shape, attribute["name"])


@pytest.mark.timeout(900)
async def test_random_requests_are_answered_as_described(tmp_path: Path) -> None:
    """No 5xx, and every status, header, content type and body is one that is described. Longer under ``make fuzz``."""
    install()
    verdict = await run_suite(SCHEMATHESIS, tmp_path, seconds=FUZZ_SECONDS)
    assert verdict.problems == ()
