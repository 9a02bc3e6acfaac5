"""Supporters: a tier put on sale, an account for payouts begun, somebody who begins; on the pages, over REST, by the bot."""

from __future__ import annotations

from typing import Any

from tests.cast import ACME
from tests.gates.askers import World, asks, is_open
from tests.gates.askers.features import path
from tests.gates.askers.limits import _program


def _draft(world: World) -> str:
    from tenants.context import enter_tenant
    from tests.engagement.supporters.supporting import make_tier

    with enter_tenant(world.context):
        return make_tier(world.context, name="Fresh").key


def _sold(world: World) -> str:
    """The key of a tier that is on sale, as a plan with it had let it, in a community that can be paid and of which the owner is a
    member."""
    from engagement.progression.services import ensure_member
    from engagement.supporters.models import SupporterTier
    from tenants.context import enter_tenant
    from tests.frontend_api.supporting import connect

    connect(world.context)
    key = _draft(world)
    with enter_tenant(world.context):
        SupporterTier.objects.filter(key=key).update(state="on_sale")
        ensure_member(provider="discord", external_id=str(ACME.discord_id("owner")), display_name="Olive")
    return key


def _got_as_far_as_stripe(answer: Any) -> bool:
    """There is none in these tests: whoever asks it was let through."""
    if answer.status_code == 503:
        return True
    return is_open(answer)


@asks("page dashboard-support-tier-switch")
def put_on_sale(world: World) -> bool:
    return is_open(world.owner.post(path("dashboard-support-tier-switch", _draft(world)), {"to": "on_sale"}))


@asks("rest switch_supporter_tier")
def put_on_sale_over_rest(world: World) -> bool:
    program = _program(world, "supporters:write")
    return is_open(program.post(f"supporter-tiers/{_draft(world)}/switch", {"state": "on_sale"}))


@asks("page dashboard-payouts-connect")
def begin_an_account(world: World) -> bool:
    return is_open(world.owner.post(path("dashboard-payouts-connect"), {"country": "DE"}))


@asks("page support")
def see_what_is_on_sale(world: World) -> bool:
    key = _sold(world)
    return path("support-tier", key) in world.owner.get(path("support")).content.decode()


@asks("rest list_support_offers")
def read_what_is_on_sale(world: World) -> bool:
    key = _sold(world)
    items = _program(world, "supporters:read").get("support-offers").json()["items"]
    return key in {item["key"] for item in items}


@asks("page support-tier")
def go_to_pay(world: World) -> bool:
    address = path("support-tier", _sold(world))
    shown = is_open(world.owner.get(address))
    assert _got_as_far_as_stripe(world.owner.post(address)) == shown, (
        "the page offers what the plan lets one do"
    )
    return shown


@asks("rest begin_own_support")
def begin_over_rest(world: World) -> bool:
    body = f'{{"tier": "{_sold(world)}"}}'
    return _got_as_far_as_stripe(
        world.owner.post("/api/v1/me/support", body, content_type="application/json")
    )


@asks("bot support")
def ask_the_bot(world: World) -> bool:
    from bot_shard.cogs.support import read_support
    from bot_shard.who import Who
    from engagement.audit.actor import Actor
    from tenants.context import enter_tenant
    from tenants.gates import GateClosedError

    key = _sold(world)
    who = Who(world.context, ACME.discord_id("owner"), 0, (), Actor("discord", 1, "Olive", via="bot"))
    with enter_tenant(world.context):
        try:
            return key in {tier.key for tier in read_support(who).tiers}
        except GateClosedError:
            return False
