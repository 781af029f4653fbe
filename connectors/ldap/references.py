"""DNs that point at accounts: found for remote ids, and kept right when an account is renamed, moved or deleted.

Servers with referential integrity (OpenLDAP's refint and memberof overlays, 389's plugin) do this themselves, at once
or a moment later; the others leave dead DNs. So the connector looks for entries that still point at the old DN, and
corrects them; where the server was faster there is nothing to find.
"""

from connectors.contract import Reference
from connectors.errors import NotFound, Rejected
from connectors.ldap.directory import GROUP, USER, Directory
from connectors.ldap.holding import LOGIN
from connectors.ldap_client.library import MODIFY_ADD, MODIFY_DELETE
from connectors.ldap_client.names import equals
from connectors.ldap_client.results import (
    NO_SUCH_ATTRIBUTE,
    NO_SUCH_OBJECT,
    OBJECT_CLASS_VIOLATION,
    SUCCESS,
    VALUE_EXISTS,
)


def reference_dn(directory: Directory, attribute: str, reference: Reference) -> str:
    """Return the DN a reference stands for. Raises ``Rejected`` where nobody has that id."""
    try:
        return directory.locate(reference.kind, reference.remote_id, ["1.1"]).dn
    except NotFound as absent:
        raise Rejected(
            f"{attribute} points at a {reference.kind} that is not in the directory.",
            code="ldap.referenceMissing",
            fix="It is written when that account has been provisioned; check that it is in scope.",
            attribute=attribute,
        ) from absent


def repoint_former(directory: Directory, former: str, new: str) -> None:
    """Make what points at a DN that the entry ``new`` once had point at it, unless somebody else has that DN now."""
    if directory.session.read(former, ["1.1"]) is None:
        repoint(directory, former, new)


def repoint(directory: Directory, old: str, new: str | None) -> None:
    """Make every entry that points at ``old`` point at ``new``, or at nobody."""
    settings = directory.settings
    places = [] if settings.holds_logins else [(settings.member_attribute, base) for base in directory.bases(GROUP)]
    places += [(name, base) for name in settings.reference_attributes for base in directory.bases(USER)]
    for attribute, base in places:
        for holder in list(directory.session.search(base, equals(attribute, old), ["1.1"])):
            _replace(directory, holder.dn, attribute, old, new)


def repoint_login(directory: Directory, owner: str, old: str, new: str | None) -> None:
    """Make groups that hold the login ``old`` of the account ``owner`` hold ``new``, or nobody.

    Where somebody else has that login by now, it is theirs and left alone.
    """
    settings = directory.settings
    for user in directory.find(USER, equals(LOGIN, old), [settings.id_attribute, LOGIN], 2):
        if directory.id_of(user).lower() != owner.lower() and old in user.values(LOGIN):
            return
    for base in directory.bases(GROUP):
        for holder in list(directory.session.search(base, equals(settings.member_attribute, old), ["1.1"])):
            _replace(directory, holder.dn, settings.member_attribute, old, new)


def _replace(directory: Directory, holder: str, attribute: str, old: str, new: str | None) -> None:
    add, delete = (MODIFY_ADD, [(new or "").encode()]), (MODIFY_DELETE, [old.encode()])
    if new is not None:
        if directory.session.try_modify(holder, {attribute: [add, delete]}).code == SUCCESS:
            return
        # Half of it may be so already, because the server corrects it at this moment, too.
        result = directory.session.try_modify(holder, {attribute: [add]})
        if result.code not in (SUCCESS, VALUE_EXISTS, NO_SUCH_OBJECT):
            raise directory.session.error_of(result)
    result = directory.session.try_modify(holder, {attribute: [delete]})
    if result.code == OBJECT_CLASS_VIOLATION and attribute == directory.settings.member_attribute:
        placeholder = (MODIFY_ADD, [directory.settings.placeholder.encode()])
        result = directory.session.try_modify(holder, {attribute: [placeholder, delete]})
    if result.code not in (SUCCESS, NO_SUCH_ATTRIBUTE, NO_SUCH_OBJECT):
        raise directory.session.error_of(result)
