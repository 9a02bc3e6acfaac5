"""/community and /dashboard."""

from __future__ import annotations

from django.conf import settings

from tenants.context import TenantContext
from tenants.tickets import get_tenant_address

from .conftest import Talk
from .test_figures import fields_of
from .test_member_commands import Inside, embed, give


async def test_a_community_introduces_itself(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    await inside(give, acme, "member", 40)
    await inside(give, acme, "owner", 2)
    answer = await talk.command("stranger", "community")
    assert not answer["ephemeral"]
    assert embed(answer)["title"] == "Acme Makers"
    shown = fields_of(answer)
    assert shown["Members"] == "2"
    assert shown["This week"] == "42 points given"
    assert "ends <t:" in shown["Season"]
    [row] = answer["replies"][-1]["components"]
    assert row["components"][0]["url"] == f"{get_tenant_address('acme')}/"


async def test_without_a_season_none_is_told(talk: Talk, inside: Inside) -> None:
    from engagement.standings.models import StandingsState

    await inside(lambda: StandingsState.objects.filter(pk=1).update(hidden_periods=["season"]))
    assert "Season" not in fields_of(await talk.command("stranger", "community"))


async def test_the_team_is_led_to_the_dashboard(talk: Talk) -> None:
    answer = await talk.command("moderator", "dashboard")
    assert answer["ephemeral"]
    [row] = answer["replies"][-1]["components"]
    assert row["components"][0]["url"].endswith("/dashboard/")
    assert settings.BASE_DOMAIN in row["components"][0]["url"]


async def test_a_member_is_told_who_the_dashboard_is_for(talk: Talk) -> None:
    refused = await talk.command("member", "dashboard")
    assert refused["ephemeral"]
    assert "see the dashboard" in embed(refused)["description"]
