"""What the usual kinds of LDAP directories have in common: classes, how members are held, ranges of numbers.

A profile only sets defaults: every one of its settings can be given by itself.
"""

from collections.abc import Mapping
from typing import Any, Literal

type Profile = Literal["inetOrgPerson", "groupOfUniqueNames", "posix", "posix-rfc2307bis"]

_POSIX_USERS: Mapping[str, Any] = {
    "user_extra_classes": ("posixAccount",),
    "uid_numbers": "10000-59999",
    "gid_numbers": "10000-59999",
}

PROFILES: Mapping[str, Mapping[str, Any]] = {
    "inetOrgPerson": {},
    "groupOfUniqueNames": {"group_class": "groupOfUniqueNames", "member_attribute": "uniqueMember"},
    # RFC 2307, 4: the class of groups is structural, and members are logins.
    "posix": {
        **_POSIX_USERS,
        "group_class": "posixGroup",
        "member_attribute": "memberUid",
        "members_by": "uid",
    },
    # draft-howard-rfc2307bis: posixGroup is auxiliary, and beside it stands a class whose members are DNs.
    "posix-rfc2307bis": {**_POSIX_USERS, "group_class": "groupOfNames", "group_extra_classes": ("posixGroup",)},
}
"""Profile -> what it sets where nothing is given. The first one is what the settings' own defaults say."""
