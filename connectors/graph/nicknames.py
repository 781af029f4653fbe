"""mailNickname of users and groups: Graph demands it at creation, so it is made from the name.

Graph takes ASCII without space and ``@ ( ) \\ [ ] " ; : < > ,``, at most 64 characters (reference page of group). We
keep letters, digits and ``. - _``, which every mail system takes.
"""

import re
import secrets
import unicodedata

LONGEST = 64
_FOREIGN = re.compile(r"[^A-Za-z0-9._-]+")
_LETTERS = {"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "đ": "d"}
"""Letters that Unicode does not decompose."""


def user_nickname(user_principal_name: str) -> str:
    """Return the local part of the name in what may stand in a mailNickname. It need not be unique."""
    return _plain(user_principal_name.partition("@")[0], "")[:LONGEST].strip(".") or f"user-{secrets.token_hex(4)}"


def group_nickname(display_name: str) -> str:
    """Return a name with a random tail: among mail-enabled groups it must be unique in the tenant."""
    tail = secrets.token_hex(4)
    plain = _plain(display_name, "-").lower()[: LONGEST - len(tail) - 1].strip(".-_")
    return f"{plain or 'group'}-{tail}"


def _plain(text: str, filling: str) -> str:
    letters = "".join(_LETTERS.get(letter, letter) for letter in text)
    ascii_only = unicodedata.normalize("NFKD", letters).encode("ascii", "ignore").decode()
    return re.sub(r"\.{2,}", ".", _FOREIGN.sub(filling, ascii_only)).strip(".")
