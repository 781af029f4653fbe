"""Validation: what an administrator has typed becomes a connection, or words about each field that is wrong. Pure.

Settings are checked by the connector's own model. A secret field takes a reference only; what was given in its place
is shown neither to the model nor to anybody else, because it may well be the secret.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails

from connectors.contract import Connector, ConnectorSettings, ObjectKind
from connectors.errors import Misconfigured
from provisioning.connections.connection import Connection, Deletion, Features, wrong_id, wrong_name
from provisioning.connections.matching import matchable
from provisioning.connections.registry import connector_class
from provisioning.connections.secrets import EXAMPLE, is_reference, secret_fields
from provisioning.setting_rules import SECRET_PREFIX

MOST_MATCHING = 10

_STAND_IN = f"env:{SECRET_PREFIX}X"


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: where (``settings.base_dn``), and in words."""

    field: str
    message: str


class InvalidConnection(ValueError):
    """What was given is not a connection; ``errors`` has every field that is wrong."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = tuple(errors)


def configured(
    connection_id: str,
    name: str,
    kind: str,
    settings: Mapping[str, Any],
    *,
    enabled: bool = False,
    features: Features | None = None,
    matching: Mapping[ObjectKind, Sequence[str]] | None = None,
    deletion: Deletion = "delete",
) -> Connection:
    """Return a valid connection, or raise ``InvalidConnection`` with everything that is wrong.

    Features are cut to what the system can do; matching attributes that are not given are the connector's defaults.
    """
    errors = [FieldError("id", wrong_id(connection_id)), FieldError("name", wrong_name(name))]
    try:
        connector = connector_class(kind)
    except Misconfigured as unknown:
        raise InvalidConnection(
            [error for error in (*errors, FieldError("kind", f"{unknown} {unknown.fix}")) if error.message]
        ) from None
    checked: Mapping[str, Any] = {}
    try:
        checked = checked_settings(connector.settings_model, settings)
    except InvalidConnection as invalid:
        errors += invalid.errors
    given = matching or {}
    for object_kind, attributes in given.items():
        errors.append(FieldError(f"matching.{object_kind}", _wrong_matching(connector, object_kind, attributes)))
    if deletion == "deactivate" and not connector.capabilities.deactivate:
        errors.append(FieldError("deletion", f"{connector.title} cannot deactivate users; choose 'delete'."))
    found = [error for error in errors if error.message]
    if found:
        raise InvalidConnection(found)
    return Connection(
        id=connection_id,
        name=name,
        kind=kind,
        enabled=enabled,
        settings=checked,
        features=(features or Features()).within(connector.capabilities),
        matching={
            object_kind: tuple(given.get(object_kind, defaults.matching))
            for object_kind, defaults in connector.defaults.items()
        },
        deletion=deletion,
    )


def _wrong_matching(connector: type[Connector], kind: ObjectKind, attributes: Sequence[str]) -> str:
    if kind not in connector.defaults:
        return f"{connector.title} has no objects of the kind {kind}."
    if len(attributes) > MOST_MATCHING or len(set(attributes)) != len(attributes):
        return f"Name at most {MOST_MATCHING} attributes, each once."
    known = matchable(connector.defaults[kind].mappings)
    unknown = [attribute for attribute in attributes if attribute not in known]
    if not unknown:
        return ""
    return f"Only a mapped attribute can be matched by: {', '.join(known)}."


def checked_settings(model: type[ConnectorSettings], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as they are stored: what was given, as the model understood it, secrets as references.

    The model sees the references in place of the secrets; what it says about a well-formed one is passed over, because
    only the secret itself could be judged by it.
    """
    given = {name: settings[name] for name in secret_fields(model) & settings.keys() if settings[name] is not None}
    references = {name: value for name, value in given.items() if is_reference(value)}
    errors = [
        FieldError(f"settings.{name}", f"This field holds a secret: give a reference such as {EXAMPLE}.")
        for name in sorted(given.keys() - references.keys())
    ]
    try:
        seen = model.model_validate({**settings, **dict.fromkeys(given, _STAND_IN), **references})
    except ValidationError as invalid:
        errors += [
            FieldError(_place(error), _words(error))
            for error in invalid.errors(include_url=False, include_input=False)
            if not (error["loc"] and error["loc"][0] in given)
        ]
        if errors:
            raise InvalidConnection(errors) from None
        return dict(settings)
    if errors:
        raise InvalidConnection(errors)
    return {**seen.model_dump(mode="json", exclude_unset=True), **references}


def opened_settings(model: type[ConnectorSettings], resolved: Mapping[str, Any]) -> ConnectorSettings:
    """Return the settings for ``Connector.open`` from those whose references are resolved. Raises ``Misconfigured``."""
    secret = secret_fields(model)
    try:
        return model.model_validate(resolved)
    except ValidationError as invalid:
        hidden = [value.get_secret_value() for value in resolved.values() if isinstance(value, SecretStr)]
        wrong = [
            f"{_place(error)}: {_words_without(error, secret, hidden)}"
            for error in invalid.errors(include_url=False, include_input=False)
        ]
    # Without the cause, which holds what was given.
    raise Misconfigured(
        f"The settings of the connection are not valid: {'; '.join(wrong)}",
        code="connection.invalidSettings",
        fix="Correct the settings of the connection, or the secret that is meant.",
    )


def _words_without(error: ErrorDetails, secret: frozenset[str], hidden: Sequence[str]) -> str:
    """Return what is wrong, but nothing that a model says of a secret: it may quote it."""
    words = _words(error)
    if (error["loc"] and error["loc"][0] in secret) or any(each in words for each in hidden):
        return "The secret is not usable."
    return words


def _place(error: ErrorDetails) -> str:
    return ".".join(["settings", *(str(part) for part in error["loc"])])


def _words(error: ErrorDetails) -> str:
    match error["type"]:
        case "missing":
            return "This field is required."
        case "extra_forbidden":
            return "There is no such field."
        case _:
            return error["msg"].removeprefix("Value error, ")
