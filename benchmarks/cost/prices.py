"""The dated list of prices, and what a quantity costs by it."""

import json
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("prices.json")


@dataclass(frozen=True, slots=True)
class Price:
    """``price`` for each ``per`` units. ``source``: "documented", or "from memory" where it was not looked up again."""

    price: float
    per: float
    source: str


@dataclass(frozen=True, slots=True)
class Prices:
    """List prices of one day and one region."""

    date: str
    region: str
    currency: str
    note: str
    prices: dict[str, Price]

    def cost(self, name: str, quantity: float) -> float:
        """Return what a quantity costs in a month. Raises ``KeyError`` for a price that the list does not have."""
        price = self.prices[name]
        return quantity / price.per * price.price

    def free(self, name: str) -> float:
        """Return how much of something is free each month, for a whole subscription."""
        return self.prices[f"{name} free"].per


def read(file: Path = FILE) -> Prices:
    """Read the list."""
    found = json.loads(file.read_text())
    prices = {name: Price(each["price"], each["per"], each["source"]) for name, each in found.pop("prices").items()}
    return Prices(**found, prices=prices)
