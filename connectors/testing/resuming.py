"""Rules of the contract about cursors: a stream goes on after any page, in any process, and never loses a change."""

import asyncio

import pytest

from connectors.contract import Connector, Reading
from connectors.errors import Misconfigured, Unavailable
from connectors.testing.failures import texts
from connectors.testing.importer import Importer
from connectors.testing.imports import ImportRules
from connectors.testing.samples import USER, SampleNames, Samples

UNREADABLE = ("", "garbage", "{}", "[]", "null", '{"v": 99}', '["x", 1, {}, null]', "é\u0000", "9" * 40_000)
"""Cursors that no connector gives."""


class CursorRules(ImportRules):
    """Taking up a stream, and starting it again when that cannot be done."""

    chapter = "Cursors"

    async def test_an_import_goes_on_beyond_a_page(
        self, names: SampleNames, samples: Samples, importer: Importer
    ) -> None:
        """Everybody is in the picture though one page does not hold them, each page with a cursor of its own."""
        users = await asyncio.gather(*(samples.user() for _ in range(names.page)))
        pages = await importer.run()
        assert len(pages) > 1, "make names.page larger, or the pages of the connector smaller"
        assert len({page.cursor for page in pages}) == len(pages)
        await importer.until(lambda picture: all(picture.has(user) for user in users))
        await importer.agrees(*users)

    async def test_an_import_goes_on_after_a_restart(
        self, connector: Connector, names: SampleNames, samples: Samples, importer: Importer
    ) -> None:
        """The cursor is all that another process needs."""
        user, leaver = await samples.user(), await samples.user()
        await importer.until(lambda picture: picture.has(user) and picture.has(leaver))
        other = await self.another()
        try:
            await connector.update(USER, user.remote_id, {names.title: "Lead"})
            await connector.delete(USER, leaver.remote_id)
            newcomer = await samples.user()
            later = Importer(other, names, importer.picture.copy())
            await later.until(
                lambda picture: (
                    picture.value(user, names.title) == "Lead" and picture.has(newcomer) and not picture.has(leaver)
                )
            )
            await later.agrees(user, leaver, newcomer)
        finally:
            await other.close()

    async def test_a_stream_is_taken_up_from_every_page(
        self, connector: Connector, names: SampleNames, samples: Samples, importer: Importer
    ) -> None:
        """By another process, after changes in between: nothing is lost, and nothing comes back that is gone."""
        users = list(await asyncio.gather(*(samples.user() for _ in range(names.page))))
        groups = [await samples.group(*users)] if connector.capabilities.memberships else []
        await importer.until(lambda picture: all(picture.has(each) for each in (*users, *groups)))
        importer.picture.cursor = None
        pictures = [importer.picture.copy()]
        async for page in connector.changes(None, importer.reading):
            importer.picture.fold(page)
            pictures.append(importer.picture.copy())
        for user in users[::7]:
            await connector.update(USER, user.remote_id, {names.title: "Lead"})
        leavers, last = users[1::11], users[-1]
        for leaver in leavers:
            await connector.delete(USER, leaver.remote_id)
        if groups:
            await connector.change_members(groups[0].remote_id, [], [last.remote_id])
        promoted = [user for user in users[::7] if user not in leavers]
        for picture in pictures:
            other = await self.another()
            try:
                later = Importer(other, names, picture)
                await later.until(
                    lambda seen: (
                        all(seen.value(user, names.title) == "Lead" for user in promoted)
                        and not any(seen.has(leaver) for leaver in leavers)
                        and not any(last.remote_id in seen.of(group) for group in groups)
                    )
                )
                await later.agrees(*users, *groups)
            finally:
                await other.close()

    @pytest.mark.parametrize("cursor", UNREADABLE, ids=range(len(UNREADABLE)))
    async def test_a_cursor_that_cannot_be_read_starts_again_with_a_note(
        self, samples: Samples, importer: Importer, cursor: str
    ) -> None:
        """Never an error: a complete snapshot, and words for the operator."""
        user = await samples.user()
        importer.picture.cursor = cursor
        pages = await importer.run()
        assert pages[0].starts
        assert pages[0].note
        await importer.until(lambda picture: picture.has(user))
        await importer.agrees(user)

    async def test_a_cursor_that_is_too_old_starts_again_with_a_note(
        self, connector: Connector, samples: Samples, importer: Importer
    ) -> None:
        """What the system has forgotten is found by the snapshot: a deletion, too."""
        user, leaver = await samples.user(), await samples.user()
        await importer.until(lambda picture: picture.has(user) and picture.has(leaver))
        await connector.delete(USER, leaver.remote_id)
        await self.expire_cursors()
        pages = await importer.run()
        assert pages[0].starts
        assert pages[0].note
        await importer.until(lambda picture: not picture.has(leaver))
        await importer.agrees(user, leaver)
        assert not (await importer.run())[0].note, "the new cursor is a good one"

    async def test_a_cursor_of_another_reading_starts_again(
        self, names: SampleNames, samples: Samples, importer: Importer
    ) -> None:
        """An attribute that is wanted since is not left unknown of those who did not change."""
        user = await samples.user({names.title: "Engineer"})
        whole = importer.reading
        importer.reading = Reading(attributes={**whole.attributes, USER: (names.login, names.display_name)})
        await importer.until(lambda picture: picture.has(user))
        importer.reading = whole
        pages = await importer.run()
        assert pages[0].starts
        assert pages[0].note
        await importer.until(lambda picture: picture.value(user, names.title) == "Engineer")

    async def test_an_outage_in_mid_import_costs_no_change(
        self, names: SampleNames, samples: Samples, importer: Importer
    ) -> None:
        """The stream raises ``Unavailable``; it goes on from the last page's cursor when the system is back."""
        users = await asyncio.gather(*(samples.user() for _ in range(names.page)))
        await importer.run(1)
        await self.stop_server()
        try:
            with pytest.raises(Unavailable):
                await importer.run()
        finally:
            await self.start_server()
        await importer.until(lambda picture: all(picture.has(user) for user in users))
        await importer.agrees(*users)

    async def test_an_import_with_a_wrong_secret_is_told_in_words(self, names: SampleNames, importer: Importer) -> None:
        """``Misconfigured`` with the fix, and without the secret."""
        wrong = await self.misconfigured()
        try:
            importer.connector = wrong
            with pytest.raises(Misconfigured) as caught:
                await importer.run()
            assert caught.value.code
            assert caught.value.fix
            assert not [secret for secret in names.secrets if secret in texts(caught.value)]
        finally:
            await wrong.close()
