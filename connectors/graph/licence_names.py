"""How licences are written and understood: ``SPE_E3 without YAMMER_ENTERPRISE, SWAY``. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_NAME = r"[A-Za-z0-9][A-Za-z0-9_.()-]{0,99}"
_WISH = re.compile(rf"\s*(?P<sku>{_NAME})(?:\s+without\s+(?P<plans>{_NAME}(?:\s*,\s*{_NAME})*))?\s*", re.IGNORECASE)
_SPACES = re.compile(r"\s*,\s*")


class UnknownName(LookupError):
    """The tenant has no such licence, or the licence no such service plan. ``name`` is what is not known."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Wish:
    """A licence as it is written: by part number or id, without some of its service plans (``None``: not said)."""

    sku: str
    without: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Sku:
    """One licence of the tenant. ``plans`` maps the service plans' ids to their names."""

    id: str
    name: str
    plans: Mapping[str, str]
    seats: int
    used: int

    @property
    def free(self) -> int:
        """How many seats are left."""
        return max(0, self.seats - self.used)


def wish_of(text: str) -> Wish:
    """Read a licence. Raises ``ValueError`` for what cannot be one."""
    found = _WISH.fullmatch(text)
    if found is None:
        raise ValueError("Write a licence as its part number or id, or as 'SPE_E3 without YAMMER_ENTERPRISE, SWAY'.")
    plans = found["plans"]
    return Wish(found["sku"], tuple(_SPACES.split(plans)) if plans else None)


def text_of(sku: str, without: Iterable[str]) -> str:
    """Return how a licence is written; the service plans in the order of their names."""
    plans = ", ".join(sorted(without))
    return f"{sku} without {plans}" if plans else sku


@dataclass(frozen=True, slots=True)
class Skus:
    """The licences of a tenant, by name and by id."""

    all: Sequence[Sku] = ()

    def find(self, name: str) -> Sku:
        """Return a licence by part number or id, in any case. Raises ``UnknownName``."""
        wanted = name.casefold()
        for sku in self.all:
            if wanted in {sku.id, sku.name.casefold()}:
                return sku
        raise UnknownName(name)

    def plan(self, sku: Sku, name: str) -> str:
        """Return the id of a service plan by name or id. Raises ``UnknownName``."""
        wanted = name.casefold()
        for plan_id, plan in sku.plans.items():
            if wanted in {plan_id, plan.casefold()}:
                return plan_id
        raise UnknownName(f"{sku.name} without {name}")

    def text(self, sku_id: str, disabled: Iterable[str]) -> str:
        """Return a licence as it is written, by ids where the names are not known."""
        sku = next((sku for sku in self.all if sku.id == sku_id.lower()), None)
        if sku is None:
            return text_of(sku_id.lower(), disabled)
        return text_of(sku.name, (sku.plans.get(plan.lower(), plan) for plan in disabled))


def skus_of(things: Iterable[Mapping[str, Any]]) -> Skus:
    """Read the answers of /subscribedSkus; licences for companies (not for users) are left out."""
    return Skus(tuple(_sku(each) for each in things if each.get("skuId") and each.get("appliesTo") != "Company"))


def _sku(thing: Mapping[str, Any]) -> Sku:
    units = thing.get("prepaidUnits") or {}
    plans = [each for each in thing.get("servicePlans") or () if isinstance(each, dict) and each.get("servicePlanId")]
    return Sku(
        id=str(thing["skuId"]).lower(),
        name=str(thing.get("skuPartNumber") or thing["skuId"]),
        plans={str(each["servicePlanId"]).lower(): str(each.get("servicePlanName") or "") for each in plans},
        # Units in "warning" are past their end and can still be assigned (Microsoft: grace period).
        seats=int(units.get("enabled") or 0) + int(units.get("warning") or 0),
        used=int(thing.get("consumedUnits") or 0),
    )
