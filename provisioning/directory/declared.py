"""Where declared matching attributes stand, and how far their jobs are.

Table ``schemas``, partition ``matching``, one row for each. The cursor and the counts are in the row: a job that dies
is taken up where the row says, not where a message says.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from connectors.contract import ObjectKind
from provisioning.directory.indexing import MOST_DECLARED, Declared, Indexing, IndexState
from provisioning.directory.recent import Recent
from provisioning.storage import entities
from provisioning.storage.entities import Entity, Operation, etag_of
from provisioning.storage.store import Storage

TABLE = "schemas"
PARTITION = "matching"
CACHE_SECONDS = 10.0
"""How long another instance may still work with what was declared before a change here."""
SETTLE = timedelta(seconds=CACHE_SECONDS + 110)
"""How long a job waits for a change to be known: every instance's cache, and what one of them is in the middle of."""


class DeclarationError(Exception):
    """What was asked of the declared attributes cannot be done; the text says why."""


class DeclarationMissing(DeclarationError):
    """No declared attribute has that id (any more)."""


class DeclarationRefused(DeclarationError):
    """There are too many, or the attribute is still being taken back."""


class DeclarationChanged(DeclarationError):
    """Somebody else wrote the declaration since it was read."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declared attribute as it is stored. ``done`` of about ``total`` resources are looked at, up to ``cursor``."""

    declared: Declared
    since: datetime
    moved: datetime
    """When it was declared or taken back, or a job last came on."""
    cursor: str = ""
    done: int = 0
    total: int = 0
    etag: str = field(default="", compare=False, repr=False)

    @property
    def id(self) -> str:
        """What names it in the admin API and in messages: the same again when the attribute is declared again."""
        text = f"{self.declared.kind}:{self.declared.name}"
        return f"{self.declared.kind.lower()}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    def entering(self, state: IndexState) -> "Declaration":
        """Return the declaration at the beginning of a state."""
        return replace(self, declared=replace(self.declared, state=state), cursor="", done=0, total=0)


class DeclaredAttributes:
    """Reads and writes declarations. What may be declared is said by ``scim.declaring``."""

    def __init__(self, storage: Storage, cache_seconds: float = CACHE_SECONDS) -> None:
        self._table = storage.table(TABLE)
        self._recent = Recent(self.read, cache_seconds)

    async def in_force(self) -> Indexing:
        """Return what is declared, as it was at most ten seconds ago; usually no round trip."""
        return await self._recent.get()

    async def read(self) -> Indexing:
        """Return what is declared now; one round trip."""
        return Indexing(tuple(each.declared for each in await self.list()))

    async def list(self) -> Sequence[Declaration]:
        """Return every declaration; one round trip."""
        return [_declaration(row) for row in await self._table.query(PARTITION, "-", "~")]

    async def get(self, declaration_id: str) -> Declaration:
        """Return a declaration. Raises ``DeclarationMissing``."""
        # Looked for among the few that there are: what somebody wrote may not be a key.
        found = next((each for each in await self.list() if each.id == declaration_id), None)
        if found is None:
            raise DeclarationMissing(f"There is no declared attribute with the id '{declaration_id}'.")
        return found

    async def declare(self, declared: Declared) -> Declaration:
        """Store a declaration; one that is there already is answered as it is. Raises ``DeclarationRefused``."""
        now = datetime.now(UTC)
        new = Declaration(declared, now, now)
        others = await self.list()
        known = next((each for each in others if each.id == new.id), None)
        if known is not None:
            if known.declared.state in {IndexState.RETIRING, IndexState.CLEARING}:
                raise DeclarationRefused(f"'{declared.path}' is just being taken back. Declare it when it is gone.")
            return known
        if sum(each.declared.kind is declared.kind for each in others) >= MOST_DECLARED:
            raise DeclarationRefused(f"{declared.kind} has {MOST_DECLARED} declared attributes; take one back first.")
        return await self._write(entities.insert, new)

    async def retire(self, declaration_id: str) -> Declaration:
        """Take a declaration back: filters ask its index no more. Raises ``DeclarationMissing``."""
        while True:
            found = await self.get(declaration_id)
            if found.declared.state in {IndexState.RETIRING, IndexState.CLEARING}:
                return found
            try:
                return await self.advance(found.entering(IndexState.RETIRING))
            except DeclarationChanged:
                continue

    async def advance(self, declaration: Declaration) -> Declaration:
        """Write how far a declaration that was read before is. Raises ``DeclarationChanged``."""
        moved = replace(declaration, moved=datetime.now(UTC))
        return await self._write(lambda entity: entities.replace(entity, declaration.etag), moved)

    async def remove(self, declaration: Declaration) -> None:
        """Delete the row of a declaration whose look-up rows are gone. Raises ``DeclarationChanged``."""
        try:
            await self._table.transact([entities.delete(PARTITION, declaration.id, declaration.etag)])
        except (entities.Changed, entities.Missing) as changed:
            raise _changed(declaration) from changed
        self._recent.forget()

    async def stalled(self, after: timedelta) -> Sequence[Declaration]:
        """Return the declarations that have work left but have not come on for a while, and note that it is seen."""
        found = []
        for each in await self.list():
            if each.declared.state is not IndexState.READY and datetime.now(UTC) - each.moved > after:
                try:
                    found.append(await self.advance(each))
                except DeclarationChanged:
                    continue
        return found

    async def _write(self, operation: Callable[[Entity], Operation], declaration: Declaration) -> Declaration:
        try:
            (etag,) = await self._table.transact([operation(_entity(declaration))])
        except (entities.Changed, entities.Exists, entities.Missing) as changed:
            raise _changed(declaration) from changed
        self._recent.forget()
        return replace(declaration, etag=etag)


def _changed(declaration: Declaration) -> DeclarationChanged:
    return DeclarationChanged(f"'{declaration.declared.path}' is being changed by somebody else. Try again.")


def _entity(declaration: Declaration) -> Entity:
    declared = declaration.declared
    return {
        "PartitionKey": PARTITION,
        "RowKey": declaration.id,
        "kind": declared.kind.value,
        "urn": declared.urn,
        "attribute": declared.attribute,
        "type": declared.type,
        "part": declared.part,
        "caseExact": declared.case_exact,
        "multi": declared.multi,
        "number": declared.number,
        "state": declared.state.value,
        "since": declaration.since,
        "moved": declaration.moved,
        "cursor": declaration.cursor,
        "done": declaration.done,
        "total": declaration.total,
    }


def _declaration(row: Entity) -> Declaration:
    declared = Declared(
        ObjectKind(row["kind"]),
        row["attribute"],
        row["urn"],
        row["type"],
        row["part"],
        row["caseExact"],
        row["multi"],
        row["number"],
        IndexState(row["state"]),
    )
    return Declaration(declared, row["since"], row["moved"], row["cursor"], row["done"], row["total"], etag_of(row))
