"""What an id and a name of a connection may be, and how features are cut to what a system can do."""

from dataclasses import asdict

import pytest

from connectors.contract import PROVISIONING, Capabilities, Feature
from provisioning.connections.connection import FEATURE_NAMES, Features, wrong_id, wrong_name


@pytest.mark.parametrize("connection_id", ["a", "ldap-1", "0", "x" * 40])
def test_a_slug_of_up_to_40_characters_is_an_id(connection_id: str) -> None:
    assert wrong_id(connection_id) == ""


@pytest.mark.parametrize("connection_id", ["", "x" * 41, "Ldap", "a/b", "a b", "é", "a\n", "a_b", "#", "a?b"])
def test_what_could_not_be_a_partition_key_or_a_path_is_not_an_id(connection_id: str) -> None:
    assert "a-z" in wrong_id(connection_id)


@pytest.mark.parametrize("connection_id", ["hub", "verify"])
def test_words_that_mean_something_else_are_not_ids(connection_id: str) -> None:
    assert "choose another" in wrong_id(connection_id)


@pytest.mark.parametrize("name", ["Directory", "Ünïcode, Verzeichnis", "x" * 100])
def test_a_printable_text_of_up_to_100_characters_is_a_name(name: str) -> None:
    assert wrong_name(name) == ""


@pytest.mark.parametrize("name", ["", " ", " x", "x ", "a\nb", "a\x00b", "x" * 101])
def test_an_empty_padded_long_or_unprintable_text_is_not_a_name(name: str) -> None:
    assert wrong_name(name) != ""


def test_a_system_without_groups_has_no_group_features() -> None:
    features = Features().within(Capabilities(groups=False))
    on = {name for name, value in asdict(features).items() if value}
    assert on == {"create_users", "update_users", "deactivate_users", "delete_users"}


def test_a_system_that_cannot_deactivate_or_keep_memberships_lacks_just_that() -> None:
    features = Features().within(Capabilities(deactivate=False, memberships=False))
    off = {name for name, value in asdict(features).items() if not value}
    assert off == {"deactivate_users", "manage_memberships"}


def test_a_feature_that_is_off_stays_off_whatever_the_system_can() -> None:
    features = Features(**dict.fromkeys(FEATURE_NAMES, False))
    assert features.within(Capabilities()) == features


def test_the_features_that_are_on_are_those_that_connectors_know() -> None:
    assert Features().chosen() == PROVISIONING
    assert Features(delete_users=False).chosen() == PROVISIONING - {Feature.DELETE_USERS}
