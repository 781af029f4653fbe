"""The connector for LDAP directories (RFC 4511): OpenLDAP, 389 Directory Server, OpenDJ and their kin.

``directory`` knows where accounts are; ``accounts``, ``memberships``, ``references``, ``activation`` and ``passwords``
are the verbs, and ``imports`` -> ``pages`` -> ``slices`` the reading of changes. ``profiles``, ``posix`` and
``numbers`` are what POSIX accounts have beside; ``structure`` holds classes against the server's schema.
Requests go through ``connectors.ldap_client``.
"""

from connectors.ldap.connector import LdapConnector
from connectors.ldap.settings import LdapSettings

__all__ = ["LdapConnector", "LdapSettings"]
