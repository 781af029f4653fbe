"""Routes under ``/api/health``: whether the hub keeps up. Alive at all is told by ``/healthz``, without a key."""

from fastapi import APIRouter

from provisioning.admin.views import HealthView, TheHub

router = APIRouter(prefix="/api/health", tags=["health"])


@router.get("", summary="Count what waits, what is behind and what is stopped")
async def read_health(hub: TheHub) -> HealthView:
    """Counted from queues, outbox and clocks; links that are in step cost nothing."""
    return HealthView.of(await hub.health.counts())
