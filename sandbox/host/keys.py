"""Function keys: who may call what, by the authorization levels anonymous, function and admin.

Keys are given as a JSON object in the naming of the real host's Kubernetes secrets: ``host.master``,
``host.function.NAME`` (valid for every function) and ``functions.FUNCTION.NAME`` (valid for one).
"""

import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.host.settings import HostError


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one host. Never printed: not even its representation shows a key."""

    by_name: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for name, key in self.by_name.items():
            known = name == "host.master" or name.startswith(("host.function.", "functions."))
            if not known or not isinstance(key, str) or not key:
                raise HostError(
                    f"The key {name!r} is unusable: names are host.master, host.function.NAME and "
                    "functions.FUNCTION.NAME, and values are texts that are not empty."
                )

    def allow(self, level: str, function: str, presented: str | None) -> bool:
        """Tell whether the presented key opens the level of the function, in constant time.

        ``anonymous`` needs none; ``function`` takes a key of the function, of the host, or the master key; ``admin``
        takes the master key.
        """
        if level.lower() == "anonymous":
            return True
        if presented is None:
            return False
        prefixes = ["host.master"]
        if level.lower() == "function":
            prefixes += ["host.function.", f"functions.{function}."]
        offered = hashlib.sha256(presented.encode()).digest()
        found = False
        for name, key in self.by_name.items():
            same = hmac.compare_digest(offered, hashlib.sha256(key.encode()).digest())
            found |= same and name.lower().startswith(tuple(prefix.lower() for prefix in prefixes))
        return found


def load_keys(source: str | None) -> Keys:
    """Read keys from a JSON file, or from the environment variable NAME when the source is ``env:NAME``.

    Without a source there are no keys, and only anonymous functions can be called. Raises ``HostError``.
    """
    if not source:
        return Keys()
    try:
        if source.startswith("env:"):
            text = os.environ[source.removeprefix("env:")]
        else:
            text = Path(source).read_text(encoding="utf-8")
        document = json.loads(text)
    except KeyError:
        raise HostError(f"The keys are expected in the environment variable {source[4:]}, which is not set.") from None
    except OSError as error:
        raise HostError(f"The key file {source} cannot be read: {error.strerror}.") from error
    except ValueError:
        raise HostError(f"The keys in {source} are not valid JSON.") from None
    if not isinstance(document, dict):
        raise HostError(f'The keys in {source} must be a JSON object such as {{"host.master": "..."}}.')
    return Keys(document)
