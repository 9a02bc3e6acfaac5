"""The link under the Claim button: signed in as that Discord user, one chooses a community without a server."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.cast import ACME as CAST
from tests.cast import GLOBEX as OTHERS
from tests.frontend_api.hosts import BASE, GLOBEX, Browser
from tests.frontend_api.local_discord import LocalPeople

OWNER = CAST.discord_id("owner")


@pytest.fixture
def guild(pages: Browser, discord: LocalPeople) -> Any:
    """A server of Acme's owner that nobody connected; Acme waits for one."""
    from tenants.services import unlink_guild

    unlink_guild(guild_id=CAST.guild_id)
    return discord.guild("Fresh <b>", OWNER, with_bot=True)


def link(guild: Any, discord_id: int = OWNER) -> str:
    from tenants.claims import get_claim_address

    parts = urlsplit(get_claim_address(guild_id=guild.id, guild_name=guild.name, discord_id=discord_id))
    return f"{parts.path}?{parts.query}"


def choose(browser: Browser, address: str, to: str) -> Any:
    ticket = address.partition("ticket=")[2]
    return browser.on(BASE).post("/claim/", {"ticket": ticket, "to": to})


def owner_of(guild: Any) -> str | None:
    from tenants.models import GuildLink

    found = GuildLink.objects.filter(guild_id=guild.id).exclude(state="unlinked").first()
    return found.tenant.slug if found else None


def test_the_whole_way(pages: Browser, guild: Any) -> None:
    address = link(guild)
    stranger = pages.on(BASE).get(address)
    assert "Sign in with the Discord user who pressed the button" in stranger.content.decode()
    pages.sign_in("acme-owner")
    page = pages.on(BASE).get(address)
    assert "Acme Makers" in page.content.decode()
    assert "Fresh &lt;b&gt;" in page.content.decode()
    assert owner_of(guild) is None, "opening it changes nothing"
    done = choose(pages, address, "acme")
    assert done["Location"].startswith("http://acme.localhost/login/?next=%2Fdashboard%2Fbot%2F")
    assert owner_of(guild) == "acme"


def test_replayed_it_is_refused(pages: Browser, guild: Any) -> None:
    pages.sign_in("acme-owner")
    address = link(guild)
    choose(pages, address, "acme")
    assert choose(pages, address, "acme").status_code == 403
    answer = pages.on(BASE).get(address)
    assert answer.status_code == 403
    assert "Press the button in your server again" in answer.content.decode()


def test_another_login_cannot_use_it(pages: Browser, guild: Any) -> None:
    address = link(guild)
    pages.sign_in("globex-owner", host=GLOBEX)
    for answer in (
        pages.on(BASE).get(address),
        choose(pages, address, "globex"),
        choose(pages, address, "new"),
    ):
        assert answer.status_code == 403
        assert "signed in as somebody else" in answer.content.decode()
    assert owner_of(guild) is None
    owner = Browser()
    owner.sign_in("acme-owner")
    choose(owner, address, "acme")
    assert owner_of(guild) == "acme", "and its owner still can"


def test_a_login_without_discord_cannot_use_it(pages: Browser, guild: Any) -> None:
    from tenants.models import User

    User.objects.filter(username="acme-owner").update(discord_id=None)
    pages.sign_in("acme-owner")
    assert pages.on(BASE).get(link(guild)).status_code == 403


@pytest.mark.parametrize("to", ["globex", "nowhere", "", "acme' or 1=1"])
def test_anothers_community_cannot_be_chosen(pages: Browser, guild: Any, to: str) -> None:
    from tenants.services import unlink_guild

    unlink_guild(guild_id=OTHERS.guild_id)
    pages.sign_in("acme-owner")
    address = link(guild)
    assert choose(pages, address, to).status_code == 404
    assert owner_of(guild) is None
    choose(pages, address, "acme")
    assert owner_of(guild) == "acme", "a choice that could not be is not the ticket's end"


@pytest.mark.parametrize(
    ("role", "seen"), [("owner", True), ("admin", True), ("moderator", False), ("analyst", False)]
)
def test_only_who_may_link_is_offered_a_community(pages: Browser, guild: Any, role: str, seen: bool) -> None:
    from tenants.models import Membership

    pages.sign_in("acme-owner")
    Membership.objects.filter(user__username="acme-owner").update(role=role)
    page = pages.on(BASE).get(link(guild)).content.decode()
    assert ("Acme Makers" in page) is seen
    assert "Make a new community" in page


