"""What a setting may say, and the words for one that says something else. Pure; no value is ever repeated."""

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from urllib.parse import urlsplit

PREFIX = "LOCKSTEP_"
SECRET_PREFIX = "LOCKSTEP_SECRET_"  # noqa: S105 - the beginning of names, no secret

LOCAL_NAMES = frozenset(
    f"{PREFIX}{name}"
    for name in (
        *("PORT", "SCIM_TOKEN", "ADMIN_KEY", "SCIM_URL", "ADMIN_URL", "CA_FILE", "GRAPH_URL", "HOST_KEYS"),
        *("LDAP_URL", "LDAP_ADMIN_DN", "LDAP_ADMIN_PASSWORD", "CRASH_WHOLE", "FUZZ"),
        *("ORGANIZATION", "ENVIRONMENT", "BUDGET_START"),
        *("TEST_ROOT", "TEST_KILL_MARK", "TEST_KILL_STEP", "TEST_KILL_LOG"),
    )
)
"""Names of the local system, of azd (azure.yaml) and of the tests. The hub does not read them, and they are no typos,
except in Azure."""

HTTPS_PORT = 443

ENTRA_AUTHORITIES = ("login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn")
"""The hosts of Microsoft's clouds that issue the tokens sources may show."""

VAULT_DOMAINS = ("vault.azure.net", "vault.azure.cn", "vault.usgovcloudapi.net")
"""The domains of Key Vault: the public cloud, China (21Vianet) and US Government."""

type Origin = tuple[str, int]
"""A host in lower case and its port."""

_HOST = re.compile(r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")
_VAULT_NAME = re.compile(r"[a-z](?:[a-z0-9]|-(?!-)){1,22}[a-z0-9]")

_SCHEDULE = (
    ("second", 0, 59, ()),
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")),
    ("day of the week", 0, 6, ("sun", "mon", "tue", "wed", "thu", "fri", "sat")),
)
_RANGE = re.compile(r"(?P<first>\w+)(?:-(?P<last>\w+))?(?:/(?P<step>[0-9]+))?|\*(?:/(?P<every>[0-9]+))?")


def origins(text: str) -> frozenset[Origin]:
    """Read ``host[:port], ...``; a host without a port means port 443. Raises ``ValueError`` with what to write."""
    found = set()
    for entry in filter(None, (each.strip() for each in text.split(","))):
        match = _HOST.fullmatch(entry)
        port = int(match["port"] or HTTPS_PORT) if match else 0
        if match is None or not 0 < port < 65_536:
            raise ValueError("has an entry that is no host[:port]. Separate them by commas; no https://, no path.")
        found.add((match["host"].lower().strip("[]"), port))
    return frozenset(found)


def _origin(url: str) -> Origin | None:
    """Return where an https URL leads; ``None`` when it is more or less than ``https://HOST[:PORT]``."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or HTTPS_PORT
    except ValueError:
        return None
    more = parts.username is not None or parts.path.strip("/") or parts.query or parts.fragment
    return None if parts.scheme != "https" or not host or more else (host.lower(), port)


def wrong_account(name: str) -> str:
    """Return what is wrong with the name of a storage account, or an empty text."""
    if 3 <= len(name) <= 24 and name.isascii() and name.isalnum() and name == name.lower():
        return ""
    return "is not the name of a storage account: 3 to 24 lower-case letters and digits, no URL."


def wrong_authority(url: str, trusted: Collection[Origin]) -> str:
    """Return what is wrong with the cloud whose tokens sources show, or an empty text."""
    origin = _origin(url)
    if origin is not None and (origin in trusted or origin in {(host, HTTPS_PORT) for host in ENTRA_AUTHORITIES}):
        return ""
    known = ", ".join(f"https://{host}" for host in ENTRA_AUTHORITIES)
    return (
        f"is neither one of Microsoft's clouds ({known}) nor https:// and a host of LOCKSTEP_TRUSTED_HOSTS. "
        "Correct it, or remove it for the public cloud."
    )


def wrong_vault(url: str, trusted: Collection[Origin]) -> str:
    """Return what is wrong with the address of a Key Vault, or an empty text."""
    origin = _origin(url)
    if origin is not None:
        name, _, domain = origin[0].partition(".")
        if origin in trusted or (domain in VAULT_DOMAINS and origin[1] == HTTPS_PORT and _VAULT_NAME.fullmatch(name)):
            return ""
    return (
        "is not the address of a Key Vault. Write https://NAME.vault.azure.net (in a national cloud .vault.azure.cn or "
        ".vault.usgovcloudapi.net), as the vault's overview shows it."
    )


def in_trusted(url: str, trusted: Collection[Origin]) -> bool:
    """Whether a URL leads to a host that the deployment vouches for, rather than to one of Microsoft's."""
    return _origin(url) in trusted


def wrong_schedule(text: str) -> str:
    """Return what is wrong with an NCRONTAB expression of six fields, or an empty text.

    https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
    """
    fields = text.split()
    if len(fields) != len(_SCHEDULE):
        return (
            f"has {len(fields)} fields and must have six: second, minute, hour, day, month, day of the week. "
            "Once a minute is `0 * * * * *`."
        )
    for field, (name, low, high, names) in zip(fields, _SCHEDULE, strict=True):
        if not all(_in_range(part, low, high, names) for part in field.split(",")):
            return f"has a wrong {name}: it goes from {low} to {high}. Once a minute is `0 * * * * *`."
    return ""


def _in_range(part: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    match = _RANGE.fullmatch(part)
    if match is None or any(int(step) == 0 for step in (match["step"], match["every"]) if step):
        return False
    if match["first"] is None:
        return True
    first = _number(match["first"], low, names)
    last = first if match["last"] is None else _number(match["last"], low, names)
    return first is not None and last is not None and low <= first <= last <= high


def _number(word: str, low: int, names: tuple[str, ...]) -> int | None:
    if word.isdecimal() and word.isascii():
        return int(word)
    short = word.lower()[:3]
    return names.index(short) + low if short in names else None


def unknown(names: Iterable[str], known: Collection[str], *, in_azure: bool) -> list[str]:
    """Return what is wrong with names that begin like settings and are none: typos, and settings of other versions."""
    # Without case, as pydantic and the host compare names.
    allowed = {each.upper() for each in known} | (frozenset() if in_azure else LOCAL_NAMES)
    found = []
    for name in sorted(names):
        upper = name.upper()
        if upper.startswith(PREFIX) and not upper.startswith(SECRET_PREFIX) and upper not in allowed:
            ours = [each for each in known if each.startswith(PREFIX)]
            meant = next(iter(get_close_matches(upper, ours, n=1, cutoff=0.8)), "")
            fix = f"Did you mean {meant}?" if meant else "Remove it, or see docs/settings.md for the names."
            found.append(f"{name} is no setting of this version. {fix}")
    return found
