"""Shows what runs where, and writes the same for a shell."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sandbox.azurite import Azurite
from sandbox.registration import Target
from sandbox.slapd import ADMIN, SUFFIX
from sandbox.system import System


def environment(system: System) -> dict[str, str]:
    """Return what ``.local/env`` holds: the choices, which the next start reads, and where things are."""
    choices = system.choices
    found = {
        "LOCKSTEP_PORT": str(choices.port),
        "LOCKSTEP_SCIM_TOKEN": choices.scim_token,
        "LOCKSTEP_ADMIN_KEY": choices.admin_key,
        "LOCKSTEP_SCIM_URL": choices.scim_url,
        "LOCKSTEP_ADMIN_URL": f"{choices.base_url}/api",
        "LOCKSTEP_CA_FILE": str(system.ca),
        "LOCKSTEP_GRAPH_URL": f"{system.graph_origin}/v1.0",
    }
    if isinstance(system.azurite, Azurite):
        found["AzureWebJobsStorage"] = system.azurite.connection_string
    if system.slapd:
        found["LOCKSTEP_LDAP_URL"] = f"ldaps://localhost:{system.slapd.ldaps_port}"
        found["LOCKSTEP_LDAP_ADMIN_DN"] = ADMIN
        found["LOCKSTEP_LDAP_ADMIN_PASSWORD"] = system.slapd.admin_password
    return found


def show(console: Console, system: System, targets: Sequence[Target], version: str, local: Path) -> None:
    """Print the table, what could not be verified, and two commands to go on with."""
    choices = system.choices
    table = Table(title=f"Lockstep {version}", title_justify="left", title_style="bold", show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("SCIM (Tenant URL)", choices.scim_url)
    table.add_row("SCIM token", Text(choices.scim_token))
    table.add_row("Admin API", f"{choices.base_url}/api")
    table.add_row("Admin key", Text(choices.admin_key))
    if system.slapd:
        table.add_row("LDAP directory", f"ldaps://localhost:{system.slapd.ldaps_port}  {SUFFIX}, administrator {ADMIN}")
    table.add_row("Graph simulator", f"{system.graph_origin}/v1.0  state: {system.graph_origin}/_simulator/state")
    if isinstance(system.azurite, Azurite):
        azurite = system.azurite
        ports = f"table {azurite.table_port}, queue {azurite.queue_port}, blob {azurite.blob_port}"
        table.add_row("Storage (Azurite)", f"127.0.0.1, ports: {ports}")
    table.add_row("All of this, for a shell", str(local / "env"))
    table.add_row("Logs", str(system.folder / "logs"))
    console.print(table)
    for target in targets:
        if target.problems:
            console.print(f"[bold red]Connection {target.id} is not right:[/] " + " ".join(target.problems))
        else:
            console.print(f"Connection [bold]{target.id}[/] ({target.name}) is [green]verified and enabled[/].")
    for kind, why in system.missing.items():
        console.print(f"[yellow]There is no {kind} target here:[/] {why}", highlight=False)
    lines = (
        f". {local / 'env'}",
        'curl -H "Authorization: Bearer $LOCKSTEP_SCIM_TOKEN" "$LOCKSTEP_SCIM_URL/Users?count=3"',
        'curl -H "x-functions-key: $LOCKSTEP_ADMIN_KEY" "$LOCKSTEP_ADMIN_URL/health"',
    )
    for line in lines:
        console.print(f"    {line}", highlight=False, markup=False, soft_wrap=True)
