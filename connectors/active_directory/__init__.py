"""The connector for Active Directory Domain Services: one domain, through the LDAP of its domain controllers.

``domain`` and ``directory`` know the domain and where accounts are; ``accounts`` (both kinds), ``users``,
``passwords``, ``recycling``, ``groups`` and ``memberships`` are the verbs, ``reading`` the import. ``templates``,
``placement``, ``addresses``, ``times`` and ``identifiers`` are pure. Requests go through ``connectors.ldap_client``;
what answers mean is in ``dialect``.
"""

from connectors.active_directory.connector import ActiveDirectoryConnector
from connectors.active_directory.settings import ActiveDirectorySettings

__all__ = ["ActiveDirectoryConnector", "ActiveDirectorySettings"]
