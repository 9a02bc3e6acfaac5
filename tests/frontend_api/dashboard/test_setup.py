"""The checklist: facts, not clicks; each step can be left, skipped where that makes sense, and come back to."""

from __future__ import annotations

import re
from typing import Any

import pytest
from redis import Redis

from engagement.imports.models import ImportRow, ImportRun
from engagement.kinds.checklist import read_checklist
from engagement.notifications.selectors import get_notification_settings
from engagement.progression.services import ensure_member
from engagement.rules.models import Rule
from integrations.discord.template_parts import list_planned_roles
from tenants.context import TenantContext, enter_tenant
from tenants.models import GuildLink, Tenant
from tenants.routing import get_routing
from tenants.services import link_guild
from tests.cast import ACME as ACME_CAST
from tests.frontend_api.hosts import ACME, GLOBEX, Browser
from tests.frontend_api.local_discord import LocalPeople

STEPS = ("bot", "template", "import", "test", "preview", "live")


@pytest.fixture
def owner(pages: Browser, acme: TenantContext) -> Browser:
    """Acme's owner, whose community is new: in shadow, no server, nothing heard."""
    Tenant.objects.filter(pk=acme.tenant_id).update(live=False, setup={})
    GuildLink.objects.filter(tenant_id=acme.tenant_id).delete()
    get_routing().load()
    pages.sign_in("acme-owner", path="/earn/")
    return pages


def text(pages: Browser, path: str, host: str = ACME) -> str:
    answer = pages.on(host).get(path)
    assert answer.status_code == 200, answer.status_code
    return str(answer.content.decode())


def states(acme: TenantContext, *, has_levels: bool = False) -> list[str]:
    with enter_tenant(acme):
        steps = read_checklist(tenant_id=acme.tenant_id, has_levels=has_levels).steps
    return [step.state for step in steps]


def test_every_step_opens_at_any_time(owner: Browser, acme: TenantContext) -> None:
    for step in STEPS:
        assert f'href="/dashboard/setup/{step}/" aria-current="step"' in text(
            owner, f"/dashboard/setup/{step}/"
        )
    assert owner.on(ACME).get("/dashboard/setup/nothing/").status_code == 404


def test_done_is_what_is_so(owner: Browser, acme: TenantContext, redis_stream: Redis) -> None:
    assert states(acme)[0] == "current"
    GuildLink.objects.create(guild_id=900_000_000_000_000_055, tenant_id=acme.tenant_id, guild_name="Acme")
    assert states(acme)[:2] == ["done", "current"]
    owner.on(ACME).post("/dashboard/setup/template/choose/", {"kind": "creator"})
    assert states(acme)[:3] == ["done", "done", "current"]
    assert states(acme, has_levels=True)[2] == "done"
    GuildLink.objects.filter(tenant_id=acme.tenant_id).update(state="removed")
    assert states(acme)[0] == "current"
    assert "was removed from" in text(owner, "/dashboard/setup/bot/")
    text(owner, "/dashboard/setup/preview/")
    assert states(acme)[4] == "done"


def test_steps_are_skipped_where_that_makes_sense(owner: Browser, acme: TenantContext) -> None:
    client = owner.on(ACME)
    assert (
        client.post("/dashboard/setup/bot/skip/").status_code == 404
    )  # what is a Discord server without it?
    Tenant.objects.filter(pk=acme.tenant_id).update(kind="course")
    assert client.post("/dashboard/setup/bot/skip/").status_code == 302
    assert client.post("/dashboard/setup/bot/skip/").status_code == 302
    assert states(acme)[:2] == ["skipped", "current"]
    assert client.post("/dashboard/setup/live/skip/").status_code == 404
    assert client.post("/dashboard/setup/preview/skip/").status_code == 404


def test_a_template_is_previewed_put_on_and_taken_off(owner: Browser, acme: TenantContext) -> None:
    page = text(owner, "/dashboard/setup/template/?kind=saas")
    assert "things would change" in page
    assert "A typical day" in page
    client = owner.on(ACME)
    client.post("/dashboard/setup/template/choose/", {"kind": "saas"})
    assert "This template is in use" in text(owner, "/dashboard/setup/template/")
    with enter_tenant(acme):
        assert Rule.objects.filter(key="feedback_sent", enabled=True).exists()
    client.post("/dashboard/setup/template/undo/")
    with enter_tenant(acme):
        assert not Rule.objects.filter(key="feedback_sent", enabled=True).exists()
    assert client.post("/dashboard/setup/template/undo/").status_code == 409
    assert client.post("/dashboard/setup/template/choose/", {"kind": "<script>"}).status_code == 404
    assert owner.on(ACME).get("/dashboard/setup/template/?kind=nothing").status_code == 404


