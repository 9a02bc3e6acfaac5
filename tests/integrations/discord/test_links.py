"""Links against Discord's own list, and whom the bot greets: by the bot's joining, never twice within a week."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections

from integrations.discord import greetings
from integrations.discord.greetings import Newcomer, meet_guilds
from integrations.discord.reconciling import reconcile_links
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.models import GuildGreeting, GuildLink, Tenant
from tenants.services import link_guild, mark_guild_removed, unlink_guild
from tests.cast import ACME, GLOBEX
from tests.integrations.discord.scene import Scene

GUILD = 900_000_000_000_000_055


@pytest.fixture
def linked(scene: Scene) -> Any:
    """Acme's link leads to the scene's guild; Globex has none."""
    with enter_schema(PUBLIC):
        for cast in (ACME, GLOBEX):
            unlink_guild(guild_id=cast.guild_id)
        return link_guild(tenant=Tenant.objects.get(slug="acme"), guild_id=scene.guild.id)


def state_of(link: GuildLink) -> str:
    link.refresh_from_db()
    return link.state


def test_what_nobody_heard_is_put_right(scene: Scene, linked: GuildLink) -> None:
    with enter_schema(PUBLIC):
        assert reconcile_links(scene.client) == 0
        scene.state.remove_bot(scene.guild)
        assert reconcile_links(scene.client) == 1
        assert state_of(linked) == "removed"
        assert reconcile_links(scene.client) == 0
        scene.state.install_bot(scene.guild)
        assert reconcile_links(scene.client) == 1
        assert state_of(linked) == "active"
        assert linked.owner_id == scene.guild.owner_id


def test_a_list_that_lacks_a_guild_is_not_believed_alone(
    scene: Scene, linked: GuildLink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scene.client, "list_own_guilds", set)
    with enter_schema(PUBLIC):
        assert reconcile_links(scene.client) == 0
        assert state_of(linked) == "active"


def meet(joined_at: datetime, guild_id: int = GUILD) -> int:
    return meet_guilds(newcomers=[Newcomer(guild_id, joined_at)])


def test_a_guild_is_met_once_for_each_joining(db: None) -> None:
    now = clock.now()
    assert meet(now) == 1
    assert meet(now) == 0, "a restart tells of the same joining"
    GuildGreeting.objects.update(state="sent", sent_at=now)
    with connection.cursor() as cursor:
        cursor.execute("delete from public.procrastinate_jobs")  # the job was done
    assert meet(now + timedelta(minutes=5)) == 0, "invited again within a week"
    GuildGreeting.objects.update(sent_at=now - timedelta(days=8))
    assert meet(now) == 0
    assert meet(now + timedelta(minutes=6)) == 1, "invited again after more than a week"


def test_linked_and_lately_unlinked_guilds_are_not_met(db: None) -> None:
    now = clock.now()
    assert meet(now, ACME.guild_id) == 0
    unlink_guild(guild_id=ACME.guild_id)
    assert meet(now - timedelta(days=1), ACME.guild_id) == 0, "its organiser knows us"
    assert meet(now + timedelta(days=1), ACME.guild_id) == 1, "somebody invited the bot anew"


@pytest.mark.parametrize("state", ["deleted", "suspended"])
def test_the_guild_of_a_closed_community_is_not_greeted_anew(db: None, scene: Scene, state: str) -> None:
    meet(clock.now(), ACME.guild_id)
    Tenant.objects.filter(slug="acme").update(state=state)
    assert meet(clock.now() + timedelta(days=9), ACME.guild_id) == 0
    GuildGreeting.objects.create(guild_id=ACME.guild_id, joined_at=clock.now(), state="waiting")
    row = greetings.greet_guild(scene.client, guild_id=ACME.guild_id)
    assert row is not None
    assert row.state == "retired", "nothing was sent, and it is not tried again"


def test_a_removed_guild_is_its_communitys_still(db: None) -> None:
    mark_guild_removed(guild_id=ACME.guild_id)
    assert meet(clock.now() + timedelta(days=1), ACME.guild_id) == 0


def test_two_processes_that_hear_of_it_greet_once(committed_db: None) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def hear(joined_at: datetime) -> int:
        try:
            return meet(joined_at)
        finally:
            connections.close_all()

    for round_ in range(3):
        joined_at = clock.now() + timedelta(days=10 * round_)
        GuildGreeting.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute("delete from public.procrastinate_jobs")
        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(hear, [joined_at] * 4)) == [0, 0, 0, 1]


def test_a_greeting_that_may_have_gone_out_is_not_sent_again(scene: Scene) -> None:
    with enter_schema(PUBLIC):
        meet(clock.now(), scene.guild.id)
        GuildGreeting.objects.update(attempted_at=clock.now() - timedelta(minutes=5))
        row = greetings.greet_guild(scene.client, guild_id=scene.guild.id)
        assert row is not None
        assert row.state == "unsure"
    assert scene.messages() == []


def test_a_lost_answer_posts_once(scene: Scene) -> None:
    from integrations.discord.errors import DiscordAwayError

    with enter_schema(PUBLIC):
        meet(clock.now(), scene.guild.id)
        scene.state.fail_rest(match="/messages", method="POST", status=-1, after=True)
        with pytest.raises(DiscordAwayError):
            greetings.greet_guild(scene.client, guild_id=scene.guild.id)
        row = greetings.greet_guild(scene.client, guild_id=scene.guild.id)
        assert row is not None
        assert row.state == "sent"
    assert len(scene.messages()) == 1


def test_linked_while_the_greeting_waited_nothing_is_said(scene: Scene) -> None:
    with enter_schema(PUBLIC):
        meet(clock.now(), scene.guild.id)
        unlink_guild(guild_id=ACME.guild_id)
        link_guild(tenant=Tenant.objects.get(slug="acme"), guild_id=scene.guild.id)
        row = greetings.greet_guild(scene.client, guild_id=scene.guild.id)
        assert row is not None
        assert row.state == "retired"
    assert scene.messages() == []


def test_a_guild_that_is_gone_by_then(scene: Scene) -> None:
    with enter_schema(PUBLIC):
        meet(clock.now(), scene.guild.id)
        scene.state.remove_bot(scene.guild)
        row = greetings.greet_guild(scene.client, guild_id=scene.guild.id)
        assert row is not None
        assert row.state == "nowhere"
