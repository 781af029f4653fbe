"""What "Verify Credentials" reads in the server's schema and root DSE: classes, attributes, extensions."""

from collections.abc import Iterable, Iterator

from connectors.contract import Check, Feature, ObjectKind
from connectors.errors import Misconfigured
from connectors.ldap.defaults import DEFAULTS
from connectors.ldap.directory import GROUP, USER, Directory
from connectors.ldap.passwords import MODIFY_PASSWORD, must_be_encrypted
from connectors.ldap.structure import flaws, unmapped

PAGED_RESULTS = "1.2.840.113556.1.4.319"
_WRITES = {
    USER: frozenset({Feature.CREATE_USERS, Feature.UPDATE_USERS}),
    GROUP: frozenset({Feature.CREATE_GROUPS, Feature.UPDATE_GROUPS}),
}
_IMPORTS = frozenset({Feature.IMPORT_USERS, Feature.IMPORT_GROUPS})


def schema_checks(directory: Directory, features: frozenset[Feature]) -> Iterator[Check]:
    """Look at the classes and attributes that the features write. The schema must be known."""
    for kind in (USER, GROUP):
        if features & _WRITES[kind]:
            yield from _classes(directory, kind, features)
    yield _operational(directory, features)


def offers(directory: Directory, features: frozenset[Feature]) -> Iterator[Check]:
    """Look at the controls and extended operations that the features need, where the server names any."""
    offered = directory.schema.offers
    if features & _IMPORTS and offered and PAGED_RESULTS not in offered:
        detail = "The server does not offer paged results, without which an import ends at its size limit."
        fix = (
            "Turn on the control 1.2.840.113556.1.4.319 on the server, or raise the size limit of the service account."
        )
        yield Check("Paged results", ok=False, detail=detail, fix=fix)
    if Feature.SYNC_PASSWORDS in features:
        yield _password_change(directory)


def _password_change(directory: Directory) -> Check:
    name = "Password change"
    try:
        must_be_encrypted(directory)
    except Misconfigured as error:
        return Check(name, ok=False, detail=str(error), fix=error.fix)
    if MODIFY_PASSWORD in directory.schema.offers:
        return Check(name, ok=True, detail="The server offers the password modify operation (RFC 3062).")
    detail = "The server does not offer the password modify operation; userPassword is written, for the server to hash."
    return Check(name, ok=True, detail=detail)


def _classes(directory: Directory, kind: ObjectKind, features: frozenset[Feature]) -> Iterator[Check]:
    settings, schema, classes = directory.settings, directory.schema, directory.classes(kind)
    name = f"Object classes of {kind.lower()}s"
    unknown = [each for each in classes if not schema.has_class(each)]
    if unknown:
        detail = f"The server's schema has no object class {_listed(unknown)}."
        fix = (
            "Load the schema on the server (OpenLDAP: ldapadd into cn=schema,cn=config), or correct the object classes "
            "in the connection."
        )
        yield Check(name, ok=False, detail=detail, fix=fix)
        return
    if flaw := next(flaws(schema, classes, directory.naming_attribute(kind)), None):
        yield Check(name, ok=False, detail=flaw.detail, fix=flaw.fix)
        return
    if lacking := unmapped(directory, kind):
        detail = f"The object classes demand {_listed(lacking)}, which nothing gives."
        fix = "Map them from something that everybody has, set the ranges of numbers, or choose other object classes."
        yield Check(name, ok=False, detail=detail, fix=fix)
        return
    yield Check(name, ok=True, detail=f"{_listed(classes)}: known.")
    allowed = {alias for each in schema.allowed(classes) for alias in schema.names_of(each)}
    needed = {mapping.target: "is mapped by default" for mapping in DEFAULTS[kind].mappings}
    needed[directory.naming_attribute(kind)] = "names new entries"
    if kind is GROUP and Feature.MANAGE_MEMBERSHIPS in features:
        needed[settings.member_attribute] = "holds the members"
    lacking = [f"{each} ({why})" for each, why in needed.items() if each.lower() not in allowed]
    name = f"Attributes of {kind.lower()}s"
    if lacking:
        fix = "Add an object class that allows them to the connection, or map to other attributes."
        yield Check(name, ok=False, detail=f"The object classes do not allow {_listed(lacking)}.", fix=fix)
    else:
        yield Check(name, ok=True, detail="The object classes allow every attribute of the built-in mappings.")


def _operational(directory: Directory, features: frozenset[Feature]) -> Check:
    """Look whether the server knows the attributes of identity and deactivation."""
    settings, schema = directory.settings, directory.schema
    switch = directory.switch.attributes if Feature.DEACTIVATE_USERS in features else []
    asked = [*switch, settings.id_attribute]
    name = "Deactivation and identity" if switch else "Identity"
    lacking = [each for each in asked if not schema.has_attribute(each)]
    if not lacking:
        return Check(name, ok=True, detail=f"{_listed(asked)}: known.")
    fix = f"Choose another id attribute (entryUUID, nsUniqueId) in place of {settings.id_attribute}."
    if settings.id_attribute not in lacking:
        fix = "Correct the attribute of deactivation in the connection, or add it to the server's schema."
        if settings.deactivation == "password-lock":
            fix = (
                "Turn on the password policy on the server (OpenLDAP: overlay ppolicy), or choose another way of "
                "deactivation in the connection."
            )
    return Check(name, ok=False, detail=f"The server's schema has no attribute {_listed(lacking)}.", fix=fix)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
