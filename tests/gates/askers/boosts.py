"""Boosts and their hours: on the page, over REST, by the bot, and when time passes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from saas.core import clock
from tests.frontend_api.v1.asking import Api
from tests.gates.askers import World, asks
from tests.gates.askers.features import path

# Apart from the scene's own boost, which runs for two hours.
AHEAD = timedelta(hours=4)


def in_use(world: World) -> int:
    """Hours of the month in which the boost is to run."""
    from billing.metering.months import month_of
    from engagement.boosts.selectors import list_hours
    from engagement.boosts.windows import milliseconds
    from tenants.context import enter_tenant

    start, end = month_of(clock.now() + AHEAD)
    with enter_tenant(world.context):
        return sum(hour.start >= milliseconds(start) for hour in list_hours(until=end))


def _is_planned(answer: Any) -> bool:
    text = answer.content.decode()
    if answer.status_code in {403, 422}:
        assert "not part of" in text or "boost hour" in text, text[:2000]
        return False
    assert answer.status_code in {201, 302}, (answer.status_code, text[:2000])
    return True


@asks("page dashboard-boost-new", used=in_use)
def plan_on_the_page(world: World) -> bool:
    begin = (clock.now() + AHEAD).astimezone(ZoneInfo(world.context.timezone))
    form = {
        "name": "Double",
        "multiplier": "2",
        "begins": "later",
        "starts_at": f"{begin:%Y-%m-%dT%H:%M}",
        "ends_at": f"{begin + timedelta(hours=1):%Y-%m-%dT%H:%M}",
    }
    return _is_planned(world.owner.post(path("dashboard-boost-new"), form))


@asks("page dashboard-boost-resume")
def take_back_a_stop(world: World) -> bool:
    boost_id = world.things["boost_id"]
    world.owner.post(path("dashboard-boost-stop", boost_id))
    return _is_planned(world.owner.post(path("dashboard-boost-resume", boost_id)))


@asks("rest create_boost", used=in_use)
def plan_over_rest(world: World) -> bool:
    from tenants.api_keys import issue_api_key
    from tenants.models import ApiKey

    ApiKey.objects.filter(tenant_id=world.context.tenant_id).delete()  # the smallest plan has room for one
    key = issue_api_key(
        tenant_id=world.context.tenant_id, name="Boosts", scopes=["boosts:write"], created_by=None
    )
    starts_at = clock.now() + AHEAD
    body = {"name": "Double", "multiplier": 2, "starts_at": starts_at.isoformat(), "hours": 1}
    return _is_planned(Api(key.token).post("boosts", body))


@asks("bot boost start", used=in_use)
def start_by_the_bot(world: World) -> bool:
    from bot_shard.cogs.boosts import Wish, begin, read_quote
    from bot_shard.who import Who
    from engagement.audit.actor import Actor
    from engagement.boosts.errors import BoostHoursError
    from engagement.boosts.services import stop_boost
    from tenants.context import enter_tenant
    from tenants.gates import GateClosedError
    from tenants.permissions import MANAGE_GUILD

    who = Who(world.context, 1, MANAGE_GUILD, (), Actor("discord", 1, "Ada", via="bot"))
    # One that outlasts the scene's by an hour, so that it takes one more.
    wish = Wish(percent=200, hours=3, channel_id=0, announce=False, asked="1", name="Double")
    with enter_tenant(world.context):
        try:
            read_quote(who, wish)
            boost, _until = begin(who, wish)
        except (GateClosedError, BoostHoursError):
            return False
        stop_boost(context=world.context, boost_id=boost.pk, actor=who.actor)
    return True
