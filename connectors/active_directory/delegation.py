"""How a right is given to the service account, in the words of Microsoft's own consoles. Pure."""

from enum import StrEnum

_CONSOLE = "Active Directory Users and Computers"


class Task(StrEnum):
    """Tasks as the Delegation of Control Wizard calls them."""

    USERS = "Create, delete, and manage user accounts"
    PASSWORDS = "Reset user passwords and force password change at next logon"
    GROUPS = "Create, delete and manage groups"
    MEMBERS = "Modify the membership of a group"


def delegate(place: str, *tasks: Task) -> str:
    """Return where to click so that the service account may do tasks in a place and below."""
    chosen = " and ".join(f"'{task}'" for task in tasks)
    return f"Delegate it to the service account: {_CONSOLE}, right-click {place}, Delegate Control, {chosen}."


def delegate_units(place: str) -> str:
    """Return where to click so that the service account may create organizational units."""
    return (
        f"Delegate it to the service account: {_CONSOLE}, right-click {place}, Delegate Control, 'Create a custom task "
        "to "
        "delegate', Organizational Unit objects, 'Create selected objects in this folder'; or turn off 'Create missing "
        "OUs' in the connection."
    )


def allow(right: str, place: str) -> str:
    """Return where to click so that the service account has one named right on an object."""
    return (
        f"Allow the service account '{right}' on {place}: {_CONSOLE} with View, Advanced Features; Properties, "
        "Security, "
        "Add."
    )


def list_deleted(container: str) -> str:
    """Return which commands let the service account read deleted objects."""
    return (
        f'As a domain administrator: dsacls "{container}" /takeownership, then dsacls "{container}" /G '
        "<service account>:LCRP."
    )


DIRSYNC_RIGHT = "Replicating Directory Changes"
REANIMATE_RIGHT = "Reanimate tombstones"
PROTECTED = (
    "Accounts of administrators are protected and do not inherit it (adminCount 1, AdminSDHolder): leave them out of "
    "scope."
)


def no_dirsync(base: str) -> str:
    """Return in words that changes may not be read by DirSync."""
    return f"The service account has no right '{DIRSYNC_RIGHT}' on {base}."


def grant_dirsync(base: str) -> str:
    """Return where to click for it."""
    return f"{allow(DIRSYNC_RIGHT, base)} Or set 'Import by' of the connection to auto."