def test_a_community_that_has_a_server_is_not_offered(pages: Browser, guild: Any) -> None:
    from tenants.models import Tenant
    from tenants.services import link_guild

    link_guild(tenant=Tenant.objects.get(slug="acme"), guild_id=CAST.guild_id)
    pages.sign_in("acme-owner")
    address = link(guild)
    assert "Acme Makers" not in pages.on(BASE).get(address).content.decode()
    assert choose(pages, address, "acme").status_code == 404


def test_demoted_since_the_button_was_pressed(pages: Browser, discord: LocalPeople, guild: Any) -> None:
    address = link(guild)
    guild.owner_id = discord.person(810_000_000_000_000_001).id
    pages.sign_in("acme-owner")
    answer = choose(pages, address, "acme")
    assert answer.status_code == 403
    assert "do not hold Manage Server" in answer.content.decode()
    assert owner_of(guild) is None


def test_somebody_was_faster(pages: Browser, guild: Any) -> None:
    from tenants.models import Tenant
    from tenants.services import link_guild, unlink_guild

    unlink_guild(guild_id=OTHERS.guild_id)
    address = link(guild)
    link_guild(tenant=Tenant.objects.get(slug="globex"), guild_id=guild.id)
    pages.sign_in("acme-owner")
    answer = choose(pages, address, "acme")
    assert answer.status_code == 409
    assert "linked to another community" in answer.content.decode()


def test_the_bot_was_kicked_since(pages: Browser, discord: LocalPeople, guild: Any) -> None:
    address = link(guild)
    discord.server.state.remove_bot(guild)
    pages.sign_in("acme-owner")
    answer = choose(pages, address, "acme")
    assert answer.status_code == 400
    assert "The bot is not in that server" in answer.content.decode()


def test_a_new_community_takes_the_claim_along(pages: Browser, guild: Any, rf: Any) -> None:
    from frontend_api.site.claim import settle_claim
    from tenants.models import Tenant, User

    pages.sign_in("acme-owner")
    address = link(guild)
    assert choose(pages, address, "new").status_code == 302
    session = pages.on(BASE).session
    request = rf.get("/")
    request.session, request.user = session, User.objects.get(username="acme-owner")
    tenant = Tenant.objects.get(slug="acme")
    assert settle_claim(request, tenant) is None
    assert owner_of(guild) == "acme"
    assert settle_claim(request, tenant) is None, "it was consumed"
    assert choose(pages, address, "new").status_code == 403


def test_the_page_that_waits_for_the_new_community_connects_the_server(pages: Browser, guild: Any) -> None:
    from tenants.models import Tenant

    pages.sign_in("acme-owner")
    made = choose(pages, link(guild), "new")
    assert made["Location"] == "/new/"
    tenant = Tenant.objects.get(slug="acme")  # stands for the one that was just made
    done = pages.on(BASE).get(f"/new/{tenant.pk}/")
    assert "next=%2Fdashboard%2Fsetup%2F" in done["Location"]
    assert owner_of(guild) == "acme"


def test_a_server_that_was_taken_meanwhile_does_not_stop_the_new_community(
    pages: Browser, guild: Any
) -> None:
    from tenants.models import Tenant
    from tenants.services import link_guild, unlink_guild

    unlink_guild(guild_id=OTHERS.guild_id)
    pages.sign_in("acme-owner")
    choose(pages, link(guild), "new")
    link_guild(tenant=Tenant.objects.get(slug="globex"), guild_id=guild.id)
    done = pages.on(BASE).get(f"/new/{Tenant.objects.get(slug='acme').pk}/")
    assert "unlinked%3Dguild_taken" in done["Location"]
    told = pages.on("acme.localhost").get("/dashboard/bot/?unlinked=guild_taken").content.decode()
    assert "connected to another community meanwhile" in told


def test_the_choice_costs_the_same_for_one_and_for_fifty(
    pages: Browser, guild: Any, django_assert_num_queries: Any
) -> None:
    from frontend_api.site.claim import list_choices
    from tenants.models import Membership, Tenant, User

    user = User.objects.get(username="acme-owner")
    for number in range(50):
        tenant = Tenant.objects.create(slug=f"more-{number}", name=f"More {number}", state="active")
        Membership.objects.create(user=user, tenant=tenant, role="admin")
    with django_assert_num_queries(1):
        assert len(list_choices(user)) == 51
