"""What an administrator has typed becomes a connection, or words about each wrong field."""

from typing import Any

import pytest

from connectors.contract import ObjectKind
from connectors.errors import Misconfigured
from provisioning.connections.connection import Features
from provisioning.connections.registry import KINDS, connector_class
from provisioning.connections.secrets import Secrets, secret_fields
from provisioning.connections.validation import InvalidConnection, configured, opened_settings
from tests.connections.trait_connector import TraitConnector, TraitSettings

GOOD: dict[str, Any] = {"host": "dc1", "password": "env:LOCKSTEP_SECRET_P"}

pytestmark = pytest.mark.usefixtures("trait")


def wrong(settings: dict[str, Any] | None = None, **others: Any) -> dict[str, str]:
    """Return the errors of a connection by field."""
    given: dict[str, Any] = {"connection_id": "c1", "name": "One", "kind": "trait", "settings": settings or GOOD}
    with pytest.raises(InvalidConnection) as caught:
        configured(**{**given, **others})
    return {error.field: error.message for error in caught.value.errors}


def test_a_connection_holds_what_was_given_and_secrets_as_references() -> None:
    connection = configured("c1", "One", "trait", {**GOOD, "port": "389"})
    assert connection.settings == {"host": "dc1", "port": 389, "password": "env:LOCKSTEP_SECRET_P"}
    assert not connection.enabled


def test_what_was_not_given_is_not_stored_so_that_a_default_may_change() -> None:
    assert configured("c1", "One", "trait", GOOD).settings == GOOD


def test_every_wrong_field_is_told_at_once() -> None:
    errors = wrong(
        {"port": 0, "security": "none", "colour": "red", "password": "env:LOCKSTEP_SECRET_P"},
        connection_id="No",
        name="",
    )
    assert errors.keys() == {"id", "name", "settings.host", "settings.port", "settings.security", "settings.colour"}
    assert errors["settings.host"] == "This field is required."
    assert errors["settings.colour"] == "There is no such field."


@pytest.mark.parametrize("literal", ["hunter2hunter2", "short", "env:PATH", "dc1-hunter2", "{}"])
def test_a_literal_in_a_secret_field_is_refused_and_not_repeated(literal: str) -> None:
    errors = wrong({"host": "dc1", "password": literal, "certificate": literal})
    assert "LOCKSTEP_SECRET_" in errors["settings.password"]
    assert "LOCKSTEP_SECRET_" in errors["settings.certificate"]
    assert literal not in str(errors)


def test_a_secret_field_of_another_type_is_refused_and_not_repeated() -> None:
    assert "hunter2" not in str(wrong({"host": "dc1", "password": {"value": "hunter2"}}))


def test_a_bound_on_the_secret_is_not_applied_to_its_reference() -> None:
    connection = configured("c1", "One", "trait", {**GOOD, "password": "file:p"})
    assert connection.settings["password"] == "file:p"


def test_an_optional_secret_may_be_left_out_or_null() -> None:
    assert configured("c1", "One", "trait", {**GOOD, "certificate": None}).settings["certificate"] is None


def test_a_missing_secret_is_told_like_any_other_missing_field() -> None:
    assert wrong({"host": "dc1"}) == {"settings.password": "This field is required."}


def test_an_unknown_kind_is_told_with_those_there_are() -> None:
    assert "graph" in wrong(kind="telepathy")["kind"]


def test_features_are_cut_to_what_the_system_can_do() -> None:
    connection = configured("c1", "One", "trait", GOOD, features=Features(delete_users=False))
    assert connection.features == Features(
        deactivate_users=False, delete_users=False, create_groups=False, update_groups=False, delete_groups=False,
        manage_memberships=False,
    )  # fmt: skip


def test_matching_attributes_default_to_the_connectors() -> None:
    assert configured("c1", "One", "trait", GOOD).matching == {ObjectKind.USER: ("uid",)}


def test_matching_attributes_may_be_chosen_or_none() -> None:
    chosen = configured("c1", "One", "trait", GOOD, matching={ObjectKind.USER: ["mail", "uid"]})
    assert chosen.matching == {ObjectKind.USER: ("mail", "uid")}
    assert configured("c1", "One", "trait", GOOD, matching={ObjectKind.USER: []}).matching == {ObjectKind.USER: ()}


@pytest.mark.parametrize("names", [["colour"], ["boss"], ["uid", "uid"]])
def test_only_mapped_attributes_that_are_no_references_can_be_matched_by_each_once(names: list[str]) -> None:
    assert "matching.User" in wrong(matching={ObjectKind.USER: names})


def test_matching_of_a_kind_that_the_system_does_not_have_is_refused() -> None:
    assert "matching.Group" in wrong(matching={ObjectKind.GROUP: ["cn"]})


def test_a_system_that_cannot_deactivate_cannot_keep_deleted_users_deactivated() -> None:
    assert "deletion" in wrong(deletion="deactivate")


async def test_secrets_are_resolved_when_the_settings_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_SECRET_P", "correct horse")
    opened = opened_settings(TraitSettings, await Secrets().resolved(TraitSettings, GOOD))
    assert isinstance(opened, TraitSettings)
    assert opened.password.get_secret_value() == "correct horse"
    assert "correct horse" not in repr(opened)


async def test_a_secret_that_its_field_refuses_is_told_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_SECRET_P", "s3cret")
    with pytest.raises(Misconfigured) as caught:
        opened_settings(TraitSettings, await Secrets().resolved(TraitSettings, GOOD))
    assert "settings.password" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


async def test_a_secret_that_a_rule_over_all_fields_quotes_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCKSTEP_SECRET_P", "dc1-is-in-it")
    with pytest.raises(Misconfigured) as caught:
        opened_settings(TraitSettings, await Secrets().resolved(TraitSettings, GOOD))
    assert "dc1-is-in-it" not in str(caught.value)


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"trait"}))
def test_every_kind_has_a_connector_whose_secrets_are_top_level_fields(kind: str) -> None:
    connector = connector_class(kind)
    assert connector.kind == kind
    schema = connector.settings_model.model_json_schema()
    assert "password" not in str(schema.get("$defs", {}).values()), "a secret inside a nested model would be stored"
    for name, field in connector.settings_model.model_fields.items():
        assert field.title, f"{kind}.{name} has no title for its form"
        assert field.description, f"{kind}.{name} has no description for its form"
    assert secret_fields(connector.settings_model)


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"trait"}))
def test_every_built_in_mapping_has_paths_that_parse_and_matching_that_is_mapped(kind: str) -> None:
    from provisioning.connections.mapping import desired
    from provisioning.connections.matching import matchable

    for defaults in connector_class(kind).defaults.values():
        assert set(desired({}, defaults.mappings).values()) == {None}
        assert set(defaults.matching) <= set(matchable(defaults.mappings))
        targets = [mapping.target for mapping in defaults.mappings]
        assert len(set(targets)) == len(targets)


def test_the_trait_connector_is_what_the_fixture_registers(trait: type[TraitConnector]) -> None:
    assert connector_class("trait") is trait
