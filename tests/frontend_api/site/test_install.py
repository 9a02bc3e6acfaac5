"""The bot is added by the code grant: the token names the guild, its manager is asked for live, a guild has one community."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.cast import ACME as CAST
from tests.cast import GLOBEX as OTHERS
from tests.frontend_api.hosts import ACME, BASE, GLOBEX, Browser
from tests.frontend_api.local_discord import LocalPeople

CALLBACK = "/oauth/discord/callback"
OWNER = CAST.discord_id("owner")


@pytest.fixture
def free(pages: Browser) -> Browser:
    """Acme and Globex have no guild yet, and Acme's owner is signed in."""
    from tenants.services import unlink_guild

    unlink_guild(guild_id=CAST.guild_id)
    unlink_guild(guild_id=OTHERS.guild_id)
    pages.sign_in("acme-owner")
    return pages


def begin(browser: Browser, slug: str = "acme") -> str:
    answer = browser.on(BASE).get("/discord/install/", {"to": slug})
    assert answer.status_code == 302, answer.content
    return str(answer["Location"])


def finish(browser: Browser, back: dict[str, str]) -> Any:
    return browser.on(BASE).get(CALLBACK, back)


def linked(slug: str = "acme") -> int | None:
    from tenants.models import GuildLink

    found = GuildLink.objects.filter(tenant__slug=slug).exclude(state="unlinked").first()
    return found.guild_id if found else None


def test_the_whole_way(free: Browser, discord: LocalPeople) -> None:
    from tenants.models import GuildLink

    guild = discord.guild("Acme <script>", OWNER)
    address = begin(free)
    asked = {key: value[0] for key, value in parse_qs(urlsplit(address).query).items()}
    assert address.startswith(f"{discord.server.web_url}/oauth2/authorize?")
    assert asked["scope"] == "bot applications.commands identify"
    assert asked["redirect_uri"] == "http://localhost/oauth/discord/callback"
    assert asked["code_challenge_method"] == "S256"
    assert int(asked["permissions"]) == 1 << 10 | 1 << 11 | 1 << 14 | 1 << 28 | 1 << 38
    answer = finish(free, discord.decide(address, OWNER, guild=guild))
    assert answer.status_code == 302
    assert answer["Location"].startswith("http://acme.localhost/login/?next=%2Fdashboard%2Fbot%2F")
    link = GuildLink.objects.get(guild_id=guild.id)
    assert (link.tenant.slug, link.guild_name, link.owner_id) == ("acme", "Acme <script>", OWNER)


def test_a_manager_may_who_is_not_the_owner(free: Browser, discord: LocalPeople) -> None:
    guild = discord.guild("Acme", 810_000_000_000_000_001)
    discord.manager(guild, OWNER)
    finish(free, discord.decide(begin(free), OWNER, guild=guild))
    assert linked() == guild.id


def test_a_forged_guild_id_changes_nothing(free: Browser, discord: LocalPeople) -> None:
    guild, other = (
        discord.guild("Mine", OWNER),
        discord.guild("Theirs", 810_000_000_000_000_001, with_bot=True),
    )
    back = discord.decide(begin(free), OWNER, guild=guild)
    finish(free, back | {"guild_id": str(other.id)})
    assert linked() == guild.id


def test_a_grant_without_a_guild_links_nothing(free: Browser, discord: LocalPeople) -> None:
    """Somebody takes `bot` out of the address and adds a guild to the answer."""
    other = discord.guild("Theirs", 810_000_000_000_000_001, with_bot=True)
    discord.person(OWNER)
    address = begin(free).replace("bot+applications.commands+identify", "identify")
    answer = finish(free, discord.decide(address, OWNER) | {"guild_id": str(other.id)})
    assert answer.status_code == 400
    assert "added the bot to no server" in answer.content.decode()
    assert linked() is None
    assert discord.tokens() == 0


def test_demoted_between_consent_and_return(free: Browser, discord: LocalPeople) -> None:
    guild = discord.guild("Acme", 810_000_000_000_000_001)
    role = discord.manager(guild, OWNER)
    back = discord.decide(begin(free), OWNER, guild=guild)
    discord.server.state.take_role(guild, discord.person(OWNER), role)
    answer = finish(free, back)
    assert answer.status_code == 403
    assert "do not hold Manage Server" in answer.content.decode()
    assert linked() is None
    assert discord.tokens() == 0, "the grant was given back"
    assert discord.world.bot_id not in guild.members, "the bot left again"


