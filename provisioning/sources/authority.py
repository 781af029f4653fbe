"""Which of Microsoft's clouds issues the tokens that sources show, and what they say of themselves there. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from provisioning.setting_rules import HTTPS_PORT, Origin, wrong_authority


@dataclass(frozen=True, slots=True)
class Authority:
    """Where signing keys are read, and the issuers of the cloud's tokens; ``{tenant}`` stands for the tenant's id."""

    url: str
    v1_issuer: str
    v2_issuer: str

    @classmethod
    def chosen(cls, url: str, trusted: Collection[Origin] = ()) -> Self:
        """Return the authority of a URL: one of Microsoft's clouds, or a host that the deployment trusts.

        A proxy or a simulator among the ``trusted`` stands for the public cloud, so its tokens carry the public
        cloud's issuers. Raises ``ValueError`` with what to do.
        """
        if wrong := wrong_authority(url, trusted):
            raise ValueError(f"LOCKSTEP_ENTRA_AUTHORITY {wrong}")
        host = urlsplit(url).netloc.lower().removesuffix(f":{HTTPS_PORT}")
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

PUBLIC_CLOUD = Authority.chosen(f"https://{_PUBLIC}")
