"""The page of the bot: what became of the server, what stands in the bot's way, unlinking and linking another."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.cast import ACME as CAST
from tests.frontend_api.hosts import ACME, GLOBEX, Browser
from tests.frontend_api.local_discord import LocalPeople
from tests.frontend_api.portal.test_leaderboard import text_of

OWNER = CAST.discord_id("owner")
HTMX = {"HX-Request": "true"}


def change_link(**values: Any) -> None:
    from tenants.models import GuildLink

    assert GuildLink.objects.filter(guild_id=CAST.guild_id).update(**values)


def page(browser: Browser, query: str = "") -> str:
    return text_of(browser.on(ACME).get(f"/dashboard/bot/{query}"))


def check(browser: Browser) -> str:
    return text_of(browser.on(ACME).get("/dashboard/bot/check/", headers=HTMX))


@pytest.fixture
def guild(discord: LocalPeople, pages: Browser, redis_cache: Any) -> Any:
    """Acme's server with the bot in it, every permission as asked for, and a bot that is online."""
    from integrations.discord.presence import KEY, encode_presence
    from integrations.discord.rights import ASKED_FOR

    made = discord.guild("Acme", OWNER, guild_id=CAST.guild_id)
    discord.server.state.install_bot(made, granted=ASKED_FOR)
    redis_cache.hset(KEY, "0/1", encode_presence(is_connected=True, members_intent=True, commands=[]))
    pages.sign_in("acme-owner")
    return made


def test_without_a_server_the_one_next_step_is_to_add_the_bot(pages: Browser) -> None:
    from tenants.services import unlink_guild

    unlink_guild(guild_id=CAST.guild_id)
    pages.sign_in("acme-owner")
    text = page(pages)
    assert "No server is linked yet" in text
    assert "http://localhost/discord/install/?to=acme" in text
    assert "Manage Roles" in text
    assert "Gives and takes the level roles that you list" in text


def test_what_only_admins_may_is_not_offered_to_others(pages: Browser) -> None:
    from tenants.services import unlink_guild

    pages.sign_in("acme-moderator")
    assert "Unlink the server" not in page(pages)
    unlink_guild(guild_id=CAST.guild_id)
    text = page(pages)
    assert "An admin or the owner of Acme Makers can add the bot" in text
    assert "/discord/install/" not in text


def test_all_in_order(pages: Browser, guild: Any) -> None:
    text = check(pages)
    assert "need a look" not in text
    assert "The bot is online" in text
    assert "It sees every channel" in text
    assert "<html" not in text


def test_what_is_wrong_stands_first_with_its_fix(pages: Browser, discord: LocalPeople, guild: Any) -> None:
    from integrations.discord.models import LevelRole
    from ops.sandbox.discord.state.entities import Overwrite
    from ops.sandbox.discord.state.guilds import update_channel

    state = discord.server.state
    gold = state.create_role(guild, "Gold <b>", position=9)
    secret = state.create_channel(guild, "secret")
    everyone = {guild.id: Overwrite(guild.id, 0, 0, 1 << 10)}
    discord.server.call(update_channel, discord.world, secret, overwrites=everyone)
    with enter_tenant(_acme()):
        LevelRole.objects.create(level=5, role_id=gold.id)
    text = check(pages)
    assert "It stands too low to give 1 level role" in text
    assert "above “Gold &lt;b&gt;”" in text
    assert "It does not see 1 channel" in text
    assert "#secret" in text
    assert text.index("too low to give") < text.index("It does not see") < text.index("The bot is online")
    own = next(role for role in guild.roles.values() if role.managed)
    state.move_role(guild, own, 9)
    assert "too low to give" not in check(pages), "the check is live"


