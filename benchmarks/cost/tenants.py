"""Three tenants as examples of size: what usual churn asks of a hub, and which parameters do. Pure."""

from dataclasses import dataclass, replace

from benchmarks.cost.footprint import Counted
from benchmarks.cost.model import Deployment, bill, cycle, month
from benchmarks.cost.prices import Prices

CHANGED, JOINED, LEFT, MOVED = 0.01, 0.001, 0.001, 0.02
"""Of the people, each day: have an attribute changed, come, go; and memberships that come or go. Assumed."""
GROUPS = 5
"""Memberships of a person when a tenant is loaded for the first time. Assumed."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """A size, and the parameters that we would begin with. ``why`` is told to whoever chooses others."""

    people: int
    memory: int
    instances: int
    ready_http: int
    ready_jobs: int
    why: str

    @property
    def requests(self) -> float:
        """SCIM requests of a month: each write after one question."""
        return 2 * 30 * self.people * (CHANGED + JOINED + LEFT + MOVED)

    @property
    def first_cycle(self) -> float:
        """SCIM requests of the first cycle: a question and a create for each person, one PATCH for each membership."""
        return self.people * (2 + GROUPS)

    def deployment(self, base: Deployment) -> Deployment:
        """Return a deployment of this size, in all else as ``base``."""
        return replace(
            base, memory=self.memory, ready_http=self.ready_http, ready_jobs=self.ready_jobs, people=self.people
        )


TENANTS = (
    Tenant(1_000, 512, 10, 0, 0, "traffic is a trickle: the second that each call is billed for costs a quarter"),
    Tenant(10_000, 2048, 20, 1, 0, "no cold start in Entra's cycles; room for the first cycle"),
    Tenant(100_000, 2048, 40, 2, 1, "two HTTP instances: no gap while an update rolls; jobs begin at once"),
)


def monthly(tenant: Tenant, counted: Counted, base: Deployment, prices: Prices) -> float:
    """Return what a month of a tenant costs."""
    deployment = tenant.deployment(base)
    return sum(bill(month(counted, tenant.requests, deployment), deployment, prices).values())


@dataclass(frozen=True, slots=True)
class FirstCycle:
    """What loading a tenant for the first time adds: money, hours at 25 requests a second, GB of logs."""

    extra: float
    hours: float
    logs: float


def first_load(tenant: Tenant, counted: Counted, base: Deployment, prices: Prices) -> FirstCycle:
    """Return what the first cycle takes besides a usual month."""
    deployment = tenant.deployment(base)
    usual = month(counted, tenant.requests, deployment)
    whole = month(counted, tenant.requests + tenant.first_cycle, deployment)
    extra = sum(bill(whole, deployment, prices).values()) - sum(bill(usual, deployment, prices).values())
    logs = whole.app_logs + whole.diagnostics - usual.app_logs - usual.diagnostics
    return FirstCycle(extra, cycle(tenant.first_cycle), logs / 1e9)
