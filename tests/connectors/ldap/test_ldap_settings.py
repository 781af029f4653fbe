"""The settings of an LDAP connection: what is refused before anything is sent, and what forms are made from."""

from typing import Any

import pytest
from pydantic import ValidationError

from connectors.ldap import LdapSettings

VALID: dict[str, Any] = {
    "host": "ldap.example.test",
    "bind_dn": "cn=lockstep,ou=services,dc=example,dc=test",
    "bind_password": "secret-of-the-service",
    "user_base": "ou=people,dc=example,dc=test",
    "group_base": "ou=groups,dc=example,dc=test",
}


def test_few_settings_are_enough() -> None:
    settings = LdapSettings(**VALID)
    assert (settings.security, settings.effective_port) == ("ldaps", 636)
    assert LdapSettings(**VALID, security="starttls").effective_port == 389
    assert settings.placeholder == "cn=lockstep-placeholder,ou=groups,dc=example,dc=test"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"security": "plain"}, "clear text"),
        ({"security": "plain", "insecure": True}, "this machine itself"),
        ({"security": "plain", "insecure": True, "host": "localhost, ldap.example.test"}, "this machine itself"),
        ({"security": "none"}, "'ldaps', 'starttls' or 'plain'"),
        ({"host": "ldap://ldap.example.test"}, "without ldap://"),
        ({"host": "ldap.example.test:636"}, "without a port"),
        ({"host": "ldap.example.test,"}, "name or address"),
        ({"port": 70000}, "65535"),
        ({"ca_file": "/ca.crt", "ca_pem": "-----BEGIN"}, "not both"),
        ({"bind_password": ""}, "anonymous"),
        ({"user_base": "people"}, "distinguished name"),
        ({"user_rdn": "uid)(cn=*"}, "name of an LDAP attribute"),
        ({"reference_attributes": ["manager", "a b"]}, "name of an LDAP attribute"),
        ({"deactivation": "attribute"}, "needs the attribute"),
        (
            {
                "deactivation": "attribute",
                "inactive_attribute": "employeeType",
                "active_value": "x",
                "inactive_value": "X",
            },
            "must differ",
        ),
        ({"deactivation": "move"}, "needs the base DN"),
        ({"deactivation": "move", "inactive_base": "OU=People,dc=example,dc=test"}, "everybody would be inactive"),
        ({"deactivation": "move", "inactive_base": "dc=example,dc=test"}, "everybody would be inactive"),
        ({"unknown": 1}, "Extra inputs"),
    ],
)
def test_what_cannot_work_is_refused_in_words(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        LdapSettings(**VALID | changes)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_plain_is_for_this_machine(host: str) -> None:
    assert LdapSettings(**VALID | {"host": host, "security": "plain", "insecure": True}).hosts == (host,)


def test_the_password_does_not_show() -> None:
    settings = LdapSettings(**VALID)
    assert "secret-of-the-service" not in repr(settings) + str(settings) + settings.model_dump_json()
    with pytest.raises(ValidationError) as caught:
        LdapSettings(**VALID | {"deactivation": "move"})
    assert "secret-of-the-service" not in str(caught.value)


def test_every_setting_has_a_title_and_a_description_for_forms() -> None:
    schema = LdapSettings.model_json_schema()
    assert all(field.get("title") and field.get("description") for field in schema["properties"].values())
    assert schema["properties"]["bind_password"]["secret"] is True
