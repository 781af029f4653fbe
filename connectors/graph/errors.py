"""The table from Graph's answers to the error tree. Pure.

| answer                                                    | becomes                                                |
| ---                                                       | ---                                                    |
| details[].code ObjectConflict, ConflictingObjects; 409    | AlreadyExists, with the property                       |
| a code of ``_PASSING``; 408, 423, 429, 5xx                | Unavailable; sent writes of 5xx may have happened      |
| a code of ``_FULL``                                       | Misconfigured: the tenant's quota is used up           |
| 404                                                       | NotFound                                               |
| 401, 3xx                                                  | Misconfigured                                          |
| 403 without the permission that the operation needs       | Misconfigured, naming the permission                   |
| 403 with it                                               | Rejected: this object is protected                     |
| any other 4xx                                             | Rejected, with the property where Graph names it       |
"""

from dataclasses import dataclass

from connectors.errors import AlreadyExists, ConnectorError, Misconfigured, NotFound, Rejected, Unavailable
from connectors.graph.permissions import Operation, allows, grant, lacking
from connectors.graph.reply import Reply

CONFLICTS = frozenset({"ObjectConflict", "ConflictingObjects", "Request_MultipleObjectsWithSameKeyValue"})
_PASSING = frozenset(
    {
        "Directory_ConcurrencyViolation",
        "Directory_BindingRedirection",
        "Directory_ReplicaUnavailable",
        "Directory_CallTimeout",
        "Service_Unavailable",
        "Request_ThrottledTemporarily",
    }
)
"""Codes of 4xx answers that are about the moment, not about the object."""

_FULL = frozenset({"Directory_QuotaExceeded", "Directory_ObjectQuotaExceeded"})


@dataclass(frozen=True, slots=True)
class Context:
    """What was asked: the operation, whether it writes, what it is about, and what the token permits (if known)."""

    operation: Operation
    subject: str
    writes: bool = False
    granted: frozenset[str] | None = None


def error_of(reply: Reply, context: Context) -> ConnectorError:
    """Return the error that a refusing answer means."""
    codes = {reply.code, *(code for code, _ in reply.details)} - {""}
    told = _told(reply)
    if conflicts := codes & CONFLICTS or (reply.status == 409 and not codes & _PASSING):
        target = next((target for code, target in reply.details if code in CONFLICTS and target), None)
        return AlreadyExists(
            f"Another object holds the same {target or 'name'} as {context.subject}.{told}",
            code=f"graph.{min(conflicts) if isinstance(conflicts, set) else reply.code or 409}",
            fix="If it is the same person or group, match by this attribute; else rename one of the two.",
            attribute=target,
        )
    if codes & _FULL:
        return Misconfigured(
            f"The tenant's quota of directory objects is used up.{told}",
            code=f"graph.{reply.code}",
            fix="Delete objects that nobody needs, or have the quota raised by Microsoft.",
        )
    if codes & _PASSING or reply.status in {408, 423, 429} or reply.status >= 500:
        return _unavailable(reply, context, told)
    return _refused(reply, context, told)


def _unavailable(reply: Reply, context: Context, told: str) -> Unavailable:
    throttled = reply.status == 429
    what = "Microsoft Graph limits the rate of requests." if throttled else "Microsoft Graph cannot answer now."
    return Unavailable(
        f"{what}{told}",
        code="graph.throttled" if throttled else f"graph.{reply.code or reply.status}",
        fix="Nothing to do: it is tried again. If it stays so, look at the Microsoft 365 service health.",
        retry_after=reply.retry_after,
        may_have_happened=context.writes and reply.status >= 500,
    )


def _refused(reply: Reply, context: Context, told: str) -> ConnectorError:
    code = f"graph.{reply.code or reply.status}"
    match reply.status:
        case 404:
            return NotFound(f"There is no {context.subject} in the tenant.{told}", code=code)
        case 401:
            return Misconfigured(
                f"Microsoft Graph does not accept the access token.{told}",
                code=code,
                fix="Check that tenant, authority and Graph address belong together, and that the application is "
                "enabled in the tenant.",
            )
        case 403 if context.granted is None or not allows(context.granted, context.operation):
            return Misconfigured(
                f"{lacking(context.granted, context.operation)}{told}", code=code, fix=grant(context.operation)
            )
        case 403:
            return Rejected(
                f"Microsoft Graph protects {context.subject}: the application may {context.operation}, but not here."
                f"{told}",
                code=code,
                fix="The account or group holds an administrator role, or is role-assignable or restricted. Give the "
                "application an Entra role that may manage it, or take the object out of scope.",
            )
        case status if 300 <= status < 400:
            return Misconfigured(
                f"The Graph address answers with a redirection, which is never followed.{told}",
                code=code,
                fix="Correct the Graph address; it ends with the version, as in https://graph.microsoft.com/v1.0.",
            )
    target = next((target for _, target in reply.details if target), None)
    return Rejected(
        f"Microsoft Graph refuses {f'the value of {target}' if target else 'the request'} for {context.subject}.{told}",
        code=code,
        fix="Correct the value in the source or the mapping; the request id helps Microsoft's support."
        if target
        else "Look at the values that were sent; the request id helps Microsoft's support.",
        attribute=target,
    )


def _told(reply: Reply) -> str:
    codes = [reply.code, *(f"{code} ({target})" if target else code for code, target in reply.details)]
    words = ", ".join(dict.fromkeys(word for word in codes if word))
    request = f", request-id {reply.request_id}" if reply.request_id else ""
    return f" [{reply.status} {words}{request}]" if words else f" [{reply.status}{request}]"
