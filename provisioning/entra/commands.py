"""The commands: what is read, shown, asked and written, in this order. Each returns its exit code."""

import hashlib
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from provisioning.entra import backup
from provisioning.entra.errors import EntraError, NotInStep, Unusable
from provisioning.entra.file import MappingFile, load
from provisioning.entra.file_text import dump
from provisioning.entra.graph import Graph, Job, read_object
from provisioning.entra.live import Live, fetch, plain, put
from provisioning.entra.mappings import Managed
from provisioning.entra.missing import missing
from provisioning.entra.plan import Plan, compare
from provisioning.entra.schema import merge, places, read, without_annotations
from provisioning.entra.terminal import say
from provisioning.entra.unmanaged import dangers, differences
from provisioning.entra.validation import validate

IN_STEP, FAILED, CHANGES = 0, 1, 2

RESET_SCOPE = "Watermark, Escrows, QuarantineState"
"""What "Restart provisioning" in the admin center resets."""
RESET_SCOPES = ("Escrows", "Watermark", "QuarantineState", "ForceDeletes", "Full")


def checked(path: Path, *, fatal: bool = True) -> MappingFile:
    """Read and check a file, and show what is wrong in it. Raises ``Unusable`` when it cannot be applied."""
    found = load(path)
    readable = found.usable
    if readable:
        validate(found)
    for problem in sorted(found.problems, key=lambda problem: problem.line):
        say(problem.shown(path), error=True)
    if not found.usable and (fatal or not readable):
        raise Unusable(f"{path} has errors; nothing was done.")
    return found


def check_file(path: Path) -> int:
    """``validate``: look at a file without asking Entra."""
    found = checked(path)
    count = sum(len(mapping.attributes) for mapping in found.managed.values())
    say(f"{path}: {len(found.managed)} objects, {count} attribute mappings, no errors.")
    return IN_STEP


def show(graph: Graph, job: Job, output: Path | None) -> int:
    """``show`` and ``export``: what is managed of the schema, as a file has it."""
    text = dump(read(fetch(graph, job).schema))
    if output is None:
        sys.stdout.write(text)
        return IN_STEP
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Unusable(f"{output} cannot be written: {error.strerror}.") from None
    say(f"Written: {output}")
    return IN_STEP


def show_plan(graph: Graph, job: Job, path: Path) -> int:
    """``plan``: what ``apply`` would do."""
    found = checked(path, fatal=False)
    live = fetch(graph, job)
    plan = _plan(live, found.managed)
    _print_plan(live, plan)
    if not plan.changes:
        return IN_STEP
    if not found.usable:
        raise Unusable(f"{path} has errors; apply would refuse it.")
    say(f"To apply exactly this: apply {path} --expect {_approval(live, found.managed)}")
    return CHANGES


def take_backup(graph: Graph, job: Job, folder: Path, output: Path | None = None) -> int:
    """``backup``: the schema, byte for byte, into a file."""
    say(f"Backup: {_save(graph, fetch(graph, job), folder, output)}")
    return IN_STEP


def apply(
    graph: Graph, job: Job, path: Path, *, folder: Path, yes: bool, expect: str | None = None, reset_scope: str = ""
) -> int:
    """``apply``: plan, ask, back up, write, read back."""
    wanted = checked(path).managed
    live = fetch(graph, job)
    if expect is not None and expect != _approval(live, wanted):
        raise NotInStep("The file or the schema in Entra is not what it was when this plan was made. Plan again.")
    plan = _plan(live, wanted)
    _print_plan(live, plan)
    if plan.changes:
        merged = merge(live.schema, wanted, lambda text: graph.parse_expression(job.id, text))
        _replace(graph, live, merged, wanted, folder=folder, yes=yes)
        if not reset_scope:
            say(_AFTERWARDS)
    if reset_scope:
        _restart(graph, job, reset_scope, yes=yes)
    return IN_STEP


def restore(graph: Graph, job: Job, saved: backup.Backup, *, folder: Path, yes: bool, force: bool) -> int:
    """``restore``: put a backup back as it was taken."""
    if (saved.job, saved.service_principal) != (job.id, graph.service_principal) and not force:
        raise Unusable(
            f"The backup was taken of job {saved.job} of service principal {saved.service_principal}, and this is job "
            f"{job.id} of {graph.service_principal}. With --force it is put there all the same."
        )
    live = fetch(graph, job)
    wanted = read_object(saved.schema, "The backup's schema")
    if force and live.schema.get("id") is not None:
        wanted["id"] = live.schema["id"]
    say(f"Backup of {saved.taken}, job {saved.job}.")
    say(f"Schema of job {job.id}: {live.fingerprint}")
    if plain(wanted) == plain(live.schema):
        say("The schema is the backup's already.")
        return IN_STEP
    _print_restore(live.schema, wanted)
    _replace(graph, live, without_annotations(wanted), None, folder=folder, yes=yes)
    say(_AFTERWARDS)
    return IN_STEP