def test_a_live_community_is_not_put_into_a_template(pages: Browser) -> None:
    pages.sign_in("acme-owner", path="/earn/")
    answer = pages.on(ACME).post("/dashboard/setup/template/choose/", {"kind": "saas"})
    assert answer.status_code == 409
    assert "The community is live" in answer.content.decode()
    assert "templates are closed" in text(pages, "/dashboard/setup/template/")


def test_a_test_activity_goes_through_the_stream(
    owner: Browser, acme: TenantContext, redis_stream: Redis
) -> None:
    page = text(owner, "/dashboard/setup/test/")
    assert "No Discord server is linked" in page
    assert "Listening" in page
    client = owner.on(ACME)
    assert client.post("/dashboard/setup/try/", {"type": "message"}).status_code == 302
    assert client.post("/dashboard/setup/try/", {"type": "left"}).status_code == 422
    assert sum(redis_stream.xlen(key) for key in redis_stream.keys("activities:*")) == 1  # type: ignore[union-attr,misc]


def test_levels_are_compared_with_the_old_bots(owner: Browser, acme: TenantContext) -> None:
    with enter_tenant(acme):
        run = ImportRun.objects.create(source="mee6", state="applied", keep="level", existing="add")
        for number, old in enumerate((12, 3, None)):
            external = f"7{number:017}"
            name = f"<b>Member</b> {number}"
            ensure_member(provider="discord", external_id=external, display_name=name)
            ImportRow.objects.create(run=run, line=number, external_id=external, name=name, old_level=old)
    page = text(owner, "/dashboard/setup/preview/")
    assert "MEE6 and EngageHub" in page
    assert "&lt;b&gt;Member&lt;/b&gt; 0" in page
    assert re.search(r"−12\b", page)
    assert "not told" in page
    assert "3 members whose levels differ" in text(owner, "/dashboard/setup/preview/?differing=1")
    assert text(owner, "/dashboard/setup/preview/?page=99999999999")


@pytest.mark.parametrize("rows", [2, 40])
def test_the_preview_takes_the_same_queries_however_many_members(
    owner: Browser, acme: TenantContext, django_assert_max_num_queries: object, rows: int
) -> None:
    with enter_tenant(acme):
        run = ImportRun.objects.create(source="mee6", state="applied", keep="level", existing="add")
        for number in range(rows):
            external = f"7{number:017}"
            ensure_member(provider="discord", external_id=external, display_name="M")
            ImportRow.objects.create(run=run, line=number, external_id=external, name="M", old_level=1)
    with django_assert_max_num_queries(45):  # type: ignore[operator]
        text(owner, "/dashboard/setup/preview/")


def test_going_live_asks_first_and_counts_once(owner: Browser, acme: TenantContext) -> None:
    client = owner.on(ACME)
    asked = client.get("/dashboard/setup/go-live/").content.decode()
    assert "What was reached before stays quiet" in asked
    assert not Tenant.objects.get(pk=acme.tenant_id).live
    assert client.post("/dashboard/setup/go-live/").status_code == 200
    assert not Tenant.objects.get(pk=acme.tenant_id).live
    assert client.post("/dashboard/setup/go-live/", {"confirmed": "1"}).status_code == 302
    assert Tenant.objects.get(pk=acme.tenant_id).live
    client.post("/dashboard/setup/go-live/", {"confirmed": "1"})
    assert "was live already" in text(owner, "/dashboard/setup/")
    client.post("/dashboard/setup/go-to-shadow/", {"confirmed": "1"})
    assert not Tenant.objects.get(pk=acme.tenant_id).live


