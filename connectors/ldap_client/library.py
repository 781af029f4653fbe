"""The one place where ldap3 is imported: what the connector uses of it.

ldap3 2.9.1 is silent about types in places and loud about pyasn1's old names; both end here.
"""

import warnings
from typing import Any

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
        LDAPSocketReceiveError,
        LDAPSocketSendError,
        LDAPStartTLSError,
    )
    from ldap3.core.results import RESULT_CODES
    from ldap3.operation import bind, extended
    from ldap3.protocol.rfc4512 import (
        AttributeTypeInfo,
        DitContentRuleInfo,
        DitStructureRuleInfo,
        NameFormInfo,
        ObjectClassInfo,
    )
    from ldap3.strategy import sync
    from ldap3.utils import asn1
    from ldap3.utils.conv import escape_filter_chars
    from ldap3.utils.dn import escape_rdn


class _Codes(dict[int, str]):
    def __missing__(self, code: int) -> str:
        return f"code{code}"


# Codes that ldap3 has no name for (RFC 4511, 4.1.9 leaves room for them) are answers, too, and no KeyError.
for _reader in (asn1, bind, extended):
    vars(_reader)["RESULT_CODES"] = _Codes(RESULT_CODES)

SyncStrategy: Any = sync.SyncStrategy
decode_message_fast: Any = asn1.decode_message_fast
"""ldap3's strategies and decoder have no types."""

__all__ = [
    "BASE",
    "DEREF_NEVER",
    "LEVEL",
    "MODIFY_ADD",
    "MODIFY_DELETE",
    "MODIFY_REPLACE",
    "NONE",
    "RESULT_CODES",
    "SIMPLE",
    "SUBTREE",
    "SYNC",
    "AttributeTypeInfo",
    "Connection",
    "DitContentRuleInfo",
    "DitStructureRuleInfo",
    "LDAPCommunicationError",
    "LDAPException",
    "LDAPResponseTimeoutError",
    "LDAPSocketOpenError",
    "LDAPSocketReceiveError",
    "LDAPSocketSendError",
    "LDAPStartTLSError",
    "NameFormInfo",
    "ObjectClassInfo",
    "Server",
    "SyncStrategy",
    "Tls",
    "decode_message_fast",
    "escape_filter_chars",
    "escape_rdn",
]