def test_gone_from_the_guild_between_consent_and_return(free: Browser, discord: LocalPeople) -> None:
    guild = discord.guild("Acme", 810_000_000_000_000_001)
    discord.manager(guild, OWNER)
    back = discord.decide(begin(free), OWNER, guild=guild)
    discord.server.state.leave(guild, discord.person(OWNER))
    assert finish(free, back).status_code == 403
    assert linked() is None


def test_a_guild_that_had_the_bot_already_keeps_it_after_a_refusal(
    free: Browser, discord: LocalPeople
) -> None:
    guild = discord.guild("Acme", 810_000_000_000_000_001, with_bot=True)
    guild.members[discord.world.bot_id].joined_ms -= 3_600_000
    role = discord.manager(guild, OWNER)
    back = discord.decide(begin(free), OWNER, guild=guild)
    discord.server.state.take_role(guild, discord.person(OWNER), role)
    finish(free, back)
    assert discord.world.bot_id in guild.members


def test_a_linked_guild_cannot_be_taken(free: Browser, discord: LocalPeople) -> None:
    from tenants.models import Tenant
    from tenants.services import link_guild

    guild = discord.guild("Contested", OWNER, with_bot=True)
    link_guild(tenant=Tenant.objects.get(slug="globex"), guild_id=guild.id)
    answer = finish(free, discord.decide(begin(free), OWNER, guild=guild))
    assert answer.status_code == 409
    assert "linked to another community" in answer.content.decode()
    assert "globex" not in answer.content.decode().lower()
    assert (linked("globex"), linked("acme")) == (guild.id, None)
    assert discord.world.bot_id in guild.members, "the other community keeps its bot"


def test_a_second_guild_is_refused_with_what_to_do(free: Browser, discord: LocalPeople) -> None:
    first, second = discord.guild("First", OWNER), discord.guild("Second", OWNER)
    finish(free, discord.decide(begin(free), OWNER, guild=first))
    answer = finish(free, discord.decide(begin(free), OWNER, guild=second))
    assert answer.status_code == 409
    assert "Unlink that one" in answer.content.decode()
    assert linked() == first.id
    assert discord.world.bot_id not in second.members


def test_linking_again_is_harmless_and_revives(free: Browser, discord: LocalPeople) -> None:
    from tenants.services import mark_guild_removed

    guild = discord.guild("Acme", OWNER)
    finish(free, discord.decide(begin(free), OWNER, guild=guild))
    mark_guild_removed(guild_id=guild.id)
    discord.server.state.remove_bot(guild)
    address = begin(free)
    assert f"guild_id={guild.id}" in address, "the guild that it had is chosen beforehand"
    finish(free, discord.decide(address, OWNER, guild=guild))
    assert linked() == guild.id
    finish(free, discord.decide(begin(free), OWNER, guild=guild))
    assert linked() == guild.id


def test_who_cancels_is_told_so(free: Browser, discord: LocalPeople) -> None:
    guild = discord.guild("Acme", OWNER)
    answer = finish(free, discord.decide(begin(free), OWNER, guild=guild, answer="cancel"))
    assert "You cancelled on Discord’s page" in answer.content.decode().replace("&#x27;", "’").replace(
        "'", "’"
    )
    assert "/discord/install/?to=acme" in answer.content.decode()
    assert linked() is None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("server_error", "a problem of its own"),
        ("temporarily_unavailable", "too busy"),
        ("invalid_scope", "did not know what we asked for"),
        ("<script>", "not whole"),
        ("", "not whole"),
    ],
)
def test_discords_other_errors_read_plainly(
    free: Browser, discord: LocalPeople, error: str, words: str
) -> None:
    state = parse_qs(urlsplit(begin(free)).query)["state"][0]
    answer = finish(free, {"state": state, "error": error})
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert "<script>" not in answer.content.decode().split("</head>")[1]


