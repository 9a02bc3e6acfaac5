"""From the event to Discord: published, deferred, worked off, over real sockets and real commits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from procrastinate.contrib.django import app
from redis import Redis

from engagement.audit.actor import SYSTEM
from engagement.members.models import Identity, Member
from engagement.progression.events import CurveChanged, LevelLost, LevelReached
from engagement.progression.models import MemberProgress
from integrations.discord import roles as roles_module
from integrations.discord.client import _make_client
from integrations.discord.jobs import sweep_tenant_roles
from integrations.discord.models import Delivery
from integrations.discord.roles import add_level_role
from ops.sandbox.discord import LocalDiscordThread
from saas.events import publish
from tenants import routing as routing_module
from tenants.context import TenantContext, enter_tenant
from tenants.models import Tenant
from tenants.routing import Routing
from tenants.services import link_guild, unlink_guild
from tests.cast import ACME
from tests.saas.events.material import read_jobs


@pytest.fixture
def linked(
    committed_db: None,
    acme: TenantContext,
    server: LocalDiscordThread,
    settings: Any,
    redis_cache: Redis,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[dict[str, Any]]:
    """Acme linked to a guild of the local Discord, a member with identity, and a role for level 5."""
    server.call(server.discord.reset)
    settings.DISCORD_API_URL, settings.DISCORD_BOT_TOKEN = server.api_url, "local-bot-token"
    _make_client.cache_clear()
    # Periodic jobs are due or not by the hour at which the tests run.
    monkeypatch.setattr(app.periodic_registry, "periodic_tasks", {})
    roles_module._standings.clear()
    monkeypatch.setattr(routing_module, "_routing", Routing())
    guild = server.state.create_guild("Acme", server.state.create_user("acme.owner"))
    role = server.state.create_role(guild, "Regular")
    own = next(found for found in guild.roles.values() if found.bot_id is not None)
    server.state.move_role(guild, own.id, len(guild.roles) - 1)
    user = server.state.create_user("ada", "Ada")
    server.state.join(guild, user)
    unlink_guild(guild_id=ACME.guild_id)
    link_guild(tenant=Tenant.objects.get(slug="acme"), guild_id=guild.id)
    with enter_tenant(acme):
        member = Member.objects.create(display_name="Ada")
        Identity.objects.create(provider="discord", external_id=str(user.id), member=member)
        add_level_role(actor=SYSTEM, level=5, role_id=role.id)
        sweeps = [job["task_name"] for job in discord_jobs() if "retire_greeting" not in job["task_name"]]
        assert sweeps == ["integrations.discord.sweep_tenant_roles"]
        work()
    channel = next(iter(guild.channels.values()))
    yield {"guild": guild, "user": user, "member": member, "role": role, "channel": channel}
    routing_module._routing.stop()


def reach(context: TenantContext, linked: dict[str, Any], level: int) -> None:
    with enter_tenant(context), transaction.atomic():
        MemberProgress.objects.update_or_create(member_id=linked["member"].pk, defaults={"level": level})
        event = LevelReached if level else LevelLost
        extra = {"channel_id": str(linked["channel"].id)} if level else {}
        publish(event(member_id=linked["member"].pk, level=level, previous_level=1, lifetime=900, **extra))


def work() -> list[str]:
    """Work the queue off; what did not succeed, by name and status."""
    routing_module._routing.load()  # Tests change tenants' rows without announcing it.
    call_command("run_worker", queues="discord", until_empty=True, concurrency=4)
    return [f"{j['task_name']} {j['status']}" for j in discord_jobs() if j["status"] != "succeeded"]


def discord_jobs() -> list[dict[str, Any]]:
    return [job for job in read_jobs() if job["queue_name"] == "discord"]


def messages(server: LocalDiscordThread, linked: dict[str, Any]) -> list[Any]:
    return list(server.discord.world.messages.get(linked["channel"].id, {}).values())


def test_a_level_is_announced_and_its_role_given_once(
    linked: dict[str, Any], acme: TenantContext, server: LocalDiscordThread
) -> None:
    reach(acme, linked, 5)
    assert messages(server, linked) == []
    assert work() == []
    told = messages(server, linked)
    assert [message.embeds[0]["description"] for message in told] == [
        "🎉 **Ada** reached **level 5** — 900 points."
    ]
    assert linked["guild"].members[linked["user"].id].roles == [linked["role"].id]
    # When the level is lost again
    reach(acme, linked, 0)
    assert work() == []
    assert linked["guild"].members[linked["user"].id].roles == []
    assert len(messages(server, linked)) == 1
    assert server.violations == []


def test_a_job_that_runs_twice_tells_once(
    linked: dict[str, Any], acme: TenantContext, server: LocalDiscordThread
) -> None:
    reach(acme, linked, 5)
    work()
    job = next(job for job in read_jobs() if job["task_name"] == "integrations.discord.announce_level")
    from integrations.discord.jobs import announce_level

    for _ in range(2):
        announce_level(**job["args"])
    assert len(messages(server, linked)) == 1


def test_discord_away_keeps_the_jobs_and_tells_afterwards(
    linked: dict[str, Any], acme: TenantContext, server: LocalDiscordThread
) -> None:
    server.state.fail_rest(status=503, count=0)
    reach(acme, linked, 5)
    waiting = work()
    assert waiting == ["integrations.discord.announce_level todo", "integrations.discord.follow_level todo"]
    server.state.clear_faults()
    hurry()
    assert work() == []
    assert len(messages(server, linked)) == 1
    assert linked["guild"].members[linked["user"].id].roles == [linked["role"].id]


def hurry() -> None:
    """Let the waiting jobs be due now."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("update procrastinate_jobs set scheduled_at = null where status = 'todo'")


