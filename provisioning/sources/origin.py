"""Where a call came from, for the log only: nobody is let in or kept out by it. Pure."""

import ipaddress
from collections.abc import Mapping


def origin(headers: Mapping[str, str]) -> str:
    """Return the address that the platform saw, or ``-``.

    App Service appends the address of whoever it took the call from to ``X-Forwarded-For``; what stands before it was
    written by the caller.
    """
    last = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    host = last.partition("]")[0].lstrip("[") if last.startswith("[") else last
    if host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return "-"
