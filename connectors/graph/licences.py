"""Licences of users: those of everybody and those by entitlement assigned, those no longer wanted taken away.

Only licences that the settings name are ever touched, and of them only what is assigned to the user directly: what
comes through a group is Entra ID's to give and to take (group-based licensing).
"""

import asyncio
import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from connectors.contract import Account, ObjectKind, Value
from connectors.errors import Misconfigured, Rejected
from connectors.graph.accounts import place, subject
from connectors.graph.catalogue import LICENCES, USAGE_LOCATION
from connectors.graph.client import GraphClient
from connectors.graph.faults import unreadable
from connectors.graph.licence_names import Sku, Skus, UnknownName, Wish, skus_of, wish_of
from connectors.graph.licence_standing import Standing, standing_of
from connectors.graph.permissions import Operation
from connectors.graph.settings import GraphSettings

USER = ObjectKind.USER

TERM = 3600.0
"""Seconds for which names and ids of licences are taken as known; seats are read anew when Graph refuses one."""

BUY_SEATS = (
    "Buy seats or free some (Microsoft 365 admin center, Billing, Licenses); the licence is assigned by the next try."
)

YOUNG = 60.0
"""Seconds before the licences are read again for a name that is not among them."""


class Licences:
    """Assigns the licences of one connection."""

    def __init__(self, client: GraphClient, settings: GraphSettings) -> None:
        self._client = client
        self._location = settings.usage_location
        self._everybody = [wish_of(text) for text in settings.licences]
        self._entitled = [wish_of(text) for text in settings.licences_by_entitlement]
        self._known = Skus()
        self._read_at: float | None = None
        self._reading = asyncio.Lock()
        self.managed = settings.manages_licences
        """Whether the connection assigns licences at all."""

    async def apply(self, remote_id: str, wanted: Value, standing: Standing | None = None) -> None:
        """Give a user the licences of everybody and those that ``wanted`` names, and take the others away.

        ``standing`` is what the user has, where that is known. Everything that can be done is done before an error is
        raised. Raises ``Rejected`` where a licence is not known, has no seat left, or needs a usage location.
        """
        if not self.managed:
            return
        wishes, failures = await self._resolved(wanted if isinstance(wanted, tuple) else (str(wanted or ""),))
        standing = standing or await self._standing(remote_id)
        managed = await self._managed()
        give = {
            sku: plans
            for sku, plans in wishes.items()
            if sku not in standing.inherited and standing.direct.get(sku) != plans
        }
        take = [sku for sku in standing.direct if sku in managed and sku not in wishes]
        if give and not standing.location and not await self._locate(remote_id):
            failures.append(_no_location(remote_id))
            give = {}
        try:
            await self._assign(remote_id, give, take)
        except Rejected as refused:
            failures.append(await self._without_seats(remote_id, give, take, standing, refused))
        if failures:
            raise failures[0]

    async def take_away(self, remote_id: str) -> None:
        """Take every licence away that the connection manages."""
        standing = await self._standing(remote_id)
        managed = await self._managed()
        await self._assign(remote_id, {}, [sku for sku in standing.direct if sku in managed])

    async def named(self, accounts: Sequence[Account]) -> list[Account]:
        """Return the accounts with the names of their licences in place of ids, as far as they may be read."""
        if not self.managed or not any(account.attributes.get(LICENCES) for account in accounts):
            return list(accounts)
        try:
            skus = await self.skus()
        except Misconfigured:
            skus = Skus()
        return [_named(account, skus) for account in accounts]

    async def skus(self, *, younger_than: float = TERM) -> Skus:
        """Return the tenant's licences, from memory or from Graph."""
        async with self._reading:
            if self._read_at is None or self._client.clock() - self._read_at >= younger_than:
                reply = await self._client.send("GET", "/subscribedSkus")
                await self._client.expect(reply, Operation.READ_LICENCES, "licences")
                found = reply.body.get("value") if isinstance(reply.body, dict) else None
                if not isinstance(found, list):
                    raise unreadable()
                self._known = skus_of(each for each in found if isinstance(each, dict))
                self._read_at = self._client.clock()
            return self._known

    async def unknown(self) -> list[str]:
        """Return the names in the settings that the tenant does not know. For ``verify``."""
        skus = await self.skus(younger_than=0)
        unknown = []
        for wish in (*self._everybody, *self._entitled):
            try:
                _plans(skus, skus.find(wish.sku), wish)
            except UnknownName as error:
                unknown.append(error.name)
        return unknown

    async def exhausted(self) -> list[Sku]:
        """Return the licences of everybody that have no seat left. For ``verify``."""
        skus = await self.skus()
        wanted = {wish.sku.casefold() for wish in self._everybody}
        return [sku for sku in skus.all if {sku.id, sku.name.casefold()} & wanted and not sku.free]

    async def _resolved(self, values: Iterable[str]) -> tuple[dict[str, frozenset[str]], list[Rejected]]:
        """Return the licences that a user should have, with the plans to be switched off, and what is not known.

        An entitlement that is no licence of this connection is somebody else's business.
        """
        skus = await self._knowing(values)
        wishes: dict[str, frozenset[str]] = {}
        failures: list[Rejected] = []
        entitled: dict[str, frozenset[str]] = {}
        for wish, target in [(w, wishes) for w in self._everybody] + [(w, entitled) for w in self._entitled]:
            try:
                sku = skus.find(wish.sku)
                target[sku.id] = _plans(skus, sku, wish)
            except UnknownName as error:
                if target is wishes or any(_names(value, wish.sku) for value in values):
                    failures.append(unknown_licence(error.name))
        allowed = {**wishes, **entitled}
        for value in values:
            try:
                wish = wish_of(value)
                sku = skus.find(wish.sku)
            except (ValueError, UnknownName):
                continue
            if sku.id not in allowed:
                continue
            try:
                wishes[sku.id] = allowed[sku.id] if wish.without is None else _plans(skus, sku, wish)
            except UnknownName as error:
                failures.append(unknown_licence(error.name))
        return wishes, failures

    async def _knowing(self, values: Iterable[str]) -> Skus:
        """Return the tenant's licences; read anew where a name of the settings that is wanted is not among them."""
        skus = await self.skus()
        wanted = [*self._everybody, *(w for w in self._entitled if any(_names(value, w.sku) for value in values))]
        try:
            for wish in wanted:
                skus.find(wish.sku)
        except UnknownName:
            return await self.skus(younger_than=YOUNG)
        return skus

    async def _managed(self) -> frozenset[str]:
        skus = await self.skus()
        named = {wish.sku.casefold() for wish in (*self._everybody, *self._entitled)}
        return frozenset(sku.id for sku in skus.all if {sku.id, sku.name.casefold()} & named)

    async def _standing(self, remote_id: str) -> Standing:
        query = {"$select": "id,usageLocation,assignedLicenses,licenseAssignmentStates"}
        path = place(USER, remote_id)
        reply = await self._client.visible((remote_id,), lambda: self._client.send("GET", path, query=query))
        await self._client.expect(reply, Operation.READ_USERS, subject(USER, remote_id))
        if not isinstance(reply.body, dict):
            raise unreadable()
        return standing_of(reply.body)

    async def _locate(self, remote_id: str) -> bool:
        """Give the user the default usage location; ``False`` where there is none."""
        if not self._location:
            return False
        path, body = place(USER, remote_id), {USAGE_LOCATION: self._location}
        reply = await self._client.visible((remote_id,), lambda: self._client.send("PATCH", path, body=body))
        await self._client.expect(reply, Operation.WRITE_USERS, subject(USER, remote_id), writes=True)
        return True

    async def _assign(self, remote_id: str, give: Mapping[str, frozenset[str]], take: Sequence[str]) -> None:
        if not give and not take:
            return
        body = {
            "addLicenses": [{"skuId": sku, "disabledPlans": sorted(plans)} for sku, plans in give.items()],
            "removeLicenses": list(take),
        }
        path = f"{place(USER, remote_id)}/assignLicense"
        # A licence cannot be taken away twice: whether the first time has done it, the next try sees.
        reply = await self._client.visible(
            (remote_id,), lambda: self._client.send("POST", path, body=body, repeatable=not take)
        )
        await self._client.expect(reply, Operation.ASSIGN_LICENCES, subject(USER, remote_id), writes=True)

    async def _without_seats(
        self,
        remote_id: str,
        give: Mapping[str, frozenset[str]],
        take: Sequence[str],
        standing: Standing,
        refused: Rejected,
    ) -> Rejected:
        """Find out whether seats are what is missing; if so, do the rest without them. Returns what to raise."""
        skus = await self.skus(younger_than=0)
        full = [sku for sku in skus.all if sku.id in give and sku.id not in standing.direct and not sku.free]
        if not full:
            refused.attribute = LICENCES
            return refused
        rest = {sku: plans for sku, plans in give.items() if sku not in {each.id for each in full}}
        try:
            await self._assign(remote_id, rest, take)
        except Rejected as again:
            again.attribute = LICENCES
            return again
        return _no_seats(remote_id, full)


