"""The one place where ldap3 is imported: what the connector uses of it.

ldap3 2.9.1 is silent about types in places and loud about pyasn1's old names; both end here.
"""

import warnings

with warnings.catch_warnings():
    # ldap3 imports names that pyasn1 0.6 calls deprecated; nothing an operator could do about it.
    warnings.simplefilter("ignore", DeprecationWarning)
    from ldap3 import (
        BASE,
        DEREF_NEVER,
        LEVEL,
        MODIFY_ADD,
        MODIFY_DELETE,
        MODIFY_REPLACE,
        NONE,
        SIMPLE,
        SUBTREE,
        SYNC,
        Connection,
        Server,
        Tls,
    )
    from ldap3.core.exceptions import (
        LDAPCommunicationError,
        LDAPException,
        LDAPResponseTimeoutError,
        LDAPSocketOpenError,
        LDAPSocketSendError,
        LDAPStartTLSError,
    )
    from ldap3.protocol.rfc4512 import AttributeTypeInfo, ObjectClassInfo
    from ldap3.protocol.rfc4527 import post_read_control
    from ldap3.utils.conv import escape_filter_chars
    from ldap3.utils.dn import escape_rdn

__all__ = [
    "BASE",
    "DEREF_NEVER",
    "LEVEL",
    "MODIFY_ADD",
    "MODIFY_DELETE",
    "MODIFY_REPLACE",
    "NONE",
    "SIMPLE",
    "SUBTREE",
    "SYNC",
    "AttributeTypeInfo",
    "Connection",
    "LDAPCommunicationError",
    "LDAPException",
    "LDAPResponseTimeoutError",
    "LDAPSocketOpenError",
    "LDAPSocketSendError",
    "LDAPStartTLSError",
    "ObjectClassInfo",
    "Server",
    "Tls",
    "escape_filter_chars",
    "escape_rdn",
    "post_read_control",
]
