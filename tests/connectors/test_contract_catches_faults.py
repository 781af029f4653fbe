"""The suite catches what it is there for: connectors that lose a change, tell a secret or bring back somebody else."""

import inspect
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from connectors.contract import (
    PROVISIONING,
    Account,
    Connector,
    Feature,
    Match,
    ObjectKind,
    Page,
    Reading,
    Verification,
)
from connectors.errors import NotFound, Rejected
from connectors.memory import Directory, MemoryConnector
from connectors.testing import ConnectorContract, SampleNames, Samples
from connectors.testing.importer import Importer

USER = ObjectKind.USER


class _Pages(MemoryConnector):
    """Alters its pages."""

    def altered(self, page: Page) -> Page:
        raise NotImplementedError

    async def changes(self, cursor: str | None, reading: Reading) -> AsyncIterator[Page]:
        async for page in super().changes(cursor, reading):
            yield self.altered(page)


class ForgetsDeletions(_Pages):
    def altered(self, page: Page) -> Page:
        return replace(page, changes=tuple(each for each in page.changes if not each.gone))


class ForgetsWhoLeft(_Pages):
    def altered(self, page: Page) -> Page:
        return replace(page, members=tuple(replace(each, removed=()) for each in page.members))


class SaysNothingOfStartingAgain(_Pages):
    def altered(self, page: Page) -> Page:
        return replace(page, note="")


class ForgetsActivity(_Pages):
    def altered(self, page: Page) -> Page:
        changes = (
            each if each.gone else replace(each, account=replace(each.account, active=True)) for each in page.changes
        )
        return replace(page, changes=tuple(changes))


class ClaimsCompletenessOfEveryPage(_Pages):
    def altered(self, page: Page) -> Page:
        return replace(page, starts=True, complete=True)


class ForgetsTheRecycleBin(_Pages):
    def altered(self, page: Page) -> Page:
        return replace(page, changes=tuple(replace(each, restorable=False) for each in page.changes))


class DeletesWhateverItIs(MemoryConnector):
    async def delete(self, kind: ObjectKind, remote_id: str) -> None:
        standing = self.directory.accounts.get(remote_id)
        await super().delete(standing.kind if standing else kind, remote_id)


class ResumesAtTheEnd(MemoryConnector):
    """Takes the place in the log anew when a stream is taken up: what changed in between is lost."""

    async def changes(self, cursor: str | None, reading: Reading) -> AsyncIterator[Page]:
        if cursor is not None and cursor.endswith("null]"):
            cursor = cursor.rpartition(", ")[0].rpartition(", ")[0] + f", {len(self.directory.log)}, null]"
        async for page in super().changes(cursor, reading):
            yield page


class RaisesForOldCursors(MemoryConnector):
    async def changes(self, cursor: str | None, reading: Reading) -> AsyncIterator[Page]:
        if cursor is not None and not cursor.startswith("[1,"):
            raise NotFound("The cursor is not there.", code="memory.noCursor")
        async for page in super().changes(cursor, reading):
            yield page


class RestoresAsSomebodyElse(MemoryConnector):
    async def restore(self, kind: ObjectKind, remote_id: str) -> Account:
        deleted = self.directory.deleted.get(remote_id)
        if deleted is None:
            return await super().restore(kind, remote_id)
        return await self.create(kind, deleted.attributes, active=True)


class FindsTheDeletedInTheirOrder(MemoryConnector):
    async def find_deleted(self, match: Match) -> Sequence[Account]:
        return list(reversed(await super().find_deleted(match)))


class LeavesTheTrialBehind(MemoryConnector):
    async def verify(self, features: frozenset[Feature] = PROVISIONING, *, trial: bool = False) -> Verification:
        if trial:
            await self.create(USER, {"login": "trial"}, active=False)
        return await super().verify(features, trial=trial)


class TriesNothing(MemoryConnector):
    async def verify(self, features: frozenset[Feature] = PROVISIONING, *, trial: bool = False) -> Verification:
        return await super().verify(features)


class WritesUnasked(MemoryConnector):
    async def verify(self, features: frozenset[Feature] = PROVISIONING, *, trial: bool = False) -> Verification:
        return await super().verify(features, trial=True)


class SetsNoPassword(MemoryConnector):
    async def set_password(self, remote_id: str, password: SecretStr, *, must_change: bool = False) -> None:
        self.directory.account(USER, remote_id)