def _print_restore(live: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Show all that a restore changes, also what no file manages."""
    for line in compare(read(live), read(wanted)).lines():
        say(line)
    besides = dict(differences(live, wanted))
    if besides:
        say("Besides, of what no file manages:")
    for line in list(besides.values())[:_MOST_LINES]:
        say(line)
    if len(besides) > _MOST_LINES:
        say(f"  and {len(besides) - _MOST_LINES} more")
    for danger in dangers(list(besides)):
        say(f"DANGER: {danger}")
    before, after = ([place.key for place in places(schema)] for schema in (live, wanted))
    for key in before:
        if key not in after:
            say(f"DANGER: {key}: the backup has no such object mapping. Nothing of this kind is synchronized any more.")
    for key in after:
        if key not in before:
            say(f"DANGER: {key}: the job has no such object mapping now. Everything of this kind in scope is sent.")


_MOST_LINES = 200


_AFTERWARDS = (
    "Entra looks at everybody again in its next cycles, since the mappings changed. A manager or member who came into\n"
    "scope is sent after a restart only: run apply again with --restart, or Restart provisioning in the admin center."
)


def _plan(live: Live, wanted: Managed) -> Plan:
    lacking = missing(live.schema, wanted)
    if lacking:
        raise Unusable("\n".join(lacking))
    return compare(read(live.schema, wanted), wanted)


def _approval(live: Live, wanted: Managed) -> str:
    """Return what stands for one plan: the schema as it is, and what the file wants."""
    return f"sha256:{hashlib.sha256(f'{live.fingerprint}\n{dump(wanted)}'.encode()).hexdigest()}"


def _print_plan(live: Live, plan: Plan) -> None:
    say(f"Job {live.job.id} ({live.job.template}, {live.job.state}), schema {live.fingerprint}")
    if not plan.changes:
        say("No changes: Entra has what the file says.")
        return
    for line in plan.lines():
        say(line)


def _replace(graph: Graph, live: Live, new: dict[str, Any], wanted: Managed | None, *, folder: Path, yes: bool) -> None:
    """Ask, look whether the schema is still what was shown, back it up, write, and read back.

    ``wanted`` says which definitions are of interest; without it those of extensions.
    """
    _confirm("Write this to Entra?", "Not confirmed; nothing was written.", yes=yes)
    now = fetch(graph, live.job)
    if now.fingerprint != live.fingerprint:
        raise NotInStep("Somebody has changed the schema in Entra meanwhile. Nothing was written: plan again.")
    say(f"Backup: {_save(graph, now, folder)}")
    written = put(graph, now, new, wanted)
    left = compare(read(written.schema, wanted), read(new, wanted))
    if left.changes:
        lines = "\n".join(left.lines())
        raise NotInStep(
            f"Entra took the schema, and something else stands in it now. What is still to be done:\n{lines}\n"
            "Look at it in the admin center; the backup above puts back what was there."
        )
    if plain(written.schema) != plain(new):
        say("Entra has written parts that no file manages in a form of its own.")
    say(f"Done: the schema is {written.fingerprint}")


def _restart(graph: Graph, job: Job, reset_scope: str, *, yes: bool) -> None:
    say(f"Restart of job {job.id}, resetting {reset_scope}: Entra reads and sends everybody in scope again.")
    if {"Full", "ForceDeletes"} & {word.strip() for word in reset_scope.split(",")}:
        say("DANGER: Full forgets which object is which; both carry out the deletions that were held back.")
    if job.state in ("Paused", "NotRun"):
        say(f"DANGER: the job is {job.state}. A restart starts it: everybody in scope is sent, leavers included.")
    _confirm("Restart the job?", "Not confirmed; the job was not restarted.", yes=yes)
    graph.restart(job.id, reset_scope)
    say("Restarted.")


def _confirm(question: str, declined: str, *, yes: bool) -> None:
    if yes:
        return
    sys.stdout.write(f"{question} Only 'yes' is taken: ")
    sys.stdout.flush()
    if sys.stdin.readline().strip() != "yes":
        raise EntraError(declined)


def _save(graph: Graph, live: Live, folder: Path, output: Path | None = None) -> Path:
    taken = datetime.now(UTC)
    path = output or folder / backup.file_name(live.job.id, taken)
    saved = backup.Backup(
        service_principal=graph.service_principal,
        job=live.job.id,
        template=live.job.template,
        tenant=backup.tenant_of(live.job.id),
        graph=graph.addresses.graph,
        taken=taken.isoformat(),
        schema=live.content,
    )
    backup.write(saved, path)
    return path
