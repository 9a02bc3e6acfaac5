"""Notices brought to Discord: a direct message; where the member takes none, the community's channel for it says that there is news.

Invariant: one leg of one notice is told at most once (announcements.py). Whatever Discord answers, the notice itself stands on the
member's page.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any, Final

from engagement.members.models import Member, Visibility
from engagement.members.selectors import get_discord_id
from engagement.notifications.models import Notice
from engagement.notifications.notice_kinds import NO_DM, get_notice_kind
from engagement.notifications.notice_words import choose_language, say, write_notice
from engagement.notifications.notices import note_sent
from engagement.notifications.selectors import find_told, get_notification_settings
from engagement.rewards.addresses import address_path
from engagement.rewards.models import Redemption
from saas.core import clock
from tenants.context import TenantContext
from tenants.tickets import get_tenant_address

from .announcements import claim_delivery, deliver, escape
from .client import DiscordClient
from .errors import DiscordRefusedError
from .models import Delivery

logger = logging.getLogger(__name__)
ASK_ADDRESS: Final = frozenset({"address_needed", "address_reminder"})
QUIET_FOR: Final = timedelta(days=1)
_LINK_BUTTON: Final = 5


def bring_notice(context: TenantContext, client: DiscordClient, *, event_id: int, notice_id: int) -> str:
    """Bring one notice to Discord; answers how it went there: dm, channel, or empty where it only stands on the page.

    Nobody is told what they have read meanwhile. Idempotent on `event_id`. Raises RetryLaterError, DiscordAwayError.
    """
    told = find_told(notice_id=notice_id)
    if told is None or told[0].read_at is not None or told[0].sent_by or told[1].is_bot:
        return told[0].sent_by if told else ""
    notice, member = told
    kind, person = get_notice_kind(notice.kind), get_discord_id(member_id=member.pk)
    if person is None or member.departed_at is not None:
        return ""
    if kind.optional and _heard_lately(notice):
        return ""
    if kind.dm and NO_DM not in member.quiet:
        if _send(context, client, event_id, describe_notice(context, member, notice), person, False):
            return _note(notice, "dm")
        channel = get_notification_settings().notice_channel_id
        if kind.channel and channel and member.visibility != Visibility.HIDDEN:
            body = describe_hint(context, member, notice, person)
            # The other leg of the same event: deliveries of news have positive ids.
            if _send(context, client, -event_id, body, channel, True):
                return _note(notice, "channel")
    return ""


def _heard_lately(notice: Notice) -> bool:
    """Of what is merely nice to know one message a day is enough; the rest stands on the page."""
    since = clock.now() - QUIET_FOR
    same = Notice.objects.filter(member_id=notice.member_id, kind=notice.kind, created_at__gt=since)
    return same.exclude(pk=notice.pk).filter(sent_by="dm").exists()


def _send(
    context: TenantContext,
    client: DiscordClient,
    event_id: int,
    body: dict[str, Any],
    target: int,
    in_channel: bool,
) -> bool:
    delivery = claim_delivery(event_id)
    if delivery.state == Delivery.State.WAITING:
        try:
            delivery = deliver(context, client, delivery, body, target, in_channel=in_channel)
        except DiscordRefusedError as error:
            # Whatever keeps the bot from writing there: the notice stands on the page.
            logger.info("A notice was refused: %s", error)
            delivery.state = Delivery.State.REFUSED
            delivery.save(update_fields=["state"])
    return delivery.state in {Delivery.State.SENT, Delivery.State.UNSURE}


def _note(notice: Notice, by: str) -> str:
    note_sent(notice_id=notice.pk, by=by)
    return by


def describe_notice(context: TenantContext, member: Member, notice: Notice) -> dict[str, Any]:
    """The direct message: one embed in the tenant's colour, and a button to its page."""
    language = choose_language(member.locale, context.locale)
    text = write_notice(
        notice.kind,
        notice.facts,
        language=language,
        points_name=context.points_name,
        when=_stamp,
        escape=escape,
    )
    return {
        "embeds": [
            {
                "description": text,
                "color": int(context.colour.removeprefix("#"), 16),
                "footer": {"text": context.name},
            }
        ],
        "components": [_describe_button(context, notice, language)],
    }


def _describe_button(context: TenantContext, notice: Notice, language: str) -> dict[str, Any]:
    """Leads to the notice, which leads on; of an address straight to its form, which needs no login."""
    if notice.kind in ASK_ADDRESS:
        redemption = Redemption.objects.filter(pk=notice.facts.get("id")).first()
        path = address_path(context, redemption) if redemption else ""
        if path:
            return _button(say(language, "give_address"), f"{get_tenant_address(context.slug)}{path}")
    return _button(say(language, "open"), address_of_notice(context, notice))


def describe_hint(context: TenantContext, member: Member, notice: Notice, person: int) -> dict[str, Any]:
    """The channel's message: that there is news, not which. It names the member and pings nobody."""
    language = choose_language(context.locale)
    return {
        "content": say(language, "in_channel", mention=f"<@{person}>"),
        "components": [_button(say(language, "open"), f"{get_tenant_address(context.slug)}/notices/")],
    }


def address_of_notice(context: TenantContext, notice: Notice) -> str:
    """Opening it marks the notice as read and leads to what it is about."""
    return f"{get_tenant_address(context.slug)}/notices/{notice.pk}/"


def _button(label: str, address: str) -> dict[str, Any]:
    button = {"type": 2, "style": _LINK_BUTTON, "label": label, "url": address}
    return {"type": 1, "components": [button]}


def _stamp(moment: datetime) -> str:
    """Discord writes it in the reader's own zone and language."""
    return f"<t:{int(moment.timestamp())}:F>"
