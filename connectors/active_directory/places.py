"""Where a user stands in the tree: into which unit a new one goes, units that are made, renames and moves."""

from collections.abc import Mapping

from connectors.active_directory.directory import Directory
from connectors.active_directory.naming import LONGEST_COMMON_NAME, free_common_name, is_numbered, user_dn
from connectors.active_directory.placement import Placement, place_of, unit_dns
from connectors.errors import AlreadyExists, Misconfigured, NotFound, Rejected
from connectors.ldap_client.names import build_rdn, parse_dn, parse_known_dn


def placement_of(directory: Directory) -> Placement:
    """Return the parsed expression of the settings."""
    return Placement.parse(directory.settings.user_placement)


def place(directory: Directory, values: Mapping[str, str]) -> str:
    """Return the DN of the unit where a user with these values (by lower-case names) belongs."""
    return ([directory.settings.user_base, *_units(directory, values)])[-1]


def make_units(directory: Directory, values: Mapping[str, str]) -> None:
    """Make the units of a user's place that are not there, if the settings allow it. Raises ``Rejected``."""
    base = directory.settings.user_base
    if directory.session.read(base, ["1.1"]) is None:
        raise Misconfigured(
            f"There is no organizational unit {base}.",
            code="ad.placeMissing",
            fix="Create it, or correct the user OU of the connection.",
        )
    for dn in _units(directory, values):
        if directory.session.read(dn, ["1.1"]) is not None:
            continue
        if not directory.settings.create_units:
            raise Rejected(
                f"The user belongs into {dn}, which is not there.",
                code="ad.unitMissing",
                fix="Create this organizational unit, turn on 'Create missing OUs', or correct the user's attributes.",
            )
        try:
            directory.session.add(dn, ["organizationalUnit"], {}, "objectGUID")
        except AlreadyExists:
            continue  # another job was faster
        except Misconfigured as refused:
            raise Rejected(
                f"The user belongs into {dn}, which cannot be created: {refused}",
                code="ad.unitRefused",
                fix="Delegate the right to create organizational units to the service account, or create this one.",
            ) from refused


def is_put_away(directory: Directory, dn: str) -> bool:
    """Whether the user stands in the unit of deactivated users."""
    base = directory.settings.inactive_base
    return base is not None and parse_known_dn(dn).is_under(parse_dn(base))


def settle(directory: Directory, dn: str, *, name: str | None = None, parent: str | None = None) -> str:
    """Rename a user, or move it, or both at once; return its DN.

    A numbered name is kept when its number still tells apart whom the settings let be numbered, so that the same
    update twice does nothing the second time.
    """
    old = parse_known_dn(dn)
    held = old.rdn[0][1]
    may_number = directory.settings.cn_taken == "number"
    stays = parent is None or parse_dn(parent).normal == parse_dn(old.parent).normal
    if name is None or (name != held and may_number and folded_number(held, name)):
        name = held
    where = old.parent if stays or parent is None else parent
    if stays and name == held:
        return dn
    try:
        return _rename(directory, dn, name, None if stays else where, where)
    except AlreadyExists:
        if not may_number:
            raise
    return _rename(directory, dn, free_common_name(directory, name, where), None if stays else where, where)


def folded_number(held: str, wanted: str) -> bool:
    """Whether a name is a numbered form of the wanted one, and not merely the wanted one in another case."""
    return held.casefold() != wanted.casefold() and is_numbered(held, wanted, LONGEST_COMMON_NAME, " ")


def _rename(directory: Directory, dn: str, name: str, new_parent: str | None, where: str) -> str:
    try:
        directory.session.rename(dn, build_rdn((("CN", name),)), parent=new_parent)
    except NotFound:
        # The answer does not tell which of both is not there: the user, or the place to move to.
        if new_parent is None or directory.session.read(dn, ["1.1"]) is None:
            raise
        raise Misconfigured(
            f"There is no organizational unit {new_parent} to move users to.",
            code="ad.placeMissing",
            fix="Create it, or correct the OUs of the connection.",
        ) from None
    return user_dn(name, where)


def _units(directory: Directory, values: Mapping[str, str]) -> list[str]:
    settings = directory.settings
    fallback = Placement.parse(settings.user_placement_fallback)
    return list(unit_dns(place_of(placement_of(directory), fallback, values), settings.user_base))
