"""What the team is told in its channel without being asked anything. Once a piece of news (announcements.py)."""

from __future__ import annotations

from engagement.departures.events import PendingReturned
from engagement.members.models import Member
from engagement.notifications.selectors import get_notification_settings
from tenants.context import TenantContext
from tenants.tickets import get_tenant_address

from .announcements import claim_delivery, deliver, escape
from .asked import note_refusal
from .client import DiscordClient
from .models import Delivery
from .team_words import amount, language_of, say, say_count


def tell_team_returned(
    context: TenantContext, client: DiscordClient, *, event_id: int, event: PendingReturned
) -> None:
    """Say what was cancelled with a deleted member. Nothing where the community named no channel: it stands on Home all the same.

    Idempotent on `event_id`. Raises RetryLaterError, DiscordAwayError.
    """
    channel_id = get_notification_settings().team_channel_id
    if channel_id is None:
        return
    delivery = claim_delivery(event_id)
    if delivery.state != Delivery.State.WAITING:
        return
    member = Member.objects.filter(pk=event.member_id, purged_at=None).first()
    language = language_of(context)
    name = say(language, "deleted.somebody") if member is None else f"**{escape(member.display_name)}**"
    page = f"{get_tenant_address(context.slug)}/dashboard/members/{event.member_id}/"
    body = {
        "embeds": [
            {
                "description": say(language, "deleted", name=name, what=_words(context, language, event)),
                "color": int(context.colour.removeprefix("#"), 16),
            }
        ],
        "components": [
            {"type": 1, "components": [{"type": 2, "style": 5, "label": say(language, "open"), "url": page}]}
        ],
    }
    deliver(context, client, delivery, body, channel_id, in_channel=True, note_refusal=note_refusal)


def _words(context: TenantContext, language: str, event: PendingReturned) -> str:
    """“2 redemptions (350 points came back), 1 submission”."""
    counts = {"redemptions": event.redemptions, "submissions": event.submissions, "requests": event.requests}
    parts = {key: say_count(language, f"returned.{key}", count) for key, count in counts.items() if count}
    if event.redemptions and event.points:
        points = escape(amount(language, event.points, context.points_name))
        parts["redemptions"] += say(language, "returned.points", points=points)
    return ", ".join(parts.values())
