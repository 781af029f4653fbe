"""What can be set from outside: permissions, quotas, delays, faults.

In process: assign to ``simulator.knobs``. From outside: ``PATCH /_simulator/knobs`` with the fields to change.
"""

import re
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator

from sandbox.graph.catalogue import PRODUCTS

type ExtensionType = Literal["String", "Boolean", "Integer", "DateTime", "String[]"]

PERMISSIONS = frozenset(
    {"User.ReadWrite.All", "User-PasswordProfile.ReadWrite.All", "Group.ReadWrite.All", "Organization.Read.All"}
)
"""The application permissions that are consented to unless the knob says otherwise."""


class Fault(BaseModel):
    """The next ``times`` matching requests go wrong; ``times`` null is without end.

    ``status`` is answered, or, where it is null, the connection is dropped without any answer. With ``after_commit``
    the request is carried out first, so that the client cannot know. ``method`` and ``path`` narrow down what
    matches: ``path`` is a regular expression searched for in the path behind ``/v1.0`` (``^/users$``). A $batch is
    one request to ``/$batch``, and each of its items is one more: a fault that names a path can strike items alone,
    and one of ``items`` strikes nothing else. Of what matches, every ``every``-th is struck. A fault that ``lasts``
    so many seconds ends by then, counted from what it strikes first.
    An item that drops its connection drops the whole batch's, once all items have been dealt with. The token endpoint
    is struck by faults that name it alone (``/oauth2/v2.0/token``).
    """

    model_config = ConfigDict(extra="forbid")

    status: int | None = Field(default=None, ge=400, le=599)
    times: int | None = Field(default=1, ge=0)
    after_commit: bool = False
    retry_after: float | None = Field(default=None, ge=0)
    method: str | None = None
    path: str | None = None
    items: bool = False
    every: int = Field(default=1, ge=1)
    lasts: float | None = Field(default=None, gt=0)
    _matched: int = PrivateAttr(default=0)
    _ends: datetime | None = PrivateAttr(default=None)

    @field_validator("path")
    @classmethod
    def _is_a_pattern(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from error
        return value

    def matches(self, method: str, path: str, *, item: bool) -> bool:
        """Whether this fault is about the request."""
        return (
            self.times != 0
            and self.method in (None, method)
            and (item or not self.items)
            and (self.path is None or re.search(self.path, path) is not None)
        )

    def strikes(self, now: datetime) -> bool:
        """Count a request that this fault is about, and tell whether it is struck."""
        if self._ends is not None and now >= self._ends:
            return False
        self._matched += 1
        if self._matched % self.every:
            return False
        if self.lasts is not None and self._ends is None:
            self._ends = now + timedelta(seconds=self.lasts)
        if self.times is not None:
            self.times -= 1
        return True


class Knobs(BaseModel):
    """Everything that a test or a trial may turn. Durations are in seconds."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    permissions: frozenset[str] = PERMISSIONS
    """Application permissions. They take effect at once; Graph's own take effect with the next token."""
    token_lifetime: float = Field(default=3599, gt=0)
    secret_expired: bool = False
    """The token endpoint answers that the client secret has expired."""
    sign_in_refusal: int | None = Field(default=None, ge=1)
    """The token endpoint refuses right credentials with this AADSTS code: 53003 is Conditional Access."""
    write_quota: int = Field(default=3000, ge=0)
    """Writes in ``write_window`` for each application; Microsoft documents 3,000 in 150 seconds."""
    write_window: float = Field(default=150, gt=0)
    resource_units: int | None = Field(default=None, ge=1)
    """Resource units in 10 seconds; null: what Microsoft documents for the number of users."""
    decimal_retry_after: bool = False
    """Retry-After is to the millisecond, as Graph sends it at times, and not in whole seconds."""
    read_after_write_delay: float = Field(default=0, ge=0)
    """For so long a created object is not found, in lists and as a reference neither; its names are taken at once."""
    max_page_size: int = Field(default=999, ge=1, le=999)
    """No page is longer, whatever $top says: Graph may return fewer than asked for."""
    directory_extensions: dict[str, ExtensionType] = Field(default_factory=dict)
    """``extension_{appId without hyphens}_{name}``, and the type: String, Boolean, Integer, DateTime, String[]."""
    federated_domains: frozenset[str] = frozenset()
    """Verified domains that sign in elsewhere: their users need an onPremisesImmutableId."""
    unverified_domains: frozenset[str] = frozenset()
    """Domains that were added and not verified: no userPrincipalName can be in them."""
    subscriptions: dict[str, int] = Field(default_factory=lambda: {"ENTERPRISEPACK": 25, "EMS": 25})
    """Products by part number, and how many licences there are of each: ENTERPRISEPACK, SPE_E3, EMS, FLOW_FREE."""
    group_licences: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Ids of groups, and the products (part numbers) that their members inherit."""
    deleted_lifetime: float = Field(default=2592000, gt=0)
    """For so long a deleted object can be restored: 30 days. Then it is gone for good."""
    soft_delete_security_groups: bool = True
    """Cloud security groups wait among the deleted objects like Microsoft 365 groups (generally so since 2026)."""
    delta_page_size: int = Field(default=100, ge=1)
    """Objects on one page of a delta query."""
    delta_page_members: int = Field(default=500, ge=1)
    """Members on one page of a delta query: a larger group is spread over several pages."""
    delta_empty_pages: bool = False
    """Each page of a delta query comes behind an empty one that has a nextLink."""
    delta_repeats: int = Field(default=0, ge=0)
    """Each page tells once more of so many objects of the page before, each round of so many changes of the last."""
    delta_token_lifetime: float = Field(default=604800, gt=0)
    """For so long a delta token is of use: 7 days. Then it is answered with syncStateNotFound."""
    delta_resets: int = Field(default=0, ge=0)
    """Turn it up: every delta token from before is answered with 410 and the URL to start again with."""
    latency: float = Field(default=0, ge=0)
    """Every answer is held back for so long."""
    faults: list[Fault] = Field(default_factory=list)

    @field_validator("directory_extensions")
    @classmethod
    def _are_extensions(cls, value: dict[str, ExtensionType]) -> dict[str, ExtensionType]:
        for name in value:
            if not re.fullmatch(r"extension_[0-9a-f]{32}_\w+", name):
                raise ValueError(f"not the name of a directory extension: {name}")
        return value

    @field_validator("subscriptions")
    @classmethod
    def _are_products(cls, value: dict[str, int]) -> dict[str, int]:
        unknown = value.keys() - PRODUCTS
        if unknown or any(seats < 0 for seats in value.values()):
            raise ValueError(f"not products and their seats; there are {', '.join(PRODUCTS)}")
        return value

    @field_validator("group_licences")
    @classmethod
    def _inherit_products(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if any(name not in PRODUCTS for names in value.values() for name in names):
            raise ValueError(f"not products; there are {', '.join(PRODUCTS)}")
        return value

    def strike(self, method: str, path: str, now: datetime, *, item: bool = False, named: bool = False) -> Fault | None:
        """Return the first fault that strikes this request, and count it. ``named``: only one that names a path."""
        for fault in self.faults:
            if named and fault.path is None:
                continue
            if fault.matches(method, path, item=item) and fault.strikes(now):
                return fault
        return None