def _plans(skus: Skus, sku: Sku, wish: Wish) -> frozenset[str]:
    return frozenset(skus.plan(sku, name) for name in wish.without or ())


def _names(value: str, sku: str) -> bool:
    try:
        return wish_of(value).sku.casefold() == sku.casefold()
    except ValueError:
        return False


def _named(account: Account, skus: Skus) -> Account:
    held = account.attributes.get(LICENCES)
    if not isinstance(held, tuple):
        return account
    wishes = [wish_of(text) for text in held]
    texts = tuple(sorted(skus.text(wish.sku, wish.without or ()) for wish in wishes))
    return dataclasses.replace(account, attributes={**account.attributes, LICENCES: texts})


def unknown_licence(name: str) -> Rejected:
    """Return the refusal of a name that the tenant does not know."""
    return Rejected(
        f"The tenant has no licence, or the licence no service plan, that is called {name}.",
        code="graph.unknownLicence",
        fix="Correct the name in the connection's settings or in the entitlement; Entra ID's product names and part "
        "numbers are listed by Microsoft, and 'Verify Credentials' checks those of the settings.",
        attribute=LICENCES,
    )


def _no_location(remote_id: str) -> Rejected:
    return Rejected(
        f"{subject(USER, remote_id).capitalize()} has no usage location, without which nobody gets a licence.",
        code="graph.usageLocationMissing",
        fix="Give the person a work address with a two-letter country code in the source, or set a default usage "
        "location in the connection.",
        attribute=USAGE_LOCATION,
    )


def seats(full: Iterable[Sku]) -> str:
    """Return in words how many seats are used."""
    return ", ".join(f"{sku.name} ({sku.used} of {sku.seats} seats are used)" for sku in full)


def _no_seats(remote_id: str, full: Sequence[Sku]) -> Rejected:
    return Rejected(
        f"No seat is left for {subject(USER, remote_id)}: {seats(full)}. Everything else is done.",
        code="graph.noSeatsLeft",
        fix=BUY_SEATS,
        attribute=LICENCES,
    )
