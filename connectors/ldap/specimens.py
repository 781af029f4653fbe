"""The throw-away user and group of a trial: what the object classes of the connection demand, and no more."""

from collections.abc import Mapping

from connectors.contract import Match, ObjectKind
from connectors.ldap.directory import GROUP, USER, Directory
from connectors.ldap.structure import missing
from connectors.trial import Specimen, trial_name

_NUMBERS = {"uidnumber", "gidnumber"}
_MADE = {USER: ("cn", "sn", "homeDirectory", "loginShell", *_NUMBERS), GROUP: tuple(_NUMBERS)}
"""What the connector itself gives to a new entry."""


def specimens(directory: Directory) -> Mapping[ObjectKind, Specimen]:
    """Return both."""
    return {kind: _specimen(directory, kind) for kind in (USER, GROUP)}


def _specimen(directory: Directory, kind: ObjectKind) -> Specimen:
    naming, name, later = directory.naming_attribute(kind), trial_name(), trial_name()
    given = [naming, *_MADE[kind], directory.settings.member_attribute]
    lacking = missing(directory.schema, directory.classes(kind), given) if directory.schema.known else []
    # Where a class wants more, a text may do; if not, the server's refusal tells what it wants.
    attributes = {naming: name, **dict.fromkeys(lacking, name)}
    attribute = "description" if "description" in directory.schema.allowed(directory.classes(kind)) else "sn"
    return Specimen(Match(kind, naming, name), attributes, {attribute: "Lockstep's trial"}, {naming: later})
