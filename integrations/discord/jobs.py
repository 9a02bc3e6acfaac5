"""The jobs of outbound Discord, on their own queue.

One at a time a tenant and kind: a tenant is one guild, and a guild has one budget. Pauses stay under a minute, so that
one refused call holds up its guild's others no longer than that.
"""

from __future__ import annotations

import logging
from typing import Any

from engagement.members.models import Member
from engagement.progression.events import LevelReached
from engagement.progression.models import MemberProgress
from saas.core import clock
from saas.events.jobs import defer, job, periodic_job
from saas.events.retries import Backoff
from tenants.context import TenantContext
from tenants.gates import is_open
from tenants.routing import get_routing

from .announcements import announce_level_up
from .client import get_client
from .models import LevelRole
from .roles import SWEEP_LOCK, desired_roles
from .roles import sync_member_roles as sync

logger = logging.getLogger(__name__)
QUEUE = "discord"
PATIENT = Backoff(tries=30, first=1, longest=60)
# A sweep looks at stored roles, and asks Discord only about members who differ; at most so many a run.
MOST_A_SWEEP = 300


def _heard(tenant: str, gate: str) -> TenantContext | None:
    """The tenant, while Discord is to hear of it: linked, active, live, and with a plan that opens `gate`.

    In shadow mode nothing shows in Discord; once the community is live, the sweep catches up.
    """
    context = get_routing().context_for_schema(tenant)
    if context is None or context.guild_id is None or not context.live:
        return None
    return context if is_open(gate, context.entitlements, clock.now()) else None


@job(queue=QUEUE, retry=PATIENT, lock="discord announcements")
def announce_level(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of LevelReached."""
    context = _heard(tenant, "announcements")
    if context is not None:
        announce_level_up(context, get_client(), event_id=event_id, event=LevelReached.from_data(event))


@job(queue=QUEUE, retry=PATIENT, lock="discord roles")
def follow_level(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of LevelReached, LevelLost and MemberJoined: the member's level roles follow."""
    _sync(tenant, int(event["member_id"]))


@job(queue=QUEUE, retry=PATIENT)
def follow_curve(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of CurveChanged and ImportFinished: many levels moved at once, so everybody is looked through."""
    defer(sweep_tenant_roles, tenant=tenant, queueing_lock=SWEEP_LOCK)


@job(queue=QUEUE, retry=PATIENT, lock="discord roles", priority=-10)
def sync_member_roles(*, tenant: str, member_id: int) -> None:
    """Bring one member's level roles to what is desired. Behind what just happened, since it is a sweep's."""
    _sync(tenant, member_id)


def _sync(tenant: str, member_id: int) -> None:
    context = _heard(tenant, "level_roles")
    if context is not None and LevelRole.objects.exists():
        sync(context, get_client(), member_id=member_id)


@periodic_job(cron="23 */2 * * *", queue=QUEUE)
def sweep_level_roles(*, tenant: str, timestamp: int = 0) -> None:
    """Every two hours, and when a worker starts, each linked tenant is looked through."""
    for context in get_routing().contexts():
        if context.guild_id is not None and context.live:
            defer(sweep_tenant_roles, tenant=context.schema, queueing_lock=SWEEP_LOCK)


@job(queue=QUEUE, retry=PATIENT)
def sweep_tenant_roles(*, tenant: str) -> None:
    """Defer a sync for members whose roles, as last seen, differ from the desired ones."""
    roles = list(LevelRole.objects.all())
    if not roles:
        return
    managed = {role.role_id for role in roles}
    lowest = min(role.level for role in roles)
    levels = dict(MemberProgress.objects.filter(level__gte=lowest).values_list("member_id", "level"))
    found = 0
    for member in (
        Member.objects.filter(pk__in=levels, departed_at=None, is_bot=False).only("id", "role_ids").iterator()
    ):
        held = {int(role) for role in member.role_ids} & managed
        if held != desired_roles(roles, levels[member.pk]):
            defer(
                sync_member_roles, tenant=tenant, member_id=member.pk, queueing_lock=f"sync roles {member.pk}"
            )
            found += 1
            if found >= MOST_A_SWEEP:
                logger.info("The sweep stops at %s members and goes on next time.", found)
                return
