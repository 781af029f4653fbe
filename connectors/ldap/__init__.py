"""The connector for LDAP directories (RFC 4511): OpenLDAP, 389 Directory Server, OpenDJ and their kin.

``directory`` knows where accounts are; ``accounts``, ``memberships``, ``references`` and ``activation`` are the verbs.
Requests go through ``connectors.ldap_client``.
"""

from connectors.ldap.connector import LdapConnector
from connectors.ldap.settings import LdapSettings

__all__ = ["LdapConnector", "LdapSettings"]
