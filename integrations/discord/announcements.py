"""Level-ups told in a channel or to the member alone, and boosts that begin.

Invariant: one event is told at most once. A retry within minutes is stopped by Discord's nonce; later, by the delivery's
row: when a connection broke in the middle and nobody can know any more, it is not told again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from engagement.boosts.events import BoostStarted
from engagement.boosts.selectors import BoostLine, list_running_boosts
from engagement.boosts.words import ScopeNames, read_scope_names, scope_text
from engagement.levels.selectors import get_level_name
from engagement.members.models import Member, Visibility
from engagement.members.selectors import get_discord_id
from engagement.notifications.models import LevelUp
from engagement.notifications.selectors import get_notification_settings
from engagement.notifications.texts import DEFAULT_TO_CHANNEL, DEFAULT_TO_MEMBER, fill_text
from engagement.progression.events import LevelReached
from saas.core import clock
from saas.core.counts import write_count
from saas.events.retries import RetryLaterError
from tenants.context import TenantContext

from .client import DiscordClient
from .directory import recall_directory
from .errors import (
    CLOSED_TO_US,
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    UNKNOWN_CHANNEL,
    DiscordAwayError,
    DiscordRefusedError,
)
from .models import Delivery
from .problems import clear_problem, note_problem

# Discord says "a few minutes" of enforce_nonce's memory.
NONCE_MEMORY = timedelta(minutes=2)
_MARKDOWN = re.compile(r"([\\*_~`|>\[\]()#<@:\-])")


def announce_level_up(
    context: TenantContext, client: DiscordClient, *, event_id: int, event: LevelReached
) -> Delivery | None:
    """Tell of one LevelReached as the tenant chose; None when there is nothing to tell.

    Idempotent on `event_id`. Nothing is told in shadow mode, of bots, of people who left, or, in a channel, of hidden ones.
    Raises RetryLaterError, DiscordAwayError.
    """
    chosen = get_notification_settings()
    member = Member.objects.filter(
        pk=event.member_id, is_bot=False, departed_at=None, deleted_at=None
    ).first()
    if not context.live or chosen.level_up == LevelUp.OFF or member is None:
        return None
    in_channel = chosen.level_up == LevelUp.CHANNEL
    target = (
        chosen.channel_id or int(event.channel_id or 0) if in_channel else get_discord_id(member_id=member.pk)
    )
    if not target or (in_channel and member.visibility == Visibility.HIDDEN):
        return None
    delivery = claim_delivery(event_id)
    if delivery.state != Delivery.State.WAITING:
        return delivery
    body = describe_level_up(context, member, event, to_member=not in_channel)
    return deliver(context, client, delivery, body, target, in_channel=in_channel)


def claim_delivery(event_id: int) -> Delivery:
    """The event's delivery, to be sent while it waits. One of which nobody can know any more is closed."""
    delivery, _ = Delivery.objects.get_or_create(event_id=event_id)
    waits = delivery.state == Delivery.State.WAITING
    if waits and delivery.attempted_at is not None and clock.now() - delivery.attempted_at > NONCE_MEMORY:
        return _close(delivery, Delivery.State.UNSURE)
    return delivery


def announce_boost(
    context: TenantContext, client: DiscordClient, *, event_id: int, event: BoostStarted
) -> Delivery | None:
    """Tell of one BoostStarted in the announcements' channel; None when there is nothing to tell: nobody asked for it, no channel is
    chosen, the community is in shadow mode, or the boost is over or was stopped meanwhile.

    Idempotent on `event_id`. Pings nobody. Raises RetryLaterError, DiscordAwayError.
    """
    target = get_notification_settings().channel_id
    if not (context.live and event.announce and target) or event.resumed:
        return None
    delivery = claim_delivery(event_id)
    if delivery.state != Delivery.State.WAITING:
        return delivery
    line = next((one for one in list_running_boosts() if one.boost.pk == event.boost_id), None)
    if line is None:
        return _close(delivery, Delivery.State.REFUSED)
    return deliver(context, client, delivery, describe_boost(context, line), target, in_channel=True)


