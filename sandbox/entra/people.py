"""Who exists in the played tenant: its people, its groups, and how they change. Pure; no request is known here."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from uuid import NAMESPACE_DNS, UUID, uuid5

from sandbox.state import DOMAIN


@dataclass(frozen=True, slots=True)
class Person:
    """One user of the tenant. ``key`` is the mailNickname at hiring: Entra's externalId, and it never changes.

    ``manager`` is the key of another person. ``title`` and ``department`` are empty where they were cleared.
    """

    key: str
    user_name: str
    given_name: str
    family_name: str
    title: str
    department: str
    employee_number: str
    manager: str | None = None
    active: bool = True

    @property
    def display_name(self) -> str:
        """What Entra maps to displayName: given and family name."""
        return f"{self.given_name} {self.family_name}"


@dataclass(frozen=True, slots=True)
class Tenant:
    """What Entra wants to stand everywhere: ``people`` by key, ``groups`` as display name to the keys of the members.

    Every change gives a new tenant, so that a play may keep the one it started from.
    """

    people: Mapping[str, Person]
    groups: Mapping[str, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))

    def with_person(self, person: Person) -> "Tenant":
        """Put a changed person in the place of the one with the same key."""
        return replace(self, people={**self.people, person.key: person})

    def without(self, key: str) -> "Tenant":
        """Hard-delete one person, who leaves every group and is nobody's manager any more."""
        people = {
            other.key: replace(other, manager=None) if other.manager == key else other
            for other in self.people.values()
            if other.key != key
        }
        return replace(self, people=people, groups={name: keys - {key} for name, keys in self.groups.items()})

    def without_member(self, group: str, key: str) -> "Tenant":
        """Take one person out of one group."""
        return replace(self, groups={**self.groups, group: self.groups[group] - {key}})


def object_id(name: str) -> UUID:
    """Return the Entra object id of a group or person of this tenant: the same in every play."""
    return uuid5(NAMESPACE_DNS, f"{name}.{DOMAIN}")


# A user principal name may hold an apostrophe, and then it stands in filters too.
_USER_NAMES = {"sosullivan": "siobhan.o'sullivan"}

# key, given name, family name, title, department, manager. The first has no manager; managers come before their staff.
_STAFF = """
imarchetti  Ines      Marchetti         Managing Director     Management    -
sosullivan  Siobhán   O'Súilleabháin    Head of Engineering   Engineering   imarchetti
zdaubigne   Zoë       D'Aubigné-Müller  Head of Risk          Risk          imarchetti
thalvorsen  Tor       Halvorsen         Head of Sales         Sales         imarchetti
nkapoor     Nisha     Kapoor            Head of Finance       Finance       imarchetti
mokafor     Mira      Okafor            Analyst               Risk          zdaubigne
jyoung      Jonah     Young             Analyst               Risk          zdaubigne
pvasquez    Paloma    Vasquez           Senior Analyst        Risk          zdaubigne
ebrandt     Elke      Brandt            Auditor               Risk          zdaubigne
rsingh      Ravi      Singh             Developer             Engineering   sosullivan
ldubois     Lucie     Dubois            Developer             Engineering   sosullivan
awexler     Aaron     Wexler            Developer             Engineering   sosullivan
ytanaka     Yuki      Tanaka            Tester                Engineering   sosullivan
kmbeki      Kagiso    Mbeki             Operator              Engineering   sosullivan
dnovak      Dana      Novak             Operator              Engineering   sosullivan
fcosta      Filipe    Costa             Architect             Engineering   sosullivan
ghaugen     Grete     Haugen            Account Manager       Sales         thalvorsen
omensah     Osei      Mensah            Account Manager       Sales         thalvorsen
cbianchi    Carla     Bianchi           Account Manager       Sales         thalvorsen
vpetrov     Vera      Petrov            Sales Assistant       Sales         thalvorsen
hlindqvist  Hugo      Lindqvist         Sales Assistant       Sales         thalvorsen
bquinn      Bridget   Quinn             Controller            Finance       nkapoor
schowdhury  Samir     Chowdhury         Accountant            Finance       nkapoor
wkeller     Wanda     Keller            Accountant            Finance       nkapoor
xmorel      Xavier    Morel             Accountant            Finance       nkapoor
"""


def northwind() -> Tenant:
    """Return the tenant before anything has changed: 25 people with managers, and four groups."""
    people: dict[str, Person] = {}
    for number, line in enumerate(_STAFF.strip().splitlines(), start=70401):
        key, given, family, *title, department, manager = line.split()
        people[key] = Person(
            key=key,
            user_name=f"{_USER_NAMES.get(key, key)}@{DOMAIN}",
            given_name=given,
            family_name=family,
            title=" ".join(title),
            department=department,
            employee_number=str(number),
            manager=None if manager == "-" else manager,
        )

    def of(*departments: str) -> frozenset[str]:
        return frozenset(key for key, person in people.items() if person.department in departments)

    groups = {
        "All Staff": frozenset(people),
        "Engineering": of("Engineering"),
        "Risk, Audit & Compliance": of("Risk"),
        'The "Front Office"': of("Sales", "Finance"),
    }
    return Tenant(people, groups)
