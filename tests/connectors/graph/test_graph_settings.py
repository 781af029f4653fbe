"""Settings and addresses: what is refused before anything is sent."""

import pytest
from pydantic import SecretStr, ValidationError

from connectors.errors import Misconfigured
from connectors.graph import GraphConnector, GraphSettings
from connectors.graph.clouds import CLOUDS, TRUSTED_HOSTS_SETTING, check_addresses, scope

LOGIN, GRAPH = "https://login.microsoftonline.com", "https://graph.microsoft.com/v1.0"


def test_a_managed_identity_needs_nothing_else() -> None:
    settings = GraphSettings()
    assert (settings.credential, settings.authority, settings.base_url) == ("managed_identity", LOGIN, GRAPH)
    GraphConnector.open(settings)


def test_every_field_has_a_title_and_a_description() -> None:
    for name, field in GraphSettings.model_fields.items():
        assert field.title, name
        assert field.description, name


def test_a_client_secret_credential_names_what_is_missing() -> None:
    with pytest.raises(ValidationError, match="needs: Tenant, Client secret"):
        GraphSettings(credential="client_secret", client_id="app")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_url", "http://graph.microsoft.com/v1.0"),
        ("base_url", "https://user:password@graph.microsoft.com/v1.0"),
        ("base_url", "https://graph.microsoft.com/v1.0?x=1"),
        ("base_url", "https://graph.microsoft.com"),
        ("base_url", "graph.microsoft.com/v1.0"),
        ("base_url", "https:///v1.0"),
        ("authority", "http://login.microsoftonline.com"),
        ("authority", "https://login.microsoftonline.com/common"),
        ("tenant_id", "common"),
        ("tenant_id", "../../other"),
        ("client_id", "a b"),
        ("usage_location", "Germany"),
        ("group_kind", "distribution"),
        ("licences", ["VPN access"]),
        ("licences_by_entitlement", ["SPE_E3 without"]),
        ("licences_on_deactivation", "delete"),
        ("additional_attributes", ["skills"]),
        ("additional_attributes", ["a/b"]),
        ("group_owners", ["o' or 1 eq 1"]),
        ("federated_domains", ["contoso.example/x"]),
        ("immutable_id", "a b"),
        ("no_such_field", "x"),
    ],
)
def test_a_malformed_value_is_refused(field: str, value: str) -> None:
    with pytest.raises(ValidationError):
        GraphSettings.model_validate({field: value})


def test_the_secret_does_not_show() -> None:
    settings = GraphSettings(
        credential="client_secret", tenant_id="contoso.example", client_id="app", client_secret=SecretStr("hunter2")
    )
    connector = GraphConnector.open(settings)
    assert "hunter2" not in repr(settings) + repr(connector) + repr(vars(connector))


@pytest.mark.parametrize("cloud", CLOUDS, ids=lambda cloud: cloud.name)
def test_microsofts_clouds_are_trusted(cloud: object) -> None:
    for each in CLOUDS:
        for authority in each.authorities:
            check_addresses(f"https://{authority}", f"https://{each.graph}/v1.0", frozenset())


@pytest.mark.parametrize(
    "base_url",
    [
        "https://graph.microsoft.com.evil.example/v1.0",
        "https://graph.microsoft.com:8443/v1.0",
        "https://evil.example/graph.microsoft.com",
        "http://graph.microsoft.com/v1.0",
        "https://169.254.169.254/v1.0",
        "https://localhost:8443/v1.0",
    ],
)
def test_other_hosts_are_not(base_url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        check_addresses(LOGIN, base_url, frozenset())
    assert caught.value.code == "graph.untrustedHost"
    assert TRUSTED_HOSTS_SETTING in caught.value.fix


def test_another_authority_is_not_trusted_either() -> None:
    with pytest.raises(Misconfigured, match=r"^Authority: evil\.example:443"):
        check_addresses("https://evil.example", GRAPH, frozenset())


TRUSTED = frozenset({("graph.proxy.example", 443), ("localhost", 8443)})


def test_the_deployment_may_trust_a_host_with_its_port() -> None:
    check_addresses("https://localhost:8443", "https://LOCALHOST:8443/v1.0", TRUSTED)
    check_addresses(LOGIN, "https://graph.proxy.example/v1.0", TRUSTED)
    for base_url in ("https://localhost:8444/v1.0", "https://graph.proxy.example:8443/v1.0"):
        with pytest.raises(Misconfigured):
            check_addresses(LOGIN, base_url, TRUSTED)


def test_a_trusted_host_must_speak_https() -> None:
    with pytest.raises(Misconfigured):
        check_addresses(LOGIN, "http://localhost:8443/v1.0", TRUSTED)


def test_an_authority_of_another_cloud_is_told() -> None:
    with pytest.raises(Misconfigured) as caught:
        check_addresses(LOGIN, "https://graph.microsoft.us/v1.0", frozenset())
    assert caught.value.code == "graph.cloudMismatch"
    assert "https://login.microsoftonline.us" in caught.value.fix


def test_a_connector_trusts_the_hosts_that_it_is_opened_with_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = GraphSettings(authority="https://localhost:8443", base_url="https://localhost:8443/v1.0")
    monkeypatch.setenv(TRUSTED_HOSTS_SETTING, "localhost:8443")
    with pytest.raises(Misconfigured):
        GraphConnector.open(settings)
    GraphConnector.open_trusting(settings, TRUSTED)


@pytest.mark.parametrize(
    ("authority", "base_url", "wanted"),
    [
        (LOGIN, GRAPH, "https://graph.microsoft.com/.default"),
        (
            "https://login.microsoftonline.us",
            "https://dod-graph.microsoft.us/v1.0",
            "https://dod-graph.microsoft.us/.default",
        ),
        ("https://login.microsoftonline.us", "https://proxy.example/v1.0", "https://graph.microsoft.us/.default"),
        ("https://localhost:8443", "https://localhost:8443/v1.0", "https://graph.microsoft.com/.default"),
    ],
)
def test_tokens_are_for_the_graph_of_the_cloud(authority: str, base_url: str, wanted: str) -> None:
    assert scope(authority, base_url) == wanted