@pytest.mark.parametrize("username", ["acme-moderator", "acme-member", "globex-owner"])
def test_who_may_not_changes_nothing(pages: Browser, acme: TenantContext, username: str) -> None:
    Tenant.objects.filter(pk=acme.tenant_id).update(live=False, setup={})
    get_routing().load()
    pages.sign_in(username, path="/earn/")
    client = pages.on(ACME)
    with enter_tenant(acme):
        before = list(Rule.objects.order_by("pk").values_list("key", "enabled", "latest_id"))
    for path, data in (
        ("/dashboard/setup/go-live/", {"confirmed": "1"}),
        ("/dashboard/setup/template/choose/", {"kind": "saas"}),
        ("/dashboard/setup/template/undo/", {}),
        ("/dashboard/setup/template/skip/", {}),
    ):
        assert client.post(path, data).status_code == 403, path
    tenant = Tenant.objects.get(pk=acme.tenant_id)
    assert (tenant.live, tenant.setup) == (False, {})
    with enter_tenant(acme):
        assert list(Rule.objects.order_by("pk").values_list("key", "enabled", "latest_id")) == before


def test_the_home_leads_to_the_next_step_until_it_is_live(owner: Browser, acme: TenantContext) -> None:
    assert "Next: Add the bot" in text(owner, "/dashboard/")
    Tenant.objects.filter(pk=acme.tenant_id).update(live=True)
    get_routing().load()
    assert "Next: " not in text(owner, "/dashboard/")


def test_another_communitys_checklist_is_its_own(owner: Browser, acme: TenantContext) -> None:
    owner.on(ACME).post("/dashboard/setup/template/choose/", {"kind": "saas"})
    assert Tenant.objects.get(slug="globex").setup == {}
    assert owner.on(GLOBEX).get("/dashboard/setup/").status_code == 302


CHOSEN = {"kind": "creator", "announce": "on", "level_up": "channel", "text": "Hi {member}"}


@pytest.fixture
def served(owner: Browser, acme: TenantContext, discord: LocalPeople) -> Any:
    """Acme has a server with a channel and a role that stands above the bot's."""
    guild = discord.guild("Acme HQ", ACME_CAST.discord_id("owner"), with_bot=True)
    discord.server.state.create_role(guild, "Fan")
    link_guild(tenant=Tenant.objects.get(pk=acme.tenant_id), guild_id=guild.id)
    get_routing().load()
    return guild


def test_without_a_server_channel_and_roles_are_absent(owner: Browser, acme: TenantContext) -> None:
    page = text(owner, "/dashboard/setup/template/?kind=creator")
    assert "join in once a Discord server is connected" in page
    assert 'name="announce"' not in page
    assert 'name="role-5"' not in page
    owner.on(ACME).post("/dashboard/setup/template/choose/", {**CHOSEN, "role-5": "make"})
    with enter_tenant(acme):
        assert get_notification_settings().text == ""
        assert list_planned_roles(context=acme) == []


def test_channel_and_roles_are_set_as_accepted(served: Any, owner: Browser, acme: TenantContext) -> None:
    general = next(str(id) for id, channel in served.channels.items() if channel.name == "general")
    sent = {**CHOSEN, "channel_id": general, "role-5": "make"}
    answer = owner.on(ACME).post("/dashboard/setup/template/choose/", sent)
    assert answer.status_code == 302
    with enter_tenant(acme):
        row = get_notification_settings()
        assert (row.level_up, row.channel_id, row.text) == ("channel", int(general), "Hi {member}")
        assert [role.name for role in list_planned_roles(context=acme)] == ["Follower"]
    assert "@Follower" in text(owner, "/dashboard/setup/preview/")
    assert "1 role will be made in Discord: Follower." in text(owner, "/dashboard/setup/go-live/")
    owner.on(ACME).post("/dashboard/setup/template/undo/")
    with enter_tenant(acme):
        assert list_planned_roles(context=acme) == []


def test_what_does_not_fit_is_told_and_nothing_is_put_on(
    served: Any, owner: Browser, acme: TenantContext
) -> None:
    for bad in ({"text": "{nothing}"}, {"role-5": "12"}, {"channel_id": "<script>"}, {"level_up": "loud"}):
        answer = owner.on(ACME).post("/dashboard/setup/template/choose/", {**CHOSEN, **bad})
        assert answer.status_code == 422, bad
    assert Tenant.objects.get(pk=acme.tenant_id).setup == {}
