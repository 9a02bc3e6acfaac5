"""The template's part in Discord, as an organiser chooses it: at a desk and on a phone, in light and dark."""

from __future__ import annotations

import os

import pytest
from django.db import connections
from playwright.sync_api import expect

from tenants.models import Tenant
from tenants.services import link_guild
from tests.browser.conftest import Opener, Site
from tests.browser.test_linking import OWNER, discord, sign_in_here
from tests.browser.test_pages import LOOKS, find_barriers, overflow, settle
from tests.frontend_api.local_discord import LocalPeople

pytestmark = pytest.mark.browser
__all__ = ["discord"]


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_channel_and_roles_are_chosen_by_name(
    open_page: Opener, site: Site, discord: LocalPeople, width: int, scheme: str
) -> None:
    guild = discord.guild("Acme HQ", OWNER, with_bot=True)
    Tenant.objects.filter(slug="acme").update(live=False, setup={})
    link_guild(tenant=Tenant.objects.get(slug="acme"), guild_id=guild.id, guild_name="Acme HQ")
    connections.close_all()
    page = open_page("/login/?next=/dashboard/setup/template/", width=width, scheme=scheme)
    sign_in_here(page)
    page.wait_for_url("**/dashboard/setup/template/")

    def check(name: str) -> None:
        settle(page)
        if os.environ.get("SHOTS"):
            page.screenshot(path=f"{os.environ['SHOTS']}/{name}-{width}-{scheme}.png", full_page=True)
        assert find_barriers(page) == [], name
        assert overflow(page) <= 0, name

    expect(page.get_by_label("Set the announcement of level-ups too")).to_be_checked()
    expect(page.get_by_label("From level 5 on: Regular")).to_have_value("make")
    page.get_by_label("Channel (optional)").select_option(label="#general")
    page.get_by_label("Words").fill("Cheers for {member}")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Cheers for Ada")).to_be_visible()
    page.get_by_label("From level 20 on: Pillar").select_option("")
    check("parts")
    page.get_by_role("button", name="Use “").click()
    expect(page.get_by_text("is on")).to_be_visible()
    expect(page.get_by_label("Words")).to_have_value("Cheers for {member}")
    expect(page.get_by_label("From level 20 on: Pillar")).to_have_value("")
    assert [role.name for role in guild.roles.values() if role.name in {"Regular", "Legend"}] == []
    page.goto(site.address("/dashboard/setup/preview/"))
    expect(page.get_by_text("@Regular")).to_be_visible()
    expect(page.get_by_text("New level-ups are announced in #general")).to_be_visible()
    check("preview")
    page.goto(site.address("/dashboard/setup/live/"))
    page.get_by_role("link", name="Go live", exact=True).last.click()
    expect(page.get_by_text("2 roles will be made in Discord: Regular, Legend.")).to_be_visible()
    check("confirm")
