"""The messages about who supports. One event is told at most once in each place (announcements.py), and nobody is pinged."""

from __future__ import annotations

from engagement.notifications.support_news import TeamNews, Thanks
from engagement.notifications.texts import fill_text
from integrations.discord.announcements import claim_delivery, deliver, escape
from integrations.discord.asked import CLOSED
from integrations.discord.client import DiscordClient
from integrations.discord.errors import DiscordRefusedError
from integrations.discord.models import Delivery
from integrations.discord.problems import clear_problem, note_problem
from integrations.discord.team_words import say
from tenants.context import TenantContext


def describe_news(language: str, news: TeamNews) -> str:
    """One sentence; the day in the reader's own zone."""
    day = "" if news.until is None else f"<t:{int(news.until.timestamp())}:D>"
    return say(
        language,
        f"support.{news.kind}",
        member=escape(news.member),
        tier=escape(news.tier),
        was=escape(news.was),
        day=day,
    )


def thank(context: TenantContext, client: DiscordClient, *, event_id: int, thanks: Thanks) -> Delivery:
    """In the channel that organisers chose. Idempotent on `event_id`. Raises RetryLaterError, DiscordAwayError."""
    # The other leg of the same event: what the team reads has the positive id.
    delivery = claim_delivery(-event_id)
    if delivery.state != Delivery.State.WAITING:
        return delivery
    told = fill_text(thanks.text, {name: escape(value) for name, value in thanks.values.items()})
    body = {"embeds": [{"description": told, "color": int(context.colour.removeprefix("#"), 16)}]}
    delivery = deliver(
        context, client, delivery, body, thanks.channel_id, in_channel=True, note_refusal=_note_refusal
    )
    if delivery.state == Delivery.State.SENT:
        clear_problem(key=f"thanks:{thanks.channel_id}")
    return delivery


def _note_refusal(error: DiscordRefusedError, target: int, in_channel: bool) -> None:
    """A closed channel is the organiser's. Anything else is ours."""
    if error.code not in CLOSED:
        raise error
    note_problem(
        key=f"thanks:{target}",
        message=(
            f"Supporters cannot be thanked in the channel {target}: Discord says “{error}”. Give EngageHub View Channel, Send Messages "
            "and Embed Links there, or choose another channel under Supporters, News and thanks."
        ),
    )
