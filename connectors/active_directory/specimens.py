"""The throw-away user and group of a trial."""

from collections.abc import Mapping

from connectors.active_directory.directory import GROUP, USER, Directory
from connectors.contract import Match, ObjectKind
from connectors.trial import Specimen, trial_name


def specimens(directory: Directory) -> Mapping[ObjectKind, Specimen]:
    """Return both. Their logon names are what the domain knows them by, whatever their common name becomes."""
    suffix = (directory.settings.upn_suffixes or (directory.domain.dns_name,))[0]
    return {kind: _specimen(kind, suffix) for kind in (USER, GROUP)}


def _specimen(kind: ObjectKind, suffix: str) -> Specimen:
    name, later = trial_name(), trial_name()
    attributes = {"cn": name, "sAMAccountName": name}
    if kind is USER:
        attributes["userPrincipalName"] = f"{name}@{suffix}"
    return Specimen(Match(kind, "sAMAccountName", name), attributes, {"description": "Lockstep's trial"}, {"cn": later})
