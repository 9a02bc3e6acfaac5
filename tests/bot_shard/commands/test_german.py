"""Who has Discord in German is answered in German; everybody else as before."""

from __future__ import annotations

from tenants.context import TenantContext
from tests.cast import ACME

from .conftest import Talk
from .test_figures import fields_of
from .test_member_commands import Inside, embed, give


async def test_a_german_reader_is_answered_in_german(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    await inside(give, acme, "member", 1_234)
    talk.local.state.set_locale("acme-member", "de")
    answer = await talk.command("member", "stats")
    assert embed(answer)["title"].replace("\\", "") == "Acme Member · 1.234 Punkte insgesamt"
    assert fields_of(answer)["Woher"] == "+1.234 · Das Team, von Hand"
    other = await talk.command("owner", "stats", {"member": ACME.discord_id("member")})
    assert "1,234 points in all" in embed(other)["title"]


async def test_help_speaks_german_as_well(talk: Talk) -> None:
    talk.local.state.set_locale("acme-moderator", "de")
    said = embed(await talk.command("moderator", "help"))["description"]
    assert "`/rank` — Wo du stehst" in said
    assert "Rechtsklick auf ein Mitglied → Apps → **Punkte geben**" in said


async def test_too_often_is_said_in_german(talk: Talk) -> None:
    talk.local.state.set_locale("acme-owner", "de")
    await talk.command("owner", "setup limit", {"uses": 1, "seconds": 60, "command": "earn"})
    await talk.command("owner", "earn")
    assert "Sekunden" in embed(await talk.command("owner", "earn"))["description"]
