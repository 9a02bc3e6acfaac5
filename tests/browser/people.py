"""Who is there when the browser tests look."""

from __future__ import annotations

from django.db import connections

from engagement.progression.services import Actor, adjust_points, ensure_member
from tenants.context import TenantContext, enter_tenant
from tenants.models import User
from tenants.routing import get_routing
from tests.cast import ACME
from tests.frontend_api.hosts import PASSWORD

NAMES = (
    "Ada Lovelace",
    "Grace Hopper",
    "さくら",
    "Bartholomew Featherstonehaugh-Cholmondeley",
    "mod_with_an_unbroken_and_rather_long_name",
)
TEAM = Actor(kind="system", id=0, name="the team")


def acme_context() -> TenantContext:
    match = get_routing().context_for_host("acme.localhost")
    assert match is not None
    assert match.context is not None
    return match.context


def populate() -> None:
    """Thirty members in Acme, the cast among them, everybody with a password."""
    for user in User.objects.all():
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
    get_routing().load()
    context = acme_context()
    with enter_tenant(context):
        for number in range(29):
            name = NAMES[number] if number < len(NAMES) else f"Member {number}"
            give(f"7{number:017}", name, 3000 - number * 97)
        give(str(ACME.discord_id("member")), "Mia Member", 12)
    connections.close_all()


def give(discord_id: str, name: str, points: int, *, key: str = "") -> int:
    """Points for whoever has that Discord id, in the tenant in hand. Their member's id."""
    member = ensure_member(provider="discord", external_id=discord_id, display_name=name)
    adjust_points(
        member_id=member.pk,
        amount=points,
        reason="Thank you",
        actor=TEAM,
        idempotency_key=key or f"browser:{discord_id}:{points}",
        context=acme_context(),
    )
    return member.pk