def test_a_kicked_bot_is_said_on_the_page_and_at_home(
    pages: Browser, guild: Any, discord: LocalPeople
) -> None:
    from tenants.services import mark_guild_removed, mark_guild_returned

    discord.server.state.remove_bot(guild)
    mark_guild_removed(guild_id=CAST.guild_id)
    text = page(pages)
    assert "Bot removed" in text
    assert "Add the bot again" in text
    assert "The bot is no longer in" in text_of(pages.on(ACME).get("/dashboard/"))
    checked = check(pages)
    assert "The bot is not in the server" in checked
    assert "Points and members are kept" in checked
    mark_guild_returned(guild_id=CAST.guild_id)
    assert "Bot removed" not in page(pages)
    assert "no longer in" not in text_of(pages.on(ACME).get("/dashboard/"))


def test_an_outage_reads_as_one(pages: Browser) -> None:
    change_link(unavailable_since=clock.now(), guild_name="Acme HQ")
    pages.sign_in("acme-owner")
    assert "Outage at Discord" in page(pages)
    home = text_of(pages.on(ACME).get("/dashboard/"))
    assert "Discord has an outage in Acme HQ" in home
    assert "no longer in" not in home


def test_a_new_owner_in_discord_is_told_and_changes_nothing_here(pages: Browser, acme: TenantContext) -> None:
    from engagement.progression.services import ensure_member
    from tenants.models import Membership

    with enter_tenant(acme):
        ensure_member(provider="discord", external_id="810000000000000001", display_name="Nora New")
    change_link(owner_id=810_000_000_000_000_001, owner_changed_at=clock.now(), guild_name="Acme HQ")
    pages.sign_in("acme-owner")
    text = page(pages)
    assert "Acme HQ has a new owner in Discord" in text
    assert "Nora New owns the server now" in text
    assert Membership.objects.get(user__username="acme-owner", tenant__slug="acme").role == "owner"
    change_link(owner_changed_at=clock.now() - timedelta(days=31))
    assert "new owner" not in page(pages)
    change_link(owner_changed_at=clock.now(), owner_id=OWNER)
    assert "new owner" not in page(pages), "who owns both needs no telling"


@pytest.mark.parametrize("leave", [True, False])
def test_unlinking(
    pages: Browser, discord: LocalPeople, guild: Any, acme: TenantContext, leave: bool
) -> None:
    from engagement.audit.models import AuditEntry
    from integrations.discord.jobs import leave_guild
    from saas.events import PUBLIC
    from tenants.models import GuildLink

    form = {"guild": str(CAST.guild_id)} | ({"leave": "yes"} if leave else {})
    answer = pages.on(ACME).post("/dashboard/bot/unlink/", form)
    assert answer["Location"] == "/dashboard/bot/?parted=1"
    assert "The server was unlinked" in page(pages, "?parted=1")
    assert GuildLink.objects.get(guild_id=CAST.guild_id).state == "unlinked"
    waiting = _jobs("integrations.discord.leave_guild")
    assert waiting == ([f'{{"tenant": "public", "guild_id": {CAST.guild_id}}}'] if leave else [])
    if leave:
        leave_guild(tenant=PUBLIC, guild_id=CAST.guild_id)
        leave_guild(tenant=PUBLIC, guild_id=CAST.guild_id)
    assert (discord.world.bot_id in guild.members) is not leave
    with enter_tenant(acme):
        entry = AuditEntry.objects.get(action="guild.unlinked")
        assert (entry.actor_name, entry.target_id) == ("Acme Owner", str(CAST.guild_id))
    assert pages.on(ACME).post("/dashboard/bot/unlink/", form).status_code == 404, (
        "sent twice, nothing happens twice"
    )
    with enter_tenant(acme):
        assert AuditEntry.objects.filter(action="guild.unlinked").count() == 1


def test_the_bot_stays_where_somebody_linked_the_server_again(
    pages: Browser, discord: LocalPeople, guild: Any
) -> None:
    from integrations.discord.jobs import leave_guild
    from saas.events import PUBLIC
    from tenants.models import Tenant
    from tenants.services import link_guild

    pages.on(ACME).post("/dashboard/bot/unlink/", {"guild": str(CAST.guild_id), "leave": "yes"})
    link_guild(tenant=Tenant.objects.get(slug="acme"), guild_id=CAST.guild_id)
    leave_guild(tenant=PUBLIC, guild_id=CAST.guild_id)
    assert discord.world.bot_id in guild.members