def test_a_changed_curve_lets_the_roles_follow(
    linked: dict[str, Any], acme: TenantContext, server: LocalDiscordThread
) -> None:
    with enter_tenant(acme), transaction.atomic():
        MemberProgress.objects.create(member_id=linked["member"].pk, level=5)
        publish(CurveChanged(kind="linear", members=1))
    while any(job["status"] == "todo" for job in discord_jobs()):
        work()  # The handler defers the sweep, which defers the sync.
    assert linked["guild"].members[linked["user"].id].roles == [linked["role"].id]


def test_in_shadow_mode_discord_hears_nothing(
    linked: dict[str, Any], acme: TenantContext, server: LocalDiscordThread
) -> None:
    Tenant.objects.filter(slug="acme").update(live=False)
    reach(acme, linked, 5)
    server.discord.calls.clear()
    assert work() == []
    assert not server.discord.calls
    with enter_tenant(acme):
        assert not Delivery.objects.exists()


def test_a_plan_without_them_gives_no_roles(
    linked: dict[str, Any], acme: TenantContext, server: LocalDiscordThread
) -> None:
    plan = {"phases": [{"starts_at": "2020-01-01T00:00:00+00:00", "features": ["announcements"]}]}
    Tenant.objects.filter(slug="acme").update(entitlements=plan)
    reach(acme, linked, 5)
    assert work() == []
    assert len(messages(server, linked)) == 1
    assert linked["guild"].members[linked["user"].id].roles == []


def test_a_wrong_token_stops_everything_and_is_not_tried_again(
    linked: dict[str, Any], acme: TenantContext, server: LocalDiscordThread, settings: Any
) -> None:
    settings.DISCORD_BOT_TOKEN = "somebody-else"
    reach(acme, linked, 5)
    server.discord.calls.clear()
    outcomes = work()
    assert (
        "integrations.discord.announce_level failed" in outcomes
        or "integrations.discord.follow_level failed" in outcomes
    )
    before = sum(server.discord.calls.values())
    hurry()
    work()
    assert sum(server.discord.calls.values()) == before  # The breaker is open.


def test_the_sweep_gives_what_was_missed(
    linked: dict[str, Any], acme: TenantContext, server: LocalDiscordThread
) -> None:
    with enter_tenant(acme):
        MemberProgress.objects.create(member_id=linked["member"].pk, level=9)
    sweep_tenant_roles(tenant=acme.schema)
    sweep_tenant_roles(tenant=acme.schema)
    assert [job["status"] for job in discord_jobs() if "sync" in job["task_name"]] == [
        "todo"
    ]  # One waits already.
    assert work() == []
    assert linked["guild"].members[linked["user"].id].roles == [linked["role"].id]
