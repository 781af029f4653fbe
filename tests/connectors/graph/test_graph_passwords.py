"""First passwords: strong enough for every policy, and never the same."""

import string

from connectors.graph.passwords import LENGTH, SYMBOLS, new_password


def test_a_password_has_every_class_of_characters_and_is_long() -> None:
    for _ in range(500):
        password = new_password()
        assert len(password) == LENGTH >= 24
        for characters in (string.ascii_uppercase, string.ascii_lowercase, string.digits, SYMBOLS):
            assert sum(each in characters for each in password) >= 2
        assert set(password) <= set(string.ascii_letters + string.digits + SYMBOLS)


def test_no_two_passwords_are_alike() -> None:
    made = {new_password() for _ in range(1000)}
    assert len(made) == 1000
    # No place in it is fixed: every position sees many characters.
    assert all(len({password[place] for password in made}) > 30 for place in range(LENGTH))
