"""Members, rules, seats, keys, how often programs ask, and how far back history goes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from saas.core import clock
from saas.core.ids import new_ulid
from tests.frontend_api.v1.asking import Api
from tests.gates.askers import World, asks
from tests.gates.askers.features import path

FULL = "all of them are in use"
OLD = timedelta(days=40)


def _let_through(answer: Any, *, refused: str = FULL) -> bool:
    """Made, or refused with the words of a plan that is full."""
    if answer.status_code in {200, 201, 302} and refused not in (text := answer.content.decode()):
        return True
    text = answer.content.decode()
    assert refused in text, (answer.status_code, text[:2000])
    return False


def _program(world: World, *scopes: str) -> Api:
    from tenants import api_keys
    from tenants.models import ApiKey

    ApiKey.objects.filter(tenant_id=world.context.tenant_id).delete()  # the smallest plan has room for one
    made = api_keys._make(
        tenant_id=world.context.tenant_id, name="Program", scopes=list(scopes), created_by=None,
        created_by_name="", expires_at=None,
    )  # fmt: skip
    return Api(made.token)


# --- members


def tracked(world: World) -> int:
    from billing.using import count_used

    return count_used(context=world.context)["members"]


@asks("page dashboard-members-register", used=tracked)
def register_on_the_page(world: World) -> bool:
    form = {"name": "Ada", "request_key": new_ulid()}
    return _let_through(world.owner.post(path("dashboard-members-register"), form))


@asks("rest register_member", used=tracked)
def register_over_rest(world: World) -> bool:
    return _let_through(_program(world, "members:write").post("members", {"name": "Ada"}))


@asks("bot meet a newcomer", used=tracked)
def meet_a_newcomer(world: World) -> bool:
    from engagement.progression.services import ensure_member
    from tenants.context import enter_tenant

    with enter_tenant(world.context):
        met = ensure_member(provider="discord", external_id="4242424242", display_name="Ada")
        met.refresh_from_db()
    return met.waiting_since is None


@asks("job engagement.activity.admit_members", used=tracked)
def let_somebody_in(world: World) -> bool:
    from engagement.activity.jobs import admit_members
    from engagement.members.models import Member
    from engagement.progression.services import ensure_member
    from tenants.context import enter_tenant

    with enter_tenant(world.context):
        met = ensure_member(provider="discord", external_id="4242424242", display_name="Ada")
        Member.objects.filter(pk=met.pk).update(waiting_since=clock.now())
        admit_members(tenant=world.context.schema)
        met.refresh_from_db()
    return met.waiting_since is None


# --- rules


def active(world: World) -> int:
    from billing.using import count_used

    return count_used(context=world.context)["rules"]


@asks("page dashboard-rule-switch", used=lambda world: active(world) - 1)
def switch_a_rule_on(world: World) -> bool:
    """Off first, which always goes; so one less is in use."""
    from engagement.rules.models import Rule
    from tenants.context import enter_tenant

    address = path("dashboard-rule-switch", world.things["rule_id"])
    world.owner.post(f"{address}?on=0")
    world.owner.post(f"{address}?on=1")
    with enter_tenant(world.context):
        return Rule.objects.get(pk=world.things["rule_id"]).enabled


@asks("rest create_rule", used=active)
def make_a_rule_over_rest(world: World) -> bool:
    body = {"key": "extra", "name": "Extra", "definition": {"triggers": ["message"], "amount": 1}}
    return _let_through(_program(world, "rules:write").post("rules", body))


@asks("ingest rules", used=lambda world: active(world) - 1)
def run_the_newest_rule(world: World) -> bool:
    from engagement.activity.memory import load_rules
    from engagement.rules.models import Rule
    from tenants.context import enter_tenant

    with enter_tenant(world.context):
        newest = Rule.objects.filter(enabled=True, archived_at=None).order_by("-pk")[0]
        rules = load_rules()
    running = {rule.rule_id for some in rules.by_type.values() for rule in some}
    return newest.pk in running | {rule.rule_id for rule in rules.daily}


# --- seats


def seated(world: World) -> int:
    from tenants.models import Invite, Membership

    people = Membership.objects.filter(tenant_id=world.context.tenant_id).count()
    open_ones = Invite.objects.filter(
        tenant_id=world.context.tenant_id, accepted_at=None, expires_at__gt=clock.now()
    )
    return people + open_ones.count()


@asks("page dashboard-team-invite", used=seated)
def invite_somebody(world: World) -> bool:
    return _let_through(world.owner.post(path("dashboard-team-invite"), {"role": "analyst", "email": ""}))


def _on_the_team(world: World) -> int:
    from tenants.models import Membership

    return Membership.objects.filter(tenant_id=world.context.tenant_id).count()


@asks("bot a seat's rights", used=_on_the_team)
def act_from_the_newest_seat(world: World) -> bool:
    from tenants.models import Membership, User
    from tenants.permissions import rights_for_interaction

    newest = User.objects.create(username="newest", discord_id=777_000_000_000_000_777)
    Membership.objects.create(user=newest, tenant_id=world.context.tenant_id, role="admin")
    return rights_for_interaction(world.context, 777_000_000_000_000_777, 0, []).may("change_rules")


# --- keys


def keys(world: World) -> int:
    from billing.using import count_used

    return count_used(context=world.context)["api_keys"]


@asks("page dashboard-key-create", used=keys)
def make_a_key(world: World) -> bool:
    form = {"name": "Another", "scopes": ["members:read"]}
    return _let_through(world.owner.post(path("dashboard-key-create"), form))


@asks("rest get_me", used=keys)
def ask_with_the_newest_key(world: World) -> bool:
    """Made past the limit, as before a downgrade."""
    from tenants import api_keys

    made = api_keys._make(
        tenant_id=world.context.tenant_id, name="Newest", scopes=["members:read"], created_by=None,
        created_by_name="", expires_at=None,
    )  # fmt: skip
    return _let_through(Api(made.token).get("me"), refused="key_frozen")


# --- how often

ASKED_BEFORE = 100


@asks("rest list_rules", used=lambda _world: ASKED_BEFORE)
def ask_once_more(world: World) -> bool:
    from frontend_api.v1 import limits
    from frontend_api.v1.callers import Caller
    from saas.core.redis_clients import cache_redis
    from tenants.permissions import STRANGER

    cache_redis().delete(f"rate:{world.context.schema}:programs")
    program = _program(world, "rules:read")
    another = Caller("key", 0, "another", STRANGER)
    for _ in range(ASKED_BEFORE):
        limits.take(tenant=world.context.schema, caller=another, address="", context=world.context)
    return _let_through(program.get("rules"), refused="programs_rate_limited")


COMMANDS_BEFORE = 200


@asks("bot any command", used=lambda _world: COMMANDS_BEFORE)
def use_one_more_command(world: World) -> bool:
    import asyncio

    from django.conf import settings
    from redis.asyncio import Redis

    from bot_shard.limits import CommandLimiter, CommunityBusyError
    from saas.core.redis_clients import cache_redis

    cache_redis().set(f"rate:{world.context.schema}:commands", COMMANDS_BEFORE, ex=60)

    async def use() -> bool:
        async with Redis.from_url(settings.REDIS_URL) as redis:
            try:
                await CommandLimiter(redis).check_community(world.context, "en")
            except CommunityBusyError:
                return False
        return True

    return asyncio.run(use())


# --- history: how many days ago it was


def _age(_world: World) -> int:
    return OLD.days


def _make_old_entry(world: World) -> tuple[int, int]:
    """(member, entry): the scene's own, forty days back."""
    from engagement.ledger.models import LedgerEntry
    from tenants.context import enter_tenant

    with enter_tenant(world.context):
        entry = LedgerEntry.objects.get(pk=world.things["entry_id"])
    return entry.member_id, entry.pk


