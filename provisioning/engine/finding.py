"""Finding the account of a resource: the one that answers the questions, and whether it is free to be linked."""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from connectors.contract import Account, Match
from connectors.errors import Rejected
from provisioning.engine.link_store import LinkStore
from provisioning.engine.links import GONE, Link, LinkStatus

type Search = Callable[[Match], Awaitable[Sequence[Account]]]


async def the_one(search: Search, asked: Iterable[Match]) -> Account | None:
    """Return the account that the first question with an answer finds.

    Two are never chosen from: an administrator is. Raises ``Rejected`` (``match.ambiguous``).
    """
    for question in dict.fromkeys(asked):
        found = await search(question)
        if len(found) > 1:
            raise Rejected(
                f"Two accounts have this {question.attribute}: {found[0].name} and {found[1].name}.",
                code="match.ambiguous",
                fix=f"Leave one account with this {question.attribute}, or match by another attribute. Then retry.",
            )
        if found:
            return found[0]
    return None


async def claim(links: LinkStore, link: Link, remote_id: str, name: str) -> None:
    """Make sure that no living resource owns an account. Raises ``Rejected`` (``match.taken``)."""
    owner = await links.owner(link.connection, remote_id)
    if owner is None or owner == link.resource_id:
        return
    other = await links.get(link.connection, owner)
    if other is not None and other.generation != GONE:
        raise Rejected(
            f"The account {name or remote_id} is linked to another resource ({owner}) already.",
            code="match.taken",
            fix="Two resources match one account: correct the matching attribute of one of them.",
        )
    if other is not None:
        await links.let_go(other, LinkStatus.DELETED)