def test_a_replayed_answer_is_refused(free: Browser, discord: LocalPeople) -> None:
    guild = discord.guild("Acme", OWNER)
    back = discord.decide(begin(free), OWNER, guild=guild)
    finish(free, back)
    again = finish(free, back)
    assert again.status_code == 403
    assert "used already" in again.content.decode()


def test_a_used_code_under_a_fresh_state_is_refused(free: Browser, discord: LocalPeople) -> None:
    guild = discord.guild("Acme", OWNER)
    back = discord.decide(begin(free), OWNER, guild=guild)
    finish(free, back)
    fresh = parse_qs(urlsplit(begin(free)).query)["state"][0]
    answer = finish(free, back | {"state": fresh})
    assert answer.status_code == 400
    assert "used already, or is older than ten minutes" in answer.content.decode()


def test_a_code_of_another_journey_fails_its_pkce(free: Browser, discord: LocalPeople) -> None:
    """Somebody else's code is slipped into an organiser's journey."""
    guild = discord.guild("Acme", OWNER)
    foreign = discord.decide(begin(free), OWNER, guild=guild)["code"]
    state = parse_qs(urlsplit(begin(free)).query)["state"][0]
    assert finish(free, {"state": state, "code": foreign}).status_code == 400
    assert linked() is None


def test_a_state_of_another_login_is_refused(free: Browser, discord: LocalPeople) -> None:
    guild = discord.guild("Acme", OWNER)
    back = discord.decide(begin(free), OWNER, guild=guild)
    thief = Browser()
    thief.sign_in("globex-owner", host=GLOBEX)
    assert finish(thief, back).status_code == 403
    assert finish(free, back).status_code == 403, "shown elsewhere, it is spent"
    assert (linked(), linked("globex")) == (None, None)


def test_a_state_that_expired_is_refused(free: Browser, discord: LocalPeople, redis_cache: Any) -> None:
    guild = discord.guild("Acme", OWNER)
    back = discord.decide(begin(free), OWNER, guild=guild)
    redis_cache.delete(*redis_cache.keys("oauth:*"))
    answer = finish(free, back)
    assert answer.status_code == 403
    assert "longer than ten minutes" in answer.content.decode()


def test_who_lost_their_role_in_the_community_meanwhile_links_nothing(
    free: Browser, discord: LocalPeople
) -> None:
    from tenants.models import Membership

    guild = discord.guild("Acme", OWNER)
    back = discord.decide(begin(free), OWNER, guild=guild)
    Membership.objects.filter(user__username="acme-owner").update(role="moderator")
    assert finish(free, back).status_code == 403
    assert linked() is None
    assert discord.tokens() == 0
    assert discord.world.bot_id not in guild.members


@pytest.mark.parametrize(
    ("username", "slug", "status"),
    [
        ("acme-owner", "acme", 302),
        ("acme-moderator", "acme", 403),
        ("acme-member", "acme", 404),
        ("acme-owner", "globex", 404),
        ("acme-owner", "nowhere", 404),
        ("acme-owner", "", 404),
    ],
)
def test_who_may_begin(pages: Browser, discord: LocalPeople, username: str, slug: str, status: int) -> None:
    pages.sign_in(username, path="/earn/")
    assert pages.on(BASE).get("/discord/install/", {"to": slug}).status_code == status


def test_a_stranger_signs_in_first(pages: Browser) -> None:
    answer = pages.on(BASE).get("/discord/install/", {"to": "acme"})
    assert answer["Location"] == "/login/?next=%2Fdiscord%2Finstall%2F%3Fto%3Dacme"
    assert pages.on(ACME).get("/discord/install/").status_code == 404


def test_while_discord_is_away_nothing_is_linked(free: Browser, discord: LocalPeople) -> None:
    guild = discord.guild("Acme", OWNER)
    back = discord.decide(begin(free), OWNER, guild=guild)
    discord.server.state.outage(30)
    answer = finish(free, back)
    discord.server.state.clear_faults()
    assert answer.status_code == 503
    assert "does not answer" in answer.content.decode()
    assert linked() is None


def test_an_installation_without_an_application_says_so(free: Browser, settings: Any) -> None:
    settings.DISCORD_CLIENT_SECRET = ""
    answer = free.on(BASE).get("/discord/install/", {"to": "acme"})
    assert answer.status_code == 400
    assert "not set up" in answer.content.decode()
