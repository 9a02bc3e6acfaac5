"""/setup check: the same findings as on the dashboard's page."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.audit.actor import SYSTEM
from engagement.notifications.services import set_level_announcements
from integrations.discord.diagnosis import diagnose
from integrations.discord.facts import fetch_facts
from ops.sandbox.discord import LocalDiscord
from tenants.context import TenantContext
from tenants.selectors import get_standing_link

from .conftest import Talk
from .test_member_commands import Inside, embed


@pytest.fixture(autouse=True)
def discord(settings: Any, local: LocalDiscord) -> None:
    settings.DISCORD_API_URL, settings.DISCORD_BOT_TOKEN = local.api_url, "local-bot-token"


async def test_the_findings_are_those_of_the_page_with_the_fix(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    await inside(
        lambda: set_level_announcements(
            level_up="channel", channel_id=4_242_424_242_424_242_424, actor=SYSTEM
        )
    )
    answer = await talk.command("owner", "setup check")
    assert answer["ephemeral"]

    def look() -> list[tuple[str, str]]:
        link = get_standing_link(tenant_id=acme.tenant_id)
        assert link is not None
        return [(one.title, one.fix) for one in diagnose(fetch_facts(acme, link))]

    findings = await inside(look)
    text = embed(answer)["description"].replace("\\", "")
    assert "The channel for announcements no longer exists" in text
    assert "🔴" in text.split("\n")[0]
    assert all(title in text and fix in text for title, fix in findings)
    wanting = sum(bool(fix) for _, fix in findings)
    assert f"{len(findings)} checks" in embed(answer)["title"]
    assert embed(answer)["title"].startswith(str(wanting) if wanting else "All")
    [row] = answer["replies"][-1]["components"]
    assert row["components"][0]["url"].endswith("/dashboard/bot/")


async def test_while_discord_is_away_it_says_so(talk: Talk, settings: Any) -> None:
    settings.DISCORD_API_URL = "http://127.0.0.1:9/api/v10"
    refused = await talk.command("owner", "setup check")
    assert "Discord does not answer" in embed(refused)["description"]
