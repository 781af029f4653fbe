"""A plain connection to the domain controller, to look behind what the hub says and to play its administrator."""

import ssl

from connectors.ldap_client.library import Connection, Server
from connectors.ldap_client.tls import VerifiedTls
from sandbox.samba import ADMINISTRATOR, LDAPS_PORT, Samba


def connect(samba: Samba, account: str = ADMINISTRATOR, password: str | None = None) -> Connection:
    """Return a connection over LDAPS, verified and bound. Raises ldap3's errors."""
    context = ssl.create_default_context(cafile=str(samba.certificates.ca))
    server = Server(samba.address, LDAPS_PORT, use_ssl=True, tls=VerifiedTls(context, samba.address))
    return Connection(server, account, password or samba.admin_password, auto_bind=True)
