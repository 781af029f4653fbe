"""Draws tables for the terminal: what Entra wanted beside what stands in each target, and the newest of the report."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from sandbox.entra.compare import Picture, Standing, wrong_fields


def people_table(want: Picture, targets: Mapping[str, Picture]) -> Table:
    """One row for each user that is wanted or stands somewhere."""
    table = Table(title="People, with the number of their groups", title_justify="left", title_style="bold")
    table.add_column("What Entra wants")
    for name in targets:
        table.add_column(f"What stands in {name}")
    everybody = dict.fromkeys(key for picture in (want, *targets.values()) for key in picture.users)
    for key in everybody:
        wanted = want.users.get(key)
        cells = [Text(_person(wanted, want)) if wanted else Text("nobody", style="dim")]
        cells += [_stands(key, wanted, want, picture) for picture in targets.values()]
        table.add_row(*cells)
    return table


def groups_table(want: Picture, targets: Mapping[str, Picture]) -> Table:
    """One row for each group that is wanted or stands somewhere: how many members, red where the wrong ones."""
    table = Table(title="Groups", title_justify="left", title_style="bold")
    table.add_column("Group")
    table.add_column("Entra wants", justify="right")
    for name in targets:
        table.add_column(name, justify="right")
    for group in dict.fromkeys(group for picture in (want, *targets.values()) for group in picture.groups):
        wanted = want.groups.get(group)
        cells = [Text(group), Text(_members(wanted))]
        for picture in targets.values():
            have = picture.groups.get(group)
            cells.append(Text(_members(have), style="green" if have == wanted else "bold red"))
        table.add_row(*cells)
    return table


def report_table(entries: Sequence[Mapping[str, Any]]) -> Table:
    """The newest report entries, as ``GET /api/reports`` gives them."""
    table = Table(title="The last report entries", title_justify="left", title_style="bold")
    for heading in ("When (UTC)", "Connection", "Action", "Status", "Whom", "What"):
        table.add_column(heading)
    styles = {"success": "green", "failure": "bold red", "waiting": "yellow", "skipped": "dim"}
    for entry in entries:
        whom = entry["name"] or entry["remote_name"]
        if entry["member_id"]:
            whom = f"{entry['member_name'] or entry['member_remote_id']} in {whom}"
        status = Text(entry["status"], style=styles.get(entry["status"], ""))
        when = str(entry["when"])[11:19]
        table.add_row(when, entry["connection"], entry["action"], status, Text(whom), Text(_what(entry)))
    return table


def differences_table(differences: Mapping[str, Sequence[str]]) -> Table:
    """Every difference in words."""
    table = Table(title="Differences", title_justify="left", title_style="bold red")
    table.add_column("Target")
    table.add_column("What is wrong")
    for target, found in differences.items():
        for words in found:
            table.add_row(target, Text(words))
    return table


def _stands(key: str, wanted: Standing | None, want: Picture, picture: Picture) -> Text:
    have = picture.users.get(key)
    if have is None:
        return Text("nobody", style="green" if wanted is None else "bold red")
    right = (
        wanted is not None
        and not any(wrong_fields(wanted, have))
        and picture.groups_of(have.user_name) == want.groups_of(have.user_name)
    )
    return Text(_person(have, picture), style="green" if right else "bold red")


def _person(standing: Standing, picture: Picture) -> str:
    state = "" if standing.active else ", disabled"
    title, department = standing.title or "no title", standing.department or "no department"
    name, groups = standing.display_name or standing.user_name, picture.groups_of(standing.user_name)
    return f"{name}, {title}, {department} ({groups}){state}"


def _members(members: frozenset[str] | None) -> str:
    return "none such" if members is None else str(len(members))


def _what(entry: Mapping[str, Any]) -> str:
    if entry["reason"]:
        return str(entry["reason"])
    return ", ".join(
        f"{name}: {_value(change['old'])} → {_value(change['new'])}" for name, change in entry["changes"].items()
    )


def _value(value: str | None) -> str:
    return "empty" if value is None or value == "" else str(value)
