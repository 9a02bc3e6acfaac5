"""/setup announcements: where level-ups are told."""

from __future__ import annotations

from engagement.audit.models import AuditEntry
from engagement.notifications.selectors import get_notification_settings
from tests.cast import ACME

from .conftest import Talk
from .test_desk import channel_id
from .test_member_commands import Inside, embed


def audited() -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(action="announcements.changed").order_by("pk"))


async def test_a_channel_is_chosen_and_written_down(talk: Talk, inside: Inside) -> None:
    here = channel_id(talk, "bot-commands")
    done = await talk.command("owner", "setup announcements", {"where": "channel", "channel": here})
    assert done["ephemeral"]
    assert embed(done)["title"] == "That is set."
    assert f"<#{here}>" in embed(done)["description"]
    assert "/setup check" in embed(done)["footer"]["text"]
    chosen = await inside(get_notification_settings)
    assert (chosen.level_up, chosen.channel_id) == ("channel", int(here))
    [entry] = await inside(audited)
    assert entry.actor_id == ACME.discord_id("owner")
    assert entry.via == "bot"


async def test_the_member_alone_where_it_happens_and_nobody(talk: Talk, inside: Inside) -> None:
    for where, words in (
        ("dm", "to the member alone"),
        ("channel", "where they happen"),
        ("off", "not announced"),
    ):
        done = await talk.command("owner", "setup announcements", {"where": where})
        assert words in embed(done)["description"]
        assert (await inside(get_notification_settings)).level_up == where
    await talk.command("owner", "setup announcements", {"where": "off"})
    assert len(await inside(audited)) == 3  # the same again is no change


async def test_a_channel_without_announcements_in_channels_is_refused(talk: Talk, inside: Inside) -> None:
    here = channel_id(talk, "bot-commands")
    refused = await talk.command("owner", "setup announcements", {"where": "dm", "channel": here})
    assert "Leave it out" in embed(refused)["description"]
    assert await inside(audited) == []


async def test_the_team_is_asked_in_a_channel_or_on_the_dashboard_alone(talk: Talk, inside: Inside) -> None:
    here = channel_id(talk, "bot-commands")
    done = await talk.command("owner", "setup team", {"channel": here})
    assert f"asked in <#{here}>" in embed(done)["description"]
    assert (await inside(get_notification_settings)).team_channel_id == int(here)

    done = await talk.command("owner", "setup team")
    assert "on the dashboard alone" in embed(done)["description"]
    assert (await inside(get_notification_settings)).team_channel_id is None
    kept = await inside(lambda: AuditEntry.objects.filter(action="team_channel.changed").count())
    assert kept == 2