def describe_boost(context: TenantContext, line: BoostLine) -> dict[str, Any]:
    """The message: one embed in the tenant's colour. What it mentions in there pings nobody."""
    scope = line.boost.scope
    places = {one: escape(name) for one, name in recall_directory(context).names.items()}
    places |= {one: f"<#{one}>" for one in scope.get("channels", ())}
    places |= {one: f"<@&{one}>" for one in scope.get("roles", ())}
    names = read_scope_names(places)
    names = ScopeNames(
        places,
        {key: escape(name) for key, name in names.rules.items()},
        {key: escape(name) for key, name in names.member_types.items()},
    )
    until = f"<t:{int(line.until_at.timestamp())}:F>"
    told = f"⚡ **{escape(line.boost.name)}**: **{line.factor}** on {scope_text(scope, names)} until {until}."
    return {"embeds": [{"description": told, "color": int(context.colour.removeprefix("#"), 16)}]}


def describe_level_up(
    context: TenantContext, member: Member, event: LevelReached, *, to_member: bool
) -> dict[str, Any]:
    """The message: one embed in the tenant's colour. Names show as chosen, and nobody is pinged."""
    aliased = member.visibility == Visibility.ALIAS
    text = get_notification_settings().text or (DEFAULT_TO_MEMBER if to_member else DEFAULT_TO_CHANNEL)
    values = {
        "member": member.alias if aliased and not to_member else member.display_name,
        "level": str(event.level),
        "level_name": get_level_name(level=event.level) or f"level {event.level}",
        "points": write_count(event.lifetime, context.points_name),
        "community": context.name,
    }
    told = fill_text(text, {name: escape(value) for name, value in values.items()})
    return {"embeds": [{"description": told, "color": int(context.colour.removeprefix("#"), 16)}]}


def escape(name: str) -> str:
    """A name as it is, with nothing that Discord would read as a format, a link or a mention."""
    return _MARKDOWN.sub(r"\\\1", name)


def deliver(
    context: TenantContext,
    client: DiscordClient,
    delivery: Delivery,
    body: dict[str, Any],
    target: int,
    *,
    in_channel: bool,
    note_refusal: Callable[[DiscordRefusedError, int, bool], None] | None = None,
) -> Delivery:
    """Send what waits to a channel, or to a person by their id. `note_refusal` says what a refusal means to whom, or raises it again; left
    out, it is what it means for level-ups. Raises RetryLaterError, DiscordAwayError, DiscordRefusedError."""
    # A direct-message channel is shared by all tenants: the nonce carries ours.
    nonce = f"{context.tenant_id}.{delivery.event_id}"[-25:]
    try:
        channel = target if in_channel else client.open_dm(target)
        if delivery.attempted_at is None:
            delivery.channel_id, delivery.attempted_at = channel, clock.now()
            delivery.save(update_fields=["channel_id", "attempted_at"])
        delivery.message_id = client.post_message(channel, body, nonce=nonce)
    except DiscordRefusedError as error:
        (note_refusal or _note_refusal)(error, target, in_channel)
        return _close(delivery, Delivery.State.REFUSED)
    except (RetryLaterError, DiscordAwayError) as error:
        if isinstance(error, RetryLaterError) or error.answered:
            # It was turned away, so however long it waits now, it is not unsure.
            delivery.attempted_at = None
            delivery.save(update_fields=["attempted_at"])
        raise
    if in_channel:
        clear_problem(key=f"channel:{target}")
    return _close(delivery, Delivery.State.SENT)


def _note_refusal(error: DiscordRefusedError, target: int, in_channel: bool) -> None:
    """Closed direct messages are nobody's problem; a closed channel is the organiser's. Anything else is ours."""
    if not in_channel and error.code == CLOSED_TO_US:
        return
    if in_channel and error.code in {UNKNOWN_CHANNEL, MISSING_ACCESS, MISSING_PERMISSIONS}:
        note_problem(
            key=f"channel:{target}",
            message=(
                f"Level-ups cannot be announced in the channel {target}: Discord says “{error}”. Give EngageHub View Channel, "
                "Send Messages and Embed Links there, or choose another channel."
            ),
        )
        return
    raise error


def _close(delivery: Delivery, state: Delivery.State) -> Delivery:
    delivery.state = state
    delivery.save(update_fields=["state", "message_id"])
    return delivery
