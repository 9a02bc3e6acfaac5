"""Members with points, made by the services that make them in earnest."""

from __future__ import annotations

from engagement.progression.services import Actor, adjust_points, ensure_member, set_visibility
from tenants.context import TenantContext, enter_tenant

TEAM = Actor(kind="system", id=0, name="the team")


def give(
    context: TenantContext,
    external_id: int | str,
    name: str,
    points: int,
    *,
    key: str = "",
    reason: str = "Thank you",
) -> int:
    """Points for whoever has that Discord id. Their member's id."""
    with enter_tenant(context):
        member = ensure_member(provider="discord", external_id=str(external_id), display_name=name)
        if points:
            adjust_points(
                member_id=member.pk,
                amount=points,
                reason=reason,
                actor=TEAM,
                idempotency_key=key or f"test:{external_id}:{points}",
                context=context,
            )
        return int(member.pk)


def hide(context: TenantContext, member_id: int) -> None:
    with enter_tenant(context):
        set_visibility(member_id=member_id, visibility="hidden", context=context)


def rename(context: TenantContext, member_id: int, alias: str) -> None:
    with enter_tenant(context):
        set_visibility(member_id=member_id, visibility="alias", alias=alias, context=context)
