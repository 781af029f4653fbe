"""The connector for LDAP directories (RFC 4511): OpenLDAP, 389 Directory Server, OpenDJ and their kin.

``settings`` and ``names`` are pure; ``opening`` -> ``session`` -> ``pool`` carry requests; ``directory`` knows where
accounts are; ``accounts``, ``memberships``, ``references`` and ``activation`` are the verbs; ``results`` and ``tls``
put failures into words. ldap3 comes in through ``library`` alone, and with this package only.
"""

from connectors.ldap.connector import LdapConnector
from connectors.ldap.settings import LdapSettings

__all__ = ["LdapConnector", "LdapSettings"]
