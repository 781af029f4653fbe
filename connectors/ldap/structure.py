"""Whether object classes fit together and with what is mapped, by the server's own schema (RFC 4512, 2.4 and 4.1)."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from connectors.contract import ObjectKind
from connectors.errors import ConnectorError, Rejected
from connectors.ldap.defaults import DEFAULTS
from connectors.ldap.directory import USER, Directory
from connectors.ldap_client.schema import Schema


@dataclass(frozen=True, slots=True)
class Flaw:
    """What does not fit, and what to do about it."""

    detail: str
    fix: str


def flaws(schema: Schema, classes: Collection[str], naming: str) -> Iterator[Flaw]:
    """Yield what is wrong with the classes of new entries, which the schema is known to have."""
    structural = [name for name in classes if kind_of_class(schema, name) == "Structural"]
    if not structural:
        yield Flaw(
            f"None of {', '.join(classes)} is a structural class, and every entry has one.",
            "Add the structural class to the object classes of the connection, such as inetOrgPerson or groupOfNames.",
        )
        return
    lowest = max(structural, key=lambda name: len(schema.lineage(name)))
    for name in structural:
        if name.lower() not in schema.lineage(lowest):
            yield Flaw(
                f"{name} and {lowest} are both structural, and an entry has one structural class only.",
                f"Leave {name} or {lowest} out; further classes must be auxiliary.",
            )
    yield from _content(schema, classes, lowest)
    form = schema.name_forms.get(lowest.lower())
    if form is not None:
        names = [*(form.must_contain or ()), *(form.may_contain or ())]
        if naming.lower() not in {alias for name in names for alias in schema.names_of(name)}:
            yield Flaw(
                f"Entries of the class {lowest} are named by {', '.join(names)} here, not by {naming}.",
                "Choose the naming attribute that the server's name form demands.",
            )


def _content(schema: Schema, classes: Iterable[str], lowest: str) -> Iterator[Flaw]:
    rule = schema.content_rules.get(lowest.lower())
    if rule is None:
        return
    permitted = {alias for name in rule.auxiliary_classes or () for alias in schema.lineage(name)}
    for name in classes:
        if kind_of_class(schema, name) == "Auxiliary" and name.lower() not in permitted:
            yield Flaw(
                f"The server's content rule for {lowest} does not permit the auxiliary class {name}.",
                f"Leave {name} out, or have it added to the content rule on the server.",
            )


def kind_of_class(schema: Schema, name: str) -> str:
    """Return ``Structural``, ``Auxiliary`` or ``Abstract``; nothing said is structural (RFC 4512, 4.1.1)."""
    info = schema.classes.get(name.lower())
    return str(info.kind or "Structural").capitalize() if info else "Structural"


def missing(schema: Schema, classes: Iterable[str], given: Iterable[str]) -> list[str]:
    """Return the attributes that the classes demand and that are not given, by whichever of their names."""
    names = {alias for name in given for alias in schema.names_of(name)}
    demanded = (name for name in schema.demanded(classes) if name != "objectclass")
    return sorted(name for name in demanded if not schema.names_of(name) & names)


def unmapped(directory: Directory, kind: ObjectKind) -> list[str]:
    """Return the attributes that the classes demand and that neither a built-in mapping nor a setting gives."""
    settings = directory.settings
    given = {mapping.target for mapping in DEFAULTS[kind].mappings} | {directory.naming_attribute(kind)}
    if kind is USER:
        given |= {"cn", "sn", *directory.switch.attributes}
        given |= {"uidNumber", "gidNumber", "homeDirectory", "loginShell"} if settings.uid_numbers else set()
    else:
        given |= {settings.member_attribute} | ({"gidNumber"} if settings.gid_numbers else set())
    return missing(directory.schema, directory.classes(kind), given)


def in_words(directory: Directory, kind: ObjectKind, refused: ConnectorError, given: Iterable[str]) -> ConnectorError:
    """Return an error that names the attribute for which an entry was refused, where the schema tells which."""
    classes, schema = directory.classes(kind), directory.schema
    if not isinstance(refused, Rejected) or refused.code != "ldap.objectClassViolation" or not schema.known:
        return refused
    lacking = missing(schema, classes, given)
    if lacking:
        return Rejected(
            f"{refused} The object classes demand {', '.join(lacking)}.",
            code=refused.code,
            fix="Map these attributes from something that everybody has, or choose other object classes.",
            attribute=lacking[0],
        )
    for flaw in flaws(schema, [name for name in classes if schema.has_class(name)], directory.naming_attribute(kind)):
        return Rejected(f"{refused} {flaw.detail}", code=refused.code, fix=flaw.fix)
    return refused
