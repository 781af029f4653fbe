"""The tables of ``docs/graph.md`` that are Graph's own: attributes and permissions, from what the code says.

``python -m provisioning.admin.document`` writes them there.
"""

from collections.abc import Callable, Iterator, Mapping

from connectors.contract import Feature, ObjectKind
from connectors.graph.attributes import DEFAULTS
from connectors.graph.catalogue import EXTENSION_ATTRIBUTES, MEMBERS, NEVER_CLEARED, REFUSED, WRITABLE, WRITTEN_ONCE
from connectors.graph.permissions import LEAST, SUFFICIENT, Operation
from connectors.graph.verify import NEEDED

_FEATURES = {operation: feature for feature, operations in NEEDED.items() for operation in operations}
_SETTINGS = {
    Operation.READ_USERS: "everything about users and members",
    Operation.READ_GROUPS: "everything about groups",
    Operation.WRITE_USERS: "`create_users`, `update_users`",
    Operation.REVOKE_SESSIONS: "`deactivate_users`, unless `revoke_sessions` is off",
    Operation.RESTORE_USERS: "restoring users; `permanent_delete`",
    Operation.RESTORE_GROUPS: "restoring groups; `permanent_delete`",
    Operation.READ_LICENCES: "`licences`, `licences_by_entitlement`",
    Operation.ASSIGN_LICENCES: "`licences`, `licences_by_entitlement`",
    Operation.READ_DOMAINS: "`federated_domains`; naming a domain that is not verified (optional)",
}
"""When an operation is needed, where that is not one feature alone."""


def attribute_rows() -> Iterator[str]:
    """Yield the table of attributes that can be written, and below it of those that cannot."""
    yield "| of | attribute | form | built-in source in SCIM | notes |"
    yield "| --- | --- | --- | --- | --- |"
    for kind, attributes in WRITABLE.items():
        sources = {mapping.target: mapping.sources for mapping in DEFAULTS[kind].mappings}
        for name, form in attributes.items():
            if name.startswith(f"{EXTENSION_ATTRIBUTES}."):
                continue
            told = ", else ".join(f"`{source}`" for source in sources.get(name, ()))
            yield f"| {kind.lower()} | `{name}` | {form} | {told} | {', '.join(_notes(kind, name))} |"
        if kind is ObjectKind.USER:
            first, *_, last = MEMBERS[EXTENSION_ATTRIBUTES]
            yield f"| user | `{EXTENSION_ATTRIBUTES}.{first}` to `{last}` | text |  |  |"
            yield "| user | `extension_<app id>_<name>`, `ext<8 characters>_<name>.<property>` | as given |  |  |"
    yield ""
    yield "| of | cannot be written | because |"
    yield "| --- | --- | --- |"
    for kind, refused in REFUSED.items():
        for reason in dict.fromkeys(refused.values()):
            names = ", ".join(f"`{name}`" for name, why in refused.items() if why == reason)
            yield f"| {kind.lower()} | {names} | {reason} |"


def _notes(kind: ObjectKind, name: str) -> Iterator[str]:
    if name in NEVER_CLEARED and (kind is ObjectKind.USER or name in {"displayName", "mailNickname"}):
        yield "never cleared"
    if name in WRITTEN_ONCE[kind]:
        yield "at creation only"


def permission_rows() -> Iterator[str]:
    """Yield the table of operations, and of the application permissions that each needs."""
    yield "| needed for | the application must be allowed to | recommended | least privileged | others that suffice |"
    yield "| --- | --- | --- | --- | --- |"
    for operation in Operation:
        recommended, *others = SUFFICIENT[operation]
        least = LEAST.get(operation, recommended)
        rest = ", ".join(f"`{each}`" for each in others if each != least)
        yield f"| {_needed_for(operation)} | {operation} | `{recommended}` | `{least}` | {rest} |"


def _needed_for(operation: Operation) -> str:
    feature: Feature | None = _FEATURES.get(operation)
    return _SETTINGS.get(operation) or (f"`{feature}`" if feature else "")


PARTS: Mapping[str, Callable[[], Iterator[str]]] = {
    "graph-attributes": attribute_rows,
    "graph-permissions": permission_rows,
}
"""Tables by the names that the document has for them."""
