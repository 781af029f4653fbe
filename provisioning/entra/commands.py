"""The commands: what is read, shown, asked and written, in this order. Each returns its exit code."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from provisioning.entra import backup
from provisioning.entra.errors import EntraError, GraphRefused, NotInStep, Unusable
from provisioning.entra.file import MappingFile, load
from provisioning.entra.file_text import dump
from provisioning.entra.graph import Graph, Job, read_object
from provisioning.entra.mappings import Managed
from provisioning.entra.missing import missing
from provisioning.entra.plan import Plan, compare
from provisioning.entra.schema import fingerprint, merge, places, read
from provisioning.entra.validation import validate

IN_STEP, FAILED, CHANGES = 0, 1, 2

RESET_SCOPE = "Watermark, Escrows, QuarantineState"
"""What "Restart provisioning" in the admin center resets."""
RESET_SCOPES = ("Escrows", "Watermark", "QuarantineState", "ForceDeletes", "Full")


@dataclass(frozen=True, slots=True)
class Live:
    """A job's schema as it stands in Entra, byte for byte and read."""

    job: Job
    content: bytes
    schema: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """What tells it from any other state."""
        return fingerprint(self.schema)


def fetch(graph: Graph, job: Job) -> Live:
    """Read a job's schema."""
    content = graph.schema_text(job.id)
    return Live(job, content, read_object(content, "The synchronization schema"))


def say(text: str = "") -> None:
    """Write a line to the terminal."""
    sys.stdout.write(f"{text}\n")


def checked(path: Path, *, fatal: bool = True) -> MappingFile:
    """Read and check a file, and show what is wrong in it. Raises ``Unusable`` when it cannot be applied."""
    found = load(path)
    readable = found.usable
    if readable:
        validate(found)
    for problem in sorted(found.problems, key=lambda problem: problem.line):
        sys.stderr.write(f"{problem.shown(path)}\n")
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
    say(f"To apply exactly this: apply {path} --expect {live.fingerprint}")
    return CHANGES


def take_backup(graph: Graph, job: Job, folder: Path, output: Path | None = None) -> int:
    """``backup``: the schema, byte for byte, into a file."""
    say(f"Backup: {_save(graph, fetch(graph, job), folder, output)}")
    return IN_STEP


def apply(
    graph: Graph, job: Job, path: Path, *, folder: Path, yes: bool, expect: str = "", reset_scope: str = ""
) -> int:
    """``apply``: plan, ask, back up, write, read back."""
    wanted = checked(path).managed
    live = fetch(graph, job)
    if expect and live.fingerprint != expect:
        raise NotInStep(f"The schema is {live.fingerprint}, and the plan was made for {expect}. Plan again.")
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
    if _plain(wanted) == _plain(live.schema):
        say("The schema is the backup's already.")
        return IN_STEP
    plan = compare(read(live.schema), read(wanted))
    for line in plan.lines():
        say(line)
    if not plan.changes:
        say("What changes is not managed by files: definitions, rules or metadata.")
    gone = [place.key for place in places(live.schema) if place.key not in read(wanted)]
    if gone:
        say(f"DANGER: the backup has no object mapping for {', '.join(gone)}.")
    _replace(graph, live, _without_annotations(wanted), None, folder=folder, yes=yes)
    say(_AFTERWARDS)
    return IN_STEP


_AFTERWARDS = (
    "Entra looks at everybody again in its next cycles, since the mappings changed. A manager or member who came into\n"
    "scope is sent after a restart only: run apply again with --restart, or Restart provisioning in the admin center."
)


def _plan(live: Live, wanted: Managed) -> Plan:
    lacking = missing(live.schema, wanted)
    if lacking:
        raise Unusable("\n".join(lacking))
    return compare(read(live.schema, wanted), wanted)


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
    _confirm("Write this to Entra?", yes=yes)
    now = fetch(graph, live.job)
    if now.fingerprint != live.fingerprint:
        raise NotInStep("Somebody has changed the schema in Entra meanwhile. Nothing was written: plan again.")
    say(f"Backup: {_save(graph, now, folder)}")
    try:
        graph.put_schema(live.job.id, new)
    except GraphRefused as error:
        if 400 <= error.status < 500:
            raise
        raise NotInStep(f"{error} Whether the schema was written is not known: plan again.") from None
    written = fetch(graph, live.job)
    left = compare(read(written.schema, wanted), read(new, wanted))
    if left.changes:
        lines = "\n".join(left.lines())
        raise NotInStep(
            f"Entra took the schema, and something else stands in it now. What is still to be done:\n{lines}\n"
            "Look at it in the admin center; the backup above puts back what was there."
        )
    if _plain(written.schema) != _plain(new):
        say("Entra has written parts that no file manages in a form of its own.")
    say(f"Done: the schema is {written.fingerprint}")


def _restart(graph: Graph, job: Job, reset_scope: str, *, yes: bool) -> None:
    say(f"Restart of job {job.id}, resetting {reset_scope}: Entra reads and sends everybody in scope again.")
    if {"Full", "ForceDeletes"} & {word.strip() for word in reset_scope.split(",")}:
        say("DANGER: Full forgets which object is which; ForceDeletes carries out the deletions that were held.")
    _confirm("Restart the job?", yes=yes)
    graph.restart(job.id, reset_scope)
    say("Restarted.")


def _confirm(question: str, *, yes: bool, ask: Callable[[], str] | None = None) -> None:
    if yes:
        return
    sys.stdout.write(f"{question} Only 'yes' is taken: ")
    sys.stdout.flush()
    answer = (ask or sys.stdin.readline)()
    if answer.strip() != "yes":
        raise EntraError("Not confirmed; nothing was written.")


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


def _plain(schema: dict[str, Any]) -> str:
    """Return all of a schema but what Entra counts up itself, for comparing."""
    plain = {name: value for name, value in _without_annotations(schema).items() if name != "version"}
    for each in plain.get("directories") or []:
        if not isinstance(each, dict):
            raise GraphRefused("The synchronization schema has directories of an unknown form.")
    directories = [
        {name: value for name, value in each.items() if name not in ("version", "discoveryDateTime")}
        for each in plain.get("directories") or []
    ]
    return json.dumps(plain | {"directories": directories}, sort_keys=True, ensure_ascii=False)


def _without_annotations(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if not name.startswith("@odata.")}