def test_another_server_can_be_linked_afterwards(pages: Browser, discord: LocalPeople, guild: Any) -> None:
    from tenants.models import GuildLink

    pages.on(ACME).post("/dashboard/bot/unlink/", {"guild": str(CAST.guild_id)})
    other = discord.guild("Another", OWNER)
    address = pages.on("localhost").get("/discord/install/", {"to": "acme"})["Location"]
    pages.on("localhost").get("/oauth/discord/callback", discord.decide(address, OWNER, guild=other))
    assert GuildLink.objects.get(guild_id=other.id).state == "active"


@pytest.mark.parametrize(
    ("username", "status"), [("acme-moderator", 403), ("acme-member", 403), ("globex-owner", 403), ("", 302)]
)
def test_who_may_not_unlink(pages: Browser, username: str, status: int) -> None:
    from tenants.models import GuildLink

    if username:
        pages.sign_in(username, path="/earn/")
    answer = pages.on(ACME).post("/dashboard/bot/unlink/", {"guild": str(CAST.guild_id)})
    assert answer.status_code == status
    assert GuildLink.objects.get(guild_id=CAST.guild_id).state == "active"


@pytest.mark.parametrize(("guild_id", "status"), [("", 422), ("x", 422), ("9" * 40, 422), ("5", 404)])
def test_a_form_that_names_no_server_of_theirs(pages: Browser, guild_id: str, status: int) -> None:
    from tests.cast import GLOBEX as OTHERS

    pages.sign_in("acme-owner")
    assert pages.on(ACME).post("/dashboard/bot/unlink/", {"guild": guild_id}).status_code == status
    taken = pages.on(ACME).post("/dashboard/bot/unlink/", {"guild": str(OTHERS.guild_id)})
    assert taken.status_code == 404


def test_while_discord_is_away_the_check_says_so(pages: Browser, discord: LocalPeople, guild: Any) -> None:
    discord.server.state.outage(30)
    text = check(pages)
    discord.server.state.clear_faults()
    assert "Discord does not answer at the moment" in text


def test_checks_are_counted_for_the_community(pages: Browser, guild: Any) -> None:
    answers = [pages.on(ACME).get("/dashboard/bot/check/", headers=HTMX).status_code for _ in range(21)]
    assert answers[0] == 200
    assert answers[-1] == 429


def test_without_scripts_the_check_is_a_link(pages: Browser, guild: Any) -> None:
    answer = pages.on(ACME).get("/dashboard/bot/check/")
    assert answer["Location"] == "/dashboard/bot/?check=1"
    assert "The bot is online" in page(pages, "?check=1")


def test_linking_and_claiming_are_recorded(pages: Browser, discord: LocalPeople, acme: TenantContext) -> None:
    from engagement.audit.models import AuditEntry
    from tenants.services import unlink_guild

    unlink_guild(guild_id=CAST.guild_id)
    guild = discord.guild("Fresh", OWNER)
    pages.sign_in("acme-owner")
    for _ in range(2):
        address = pages.on("localhost").get("/discord/install/", {"to": "acme"})["Location"]
        pages.on("localhost").get("/oauth/discord/callback", discord.decide(address, OWNER, guild=guild))
    with enter_tenant(acme):
        (entry,) = AuditEntry.objects.filter(action="guild.linked")
    assert (entry.actor_name, entry.actor_role, entry.target_name) == ("Acme Owner", "owner", "Fresh")


def test_other_communities_see_nothing_of_it(pages: Browser) -> None:
    change_link(unavailable_since=clock.now())
    other = Browser()
    other.sign_in("globex-owner", host=GLOBEX)
    assert "outage" not in text_of(other.on(GLOBEX).get("/dashboard/bot/")).lower()


def _acme() -> TenantContext:
    from tenants.routing import get_routing

    match = get_routing().context_for_host(ACME)
    assert match is not None
    assert match.context is not None
    return match.context


def _jobs(name: str) -> list[str]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select args::text from public.procrastinate_jobs where task_name = %s", [name])
        return [str(row[0]) for row in cursor.fetchall()]
