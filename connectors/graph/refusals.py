"""Why Graph refuses to change an object that the application may change: looked up once it has refused, and said.

Groups and users that another system writes (directory synchronisation, Exchange, a membership rule) are left alone.
"""

from collections.abc import Collection, Mapping
from typing import Any

from connectors.contract import ObjectKind
from connectors.errors import Rejected
from connectors.graph.client import GraphClient
from connectors.graph.errors import CONFLICTS
from connectors.graph.permissions import Operation
from connectors.graph.reply import Reply

USER, GROUP = ObjectKind.USER, ObjectKind.GROUP

_PLACES = {USER: "/users", GROUP: "/groups"}
_SELECT = {
    USER: "id,onPremisesSyncEnabled,assignedPlans",
    GROUP: "id,onPremisesSyncEnabled,groupTypes,mailEnabled,isAssignableToRole",
}
_READ = {USER: Operation.READ_USERS, GROUP: Operation.READ_GROUPS}


async def why_refused(
    client: GraphClient,
    kind: ObjectKind,
    remote_id: str,
    reply: Reply,
    *,
    names: Collection[str] = (),
    members: bool = False,
) -> Rejected | None:
    """Return the reason for which an answer refuses a change of this object, ``None`` where the object tells none.

    ``remote_id`` is an object id. ``names`` are the properties that were to be written; ``members``: it was the members
    of a group. One read, and only for the answers that can have such a reason (400, 403).
    """
    if reply.status not in {400, 403} or any(code in CONFLICTS for code, _ in reply.details):
        return None
    look = await client.send("GET", f"{_PLACES[kind]}/{remote_id}", query={"$select": _SELECT[kind]})
    if not look.ok or not isinstance(look.body, dict):
        return None
    if "mail" in names and has_mailbox(look.body):
        return Rejected(
            f"The mail address of user {remote_id} belongs to a mailbox; Graph only shows it.",
            code="graph.mailboxAddress",
            fix="Take mail out of the mapping: Exchange makes the address from the userPrincipalName and its policies.",
            attribute="mail",
        )
    return reason(kind, remote_id, look.body, members=members)


def reason(kind: ObjectKind, remote_id: str, thing: Mapping[str, Any], *, members: bool = False) -> Rejected | None:
    """Return why an object as Graph shows it cannot be changed, ``None`` where nothing stands against it. Pure."""
    if thing.get("onPremisesSyncEnabled") is True:
        return synchronised(kind, remote_id)
    if kind is USER:
        return None
    types = thing.get("groupTypes") or ()
    if members and "DynamicMembership" in types:
        return Rejected(
            f"The members of group {remote_id} follow a rule in Entra ID; nobody can be added or removed.",
            code="graph.dynamicGroup",
            fix="Change the rule in Entra ID, make the group an assigned one, or take the group out of scope.",
            attribute="members",
        )
    if thing.get("mailEnabled") is True and "Unified" not in types:
        return Rejected(
            f"Group {remote_id} is a distribution list or a mail-enabled security group, which Graph only shows.",
            code="graph.mailEnabledGroup",
            fix="Change it in Exchange, use a security or Microsoft 365 group instead, or take the group out of scope.",
        )
    if thing.get("isAssignableToRole") is True:
        return Rejected(
            f"Group {remote_id} can hold administrator roles; only privileged applications may change it.",
            code="graph.roleAssignableGroup",
            fix="Grant RoleManagement.ReadWrite.Directory to the application if it is to manage such groups, or take "
            "the group out of scope.",
        )
    return None


def synchronised(kind: ObjectKind, remote_id: str) -> Rejected:
    """Return the refusal of an object that directory synchronisation writes."""
    return Rejected(
        f"{kind} {remote_id} comes from Active Directory by synchronisation, and is left alone here.",
        code="graph.onPremisesSynced",
        fix="Change it in Active Directory: by a connection to the domain. Or take the object out of scope here.",
    )


def has_mailbox(thing: Mapping[str, Any]) -> bool:
    """Whether a user as Graph shows it has a plan of Exchange that is switched on."""
    plans = [each for each in thing.get("assignedPlans") or () if isinstance(each, dict)]
    return any(each.get("service") == "exchange" and each.get("capabilityStatus") == "Enabled" for each in plans)
