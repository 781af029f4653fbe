"""Passwords: how one is sent; and first ones for new accounts, made, sent once, forgotten."""

import secrets
import string

LENGTH = 32
"""Entra ID takes 8 to 256 characters, three of four classes (password policies, Entra ID)."""

SYMBOLS = "!#$%&*+-=?@^_~"
_CLASSES = (string.ascii_uppercase, string.ascii_lowercase, string.digits, SYMBOLS)


def new_password() -> str:
    """Return a random password with at least two characters of every class."""
    characters = [secrets.choice(each) for each in _CLASSES for _ in range(2)]
    characters += [secrets.choice("".join(_CLASSES)) for _ in range(LENGTH - len(characters))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)


def profile(password: str, *, must_change: bool) -> dict[str, str | bool]:
    """Return the passwordProfile that sets a password."""
    return {"password": password, "forceChangePasswordNextSignIn": must_change}
