"""Which of Microsoft's clouds issues the tokens that sources show, and what they say of themselves there. Pure."""

from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Authority:
    """Where signing keys are read, and the issuers of the cloud's tokens; ``{tenant}`` stands for the tenant's id."""

    url: str
    v1_issuer: str
    v2_issuer: str

    @classmethod
    def chosen(cls, url: str, trusted_hosts: str = "") -> Self:
        """Return the authority of a URL: one of Microsoft's clouds, or a host that the deployment trusts.

        ``trusted_hosts`` is the value of LOCKSTEP_TRUSTED_HOSTS: a proxy or a simulator named there stands for the
        public cloud, so its tokens carry the public cloud's issuers. Raises ``ValueError`` with what to do.
        """
        parts = urlsplit(url)
        host = parts.netloc.lower()
        if parts.scheme != "https" or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(f"LOCKSTEP_ENTRA_AUTHORITY must be https://HOST[:PORT]; one of {_KNOWN}.")
        trusted = {each.strip().lower() for each in trusted_hosts.split(",") if each.strip()}
        if host not in _CLOUDS and host not in trusted:
            raise ValueError(
                f"LOCKSTEP_ENTRA_AUTHORITY: {host} is not one of Microsoft's clouds ({_KNOWN}), and "
                "LOCKSTEP_TRUSTED_HOSTS does not name it."
            )
        v1_host, v2_host = _CLOUDS.get(host, _CLOUDS[_PUBLIC])
        return cls(f"https://{host}", f"https://{v1_host}/{{tenant}}/", f"https://{v2_host}/{{tenant}}/v2.0")

    def issuers(self, tenant: str) -> tuple[str, str]:
        """Return the issuers of a tenant's tokens: of version 1.0 and of version 2.0."""
        return self.v1_issuer.format(tenant=tenant), self.v2_issuer.format(tenant=tenant)

    def key_urls(self, tenant: str) -> tuple[str, str]:
        """Return where a tenant's signing keys are, those of version 2.0 first: they are nearly always the same."""
        return f"{self.url}/{tenant}/discovery/v2.0/keys", f"{self.url}/{tenant}/discovery/keys"


_PUBLIC = "login.microsoftonline.com"
_CLOUDS = {
    _PUBLIC: ("sts.windows.net", _PUBLIC),
    "login.microsoftonline.us": ("sts.windows.net", "login.microsoftonline.us"),
    "login.partner.microsoftonline.cn": ("sts.chinacloudapi.cn", "login.partner.microsoftonline.cn"),
}
"""Hosts of the authorities, with the hosts of their issuers of version 1.0 and 2.0."""
_KNOWN = ", ".join(_CLOUDS)

PUBLIC_CLOUD = Authority.chosen(f"https://{_PUBLIC}")
