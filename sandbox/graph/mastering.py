"""What Graph lets nobody write, since another system is the master: AD through a sync, Exchange, or a rule.

Sources: the resource pages of user and group for what is read-only; the texts as administrators report them.
"""

from collections.abc import Iterable

from sandbox.graph.errors import GraphError, bad_request, denied
from sandbox.graph.permissions import ROLE_GROUPS
from sandbox.graph.properties import EXTENSION
from sandbox.graph.state import DirectoryObject, Tenant

IN_THE_CLOUD = frozenset(
    {"ageGroup", "consentProvidedForMinor", "employeeHireDate", "employeeLeaveDateTime", "otherMails"}
    | {"passwordPolicies", "preferredDataLocation", "usageLocation"}
)
"""Properties that Graph writes on a synchronised user too. Background knowledge, beside usageLocation."""


def check_user(user: DirectoryObject, names: Iterable[str]) -> None:
    """Raise 400 where a synchronised user would be written."""
    written = {name for name in names if not name.startswith((EXTENSION, "@odata."))}
    if _synchronised(user) and written - IN_THE_CLOUD:
        raise _mastered_on_premises()
    if user.values.get("onPremisesSyncEnabled") is False and "onPremisesExtensionAttributes" in written:
        # It was synchronised once: Exchange has been the master of these since (resource page of user).
        raise bad_request(
            "Unable to update the specified properties for objects that have originated within an external service."
        )


def check_group(group: DirectoryObject) -> None:
    """Raise 400 where a group is synchronised, or kept by Exchange."""
    if _synchronised(group):
        raise _mastered_on_premises()
    if group.values.get("mailEnabled") and "Unified" not in (group.values.get("groupTypes") or ()):
        raise bad_request("Cannot Update a mail-enabled security groups and or distribution list.")


def check_members(tenant: Tenant, group: DirectoryObject) -> None:
    """Raise where nobody may add or remove members: as for the group itself, and in a dynamic group."""
    check_group(group)
    if is_dynamic(group.values.get("groupTypes")):
        raise denied()
    if group.values.get("isAssignableToRole") and not tenant.knobs.permissions & ROLE_GROUPS:
        raise denied()


def is_dynamic(types: object) -> bool:
    """Whether a rule says who is a member. The simulator does not work the rule out."""
    return isinstance(types, list) and "DynamicMembership" in types


def _synchronised(thing: DirectoryObject) -> bool:
    return thing.values.get("onPremisesSyncEnabled") is True


def _mastered_on_premises() -> GraphError:
    return bad_request(
        "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects "
        "currently undergoing migration."
    )
