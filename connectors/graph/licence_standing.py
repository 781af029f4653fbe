"""What licences a user has, and whether directly or through a group, as Graph shows it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.graph.catalogue import USAGE_LOCATION


@dataclass(frozen=True, slots=True)
class Standing:
    """What a user has: ``direct`` maps licences to the plans that are switched off; ``inherited`` come by groups."""

    location: str = ""
    direct: Mapping[str, frozenset[str]] = field(default_factory=dict)
    inherited: frozenset[str] = frozenset()


def standing_of(user: Mapping[str, Any]) -> Standing:
    """Read what a user has. Where Graph does not tell how a licence came, it is taken as assigned directly."""
    states = [each for each in user.get("licenseAssignmentStates") or () if isinstance(each, dict)]
    inherited = {str(each.get("skuId")).lower() for each in states if each.get("assignedByGroup")}
    own = [each for each in states if not each.get("assignedByGroup")]
    if not states:
        own = [each for each in user.get("assignedLicenses") or () if isinstance(each, dict)]
    return Standing(
        location=str(user.get(USAGE_LOCATION) or ""),
        direct={
            str(each.get("skuId")).lower(): frozenset(str(plan).lower() for plan in each.get("disabledPlans") or ())
            for each in own
        },
        inherited=frozenset(inherited),
    )
