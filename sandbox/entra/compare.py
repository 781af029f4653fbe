"""What should stand in a target, what stands there, and the differences in words. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from sandbox.entra.people import Tenant


@dataclass(frozen=True, slots=True)
class Standing:
    """One user as a system has it. ``manager`` is the manager's user name. Empty: the attribute is not there."""

    user_name: str
    display_name: str = ""
    given_name: str = ""
    family_name: str = ""
    title: str = ""
    department: str = ""
    employee_number: str = ""
    manager: str = ""
    active: bool = True


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that concerns the play in one system: users by lower-case user name, groups by name to user names."""

    users: Mapping[str, Standing]
    groups: Mapping[str, frozenset[str]]

    def groups_of(self, user_name: str) -> int:
        """Count the groups that a user is in."""
        return sum(user_name.lower() in members for members in self.groups.values())


def wanted(tenant: Tenant) -> Picture:
    """Draw what every target should show for a tenant."""
    people = tenant.people
    users = {
        person.user_name.lower(): Standing(
            user_name=person.user_name,
            display_name=person.display_name,
            given_name=person.given_name,
            family_name=person.family_name,
            title=person.title,
            department=person.department,
            employee_number=person.employee_number,
            manager=people[person.manager].user_name if person.manager else "",
            active=person.active,
        )
        for person in people.values()
    }
    groups = {
        name: frozenset(people[key].user_name.lower() for key in members) for name, members in tenant.groups.items()
    }
    return Picture(users, groups)


def wrong_fields(want: Standing, have: Standing) -> Iterator[str]:
    """Name each field that differs, with both values."""
    for field in fields(Standing):
        expected, found = getattr(want, field.name), getattr(have, field.name)
        if field.name in {"user_name", "manager"}:
            expected, found = expected.lower(), found.lower()
        if expected != found:
            label = field.name.replace("_", " ")
            yield f"{label} is {_shown(found)}, wanted {_shown(expected)}"


def differences(want: Picture, have: Picture) -> list[str]:
    """Say in words what is missing, too much or other than wanted; an empty list means that both agree."""
    found: list[str] = []
    for key, standing in want.users.items():
        if key not in have.users:
            found.append(f"{standing.user_name} is missing")
        else:
            found.extend(f"{standing.user_name}: {words}" for words in wrong_fields(standing, have.users[key]))
    found.extend(f"{have.users[key].user_name} should be gone" for key in have.users.keys() - want.users.keys())
    for name, members in want.groups.items():
        if name not in have.groups:
            found.append(f"group {name} is missing")
            continue
        found.extend(f"group {name}: {member} is not a member" for member in sorted(members - have.groups[name]))
        found.extend(f"group {name}: {member} should not be in it" for member in sorted(have.groups[name] - members))
    found.extend(f"group {name} should be gone" for name in sorted(have.groups.keys() - want.groups.keys()))
    return found


def _shown(value: str | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f'"{value}"' if value else "empty"