@asks("page dashboard", used=_age)
def see_it_on_the_home_page(world: World) -> bool:
    """Everything in the scene was done on one day, so that the feed is whole or empty."""
    with clock.frozen_at(clock.now() + OLD):
        return bool(world.owner.get(path("dashboard")).context["feed"])


def _lists_something(world: World, scope: str, what: str) -> bool:
    program = _program(world, scope)
    with clock.frozen_at(clock.now() + OLD):
        answer = program.get(what)
    assert answer.status_code == 200, answer.content
    return bool(answer.json()["items"])


@asks("rest list_entries", used=_age)
def list_entries_over_rest(world: World) -> bool:
    return _lists_something(world, "entries:read", "entries")


@asks("rest list_activities", used=_age)
def list_activities_over_rest(world: World) -> bool:
    from engagement.activity.models import Activity
    from tenants.context import enter_tenant

    member_id, _entry_id = _make_old_entry(world)
    with enter_tenant(world.context):
        Activity.objects.create(
            source_id="old",
            source="key:1",
            member_id=member_id,
            type="message",
            occurred_at=clock.now(),
            attributes={},
        )
    return _lists_something(world, "entries:read", "activities")


@asks("rest list_credit_moves", used=_age)
def list_credit_moves_over_rest(world: World) -> bool:
    from engagement.credits.models import CreditMove, CreditType
    from tenants.context import enter_tenant

    member_id, _entry_id = _make_old_entry(world)
    with enter_tenant(world.context):
        kind = CreditType.objects.order_by("pk")[0]
        CreditMove.objects.create(
            member_id=member_id, type=kind, kind="grant", amount=5, reason="", actor_name="Ada", key="old"
        )
    return _lists_something(world, "credits:read", "credits/moves")


@asks("page reason", used=_age)
def read_a_reason(world: World) -> bool:
    member_id, entry_id = _make_old_entry(world)
    with clock.frozen_at(clock.now() + OLD):
        status = world.owner.get(path("reason", member_id, entry_id)).status_code
    assert status in {200, 404}
    return status == 200


@asks("rest explain_entry", used=_age)
def explain_over_rest(world: World) -> bool:
    _member_id, entry_id = _make_old_entry(world)
    program = _program(world, "entries:read")
    with clock.frozen_at(clock.now() + OLD):
        return _let_through(program.get(f"entries/{entry_id}"), refused="history_hidden")


@asks("bot why", used=_age)
def why_by_the_bot(world: World) -> bool:
    from bot_shard.cogs.history import read_why
    from engagement.members.models import Identity
    from engagement.progression.errors import HistoryHiddenError
    from tenants.context import enter_tenant

    member_id, entry_id = _make_old_entry(world)
    with enter_tenant(world.context):
        account = Identity.objects.filter(member_id=member_id, provider="discord").first()
        if account is None:
            account = Identity.objects.create(
                member_id=member_id, provider="discord", external_id="4343434343"
            )
        with clock.frozen_at(clock.now() + OLD):
            try:
                return (
                    read_why(int(account.external_id), entry_id=entry_id, before_id=None, language="en")
                    is not None
                )
            except HistoryHiddenError:
                return False