class TellsThePassword(MemoryConnector):
    async def set_password(self, remote_id: str, password: SecretStr, *, must_change: bool = False) -> None:
        try:
            await super().set_password(remote_id, password, must_change=must_change)
        except Rejected as refusal:
            told = f"{password.get_secret_value()} is too short."
            raise Rejected(told, code=refusal.code, fix=refusal.fix) from None


class WakesWhoGetsAPassword(MemoryConnector):
    async def set_password(self, remote_id: str, password: SecretStr, *, must_change: bool = False) -> None:
        await super().set_password(remote_id, password, must_change=must_change)
        await self.activate(remote_id)


FAULTS: list[tuple[type[MemoryConnector], str]] = [
    (ForgetsDeletions, "test_a_deletion_shows"),
    (ForgetsWhoLeft, "test_members_who_come_and_leave_show"),
    (ForgetsWhoLeft, "test_a_group_beyond_a_page_is_read_whole_and_then_follows"),
    (SaysNothingOfStartingAgain, "test_a_cursor_that_is_too_old_starts_again_with_a_note"),
    (ForgetsActivity, "test_a_deactivation_and_an_activation_show"),
    (ClaimsCompletenessOfEveryPage, "test_an_import_goes_on_beyond_a_page"),
    (ForgetsTheRecycleBin, "test_a_deletion_and_a_restoration_show_in_imports"),
    (DeletesWhateverItIs, "test_verbs_keep_kinds_apart"),
    (ResumesAtTheEnd, "test_a_change_shows"),
    (ResumesAtTheEnd, "test_an_import_goes_on_after_a_restart"),
    (ResumesAtTheEnd, "test_a_stream_is_taken_up_from_every_page"),
    (RaisesForOldCursors, "test_a_cursor_that_cannot_be_read_starts_again_with_a_note"),
    (RestoresAsSomebodyElse, "test_a_restored_account_is_who_it_was"),
    (FindsTheDeletedInTheirOrder, "test_of_several_deleted_namesakes_the_last_comes_first"),
    (LeavesTheTrialBehind, "test_a_trial_passes_and_leaves_nothing_behind"),
    (TriesNothing, "test_a_trial_passes_and_leaves_nothing_behind"),
    (WritesUnasked, "test_a_trial_passes_and_leaves_nothing_behind"),
    (SetsNoPassword, "test_a_person_signs_in_with_the_password_that_was_set"),
    (SetsNoPassword, "test_a_password_that_the_policy_refuses_is_rejected"),
    (TellsThePassword, "test_a_password_shows_in_no_text"),
    (WakesWhoGetsAPassword, "test_a_password_does_not_wake_a_deactivated_user"),
]


class _Suite(ConnectorContract):
    """The suite over an in-memory directory, called rule by rule."""

    __test__ = False

    def __init__(self, kind: type[MemoryConnector]) -> None:
        self.system = Directory(page_size=5)
        self.kind = kind

    async def another(self) -> Connector:
        return self.kind(self.system)

    async def expire_cursors(self) -> None:
        self.system.forgotten = len(self.system.log)

    async def sign_in(self, login: str, password: str) -> bool:
        (user,) = [each for each in self.system.accounts.values() if each.name == login]
        return user.active is True and self.system.passwords.get(user.remote_id) == password

    async def follow(self, rule: str) -> None:
        """Run one rule with what its fixtures would give."""
        connector = self.kind(self.system)
        names = SampleNames(
            login="login",
            display_name="displayName",
            title="title",
            group_name="name",
            absent_user="nobody",
            absent_group="nothing",
            reference="manager",
            bulk=12,
            page=12,
            patience=0.1,
        )
        samples = Samples(connector, names)
        user = await samples.user({"title": "Engineer"})
        given: dict[str, Any] = {
            "connector": connector,
            "names": names,
            "samples": samples,
            "importer": Importer(connector, names),
            "login": user.name,
            "user": user,
            "leaver": user,
            "cursor": "garbage",
        }
        method = getattr(self, rule)
        wanted = inspect.signature(method).parameters
        if "leaver" in wanted:
            await connector.delete(USER, user.remote_id)
        await method(**{name: value for name, value in given.items() if name in wanted})


@pytest.mark.parametrize(("fault", "rule"), FAULTS, ids=lambda each: getattr(each, "__name__", each))
async def test_a_connector_with_a_fault_does_not_pass(fault: type[MemoryConnector], rule: str) -> None:
    await _Suite(MemoryConnector).follow(rule)
    with pytest.raises((AssertionError, NotFound, pytest.fail.Exception)):
        await _Suite(fault).follow(rule)
