"""What configures a host: host.json, the application settings (environment), and what is looked up in them.

Reference: https://learn.microsoft.com/azure/azure-functions/functions-host-json and functions-app-settings.
"""

import json
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

_LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "information": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "none": logging.CRITICAL + 1,
}
_TIMESPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:\.\d{1,7})?))?")
_OVERRIDE = "AzureFunctionsJobHost__"
_AZURITE_DEFAULT = "http://127.0.0.1:10001/devstoreaccount1"


class HostError(Exception):
    """The host cannot run this app. The message says what is wrong and what to change."""


def timespan(text: str) -> timedelta:
    """Read .NET's ``[d.]hh:mm[:ss[.fff]]``. Raises ``HostError``."""
    match = _TIMESPAN.fullmatch(str(text).strip())
    if match is None:
        raise HostError(f"{text!r} is no time span; write it as hh:mm:ss or d.hh:mm:ss.")
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    if hours > 23 or minutes > 59 or seconds >= 60:
        raise HostError(f"{text!r} is no time span: hours go to 23, minutes and seconds to 59.")
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """``extensions.queues`` of host.json."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    visibility_timeout: timedelta = timedelta(0)
    max_polling_interval: timedelta = timedelta(minutes=1)
    base64: bool = True

    @classmethod
    def read(cls, section: Mapping[str, Any]) -> Self:
        """Make settings from the section of host.json; Azure's limits apply. Raises ``HostError``."""
        batch = int(section.get("batchSize", 16))
        encoding = str(section.get("messageEncoding", "base64")).lower()
        made = cls(
            batch_size=batch,
            new_batch_threshold=int(section.get("newBatchThreshold", batch // 2)),
            max_dequeue_count=int(section.get("maxDequeueCount", 5)),
            visibility_timeout=timespan(section.get("visibilityTimeout", "00:00:00")),
            max_polling_interval=timespan(section.get("maxPollingInterval", "00:01:00")),
            base64=encoding == "base64",
        )
        wrong = {
            "batchSize must be 1 to 32": not 1 <= made.batch_size <= 32,
            "newBatchThreshold must not be negative": made.new_batch_threshold < 0,
            "maxDequeueCount must be at least 1": made.max_dequeue_count < 1,
            "maxPollingInterval must be at least 00:00:00.1": made.max_polling_interval < timedelta(milliseconds=100),
            "messageEncoding must be base64 or none": encoding not in ("base64", "none"),
        }
        for problem, found in wrong.items():
            if found:
                raise HostError(f"host.json, extensions.queues: {problem}.")
        return made


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """``extensions.http`` of host.json; ``None`` is unlimited."""

    route_prefix: str = "api"
    max_concurrent: int | None = None
    max_outstanding: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, section: Mapping[str, Any]) -> Self:
        """Make settings from the section of host.json."""

        def limit(name: str) -> int | None:
            number = int(section.get(name, -1))
            return None if number < 0 else number

        return cls(
            route_prefix=str(section.get("routePrefix", "api")).strip("/"),
            max_concurrent=limit("maxConcurrentRequests"),
            max_outstanding=limit("maxOutstandingRequests"),
            headers={str(name): str(value) for name, value in section.get("customHeaders", {}).items()},
        )


@dataclass(frozen=True, slots=True)
class HostSettings:
    """One host.json, with the ``AzureFunctionsJobHost__section__name`` settings laid over it."""

    http: HttpSettings = HttpSettings()
    queues: QueueSettings = QueueSettings()
    function_timeout: timedelta | None = timedelta(minutes=30)
    log_level: int = logging.INFO

    @classmethod
    def load(cls, app: Path, environment: Mapping[str, str]) -> Self:
        """Read ``host.json`` of the app. Raises ``HostError``: the file is missing, or something in it is wrong."""
        path = app / "host.json"
        try:
            document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise HostError(f"{path} cannot be read: {error.strerror}. A function app needs a host.json.") from error
        except ValueError as error:
            raise HostError(f"{path} is not valid JSON: {error}") from error
        if document.get("version") != "2.0":
            raise HostError(f'{path} must say "version": "2.0".')
        for name, value in environment.items():
            if name.startswith(_OVERRIDE):
                _lay_over(document, name.removeprefix(_OVERRIDE).split("__"), value)
        extensions = document.get("extensions", {})
        timeout = str(document.get("functionTimeout", "00:30:00"))
        level = str(document.get("logging", {}).get("logLevel", {}).get("default", "Information"))
        try:
            return cls(
                http=HttpSettings.read(extensions.get("http", {})),
                queues=QueueSettings.read(extensions.get("queues", {})),
                function_timeout=None if timeout == "-1" else timespan(timeout),
                log_level=_LEVELS[level.lower()],
            )
        except (KeyError, ValueError) as error:
            raise HostError(f"{path}: {error} is not a value the host understands.") from error


def _lay_over(document: dict[str, Any], path: list[str], value: str) -> None:
    """Set the value at the path; names match without regard to case, as .NET's configuration does."""
    for depth, wanted in enumerate(path):
        name = next((name for name in document if name.lower() == wanted.lower()), wanted)
        if depth == len(path) - 1:
            document[name] = value
        else:
            document = document.setdefault(name, {})


def load_local_settings(app: Path) -> None:
    """Put the ``Values`` of local.settings.json into the environment; what is set there already wins."""
    path = app / "local.settings.json"
    if not path.exists():
        return
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise HostError(f"{path} is not valid JSON: {error}") from error
    if document.get("IsEncrypted"):
        raise HostError(f"{path} is encrypted. Decrypt it with: func settings decrypt")
    for name, value in document.get("Values", {}).items():
        os.environ.setdefault(name, str(value))


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Replace each ``%NAME%`` by the application setting of that name. Raises ``HostError`` when one is missing."""

    def setting(match: re.Match[str]) -> str:
        if match[1] not in environment:
            raise HostError(f"%{match[1]}% does not resolve: set the application setting {match[1]}.")
        return environment[match[1]]

    return re.sub(r"%([^%]+)%", setting, text)


def connection_string(name: str, environment: Mapping[str, str]) -> str:
    """Return the storage connection that a binding's ``connection`` names: ``AzureWebJobs<name>`` or ``<name>``.

    Raises ``HostError`` when there is none, or only an identity-based one, which works in Azure alone.
    """
    name = name or "AzureWebJobsStorage"
    found = environment.get(f"AzureWebJobs{name}") or environment.get(name)
    if found == "UseDevelopmentStorage=true":
        from sandbox.azurite import ACCOUNT, ACCOUNT_KEY  # only this short form needs it

        return f"AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};QueueEndpoint={_AZURITE_DEFAULT};"
    if found:
        return found
    if any(setting.startswith(f"{name}__") for setting in environment):
        raise HostError(f"{name} is an identity-based connection; locally, set {name} to a connection string.")
    raise HostError(f"The application setting {name} is missing; set it to a storage connection string.")
