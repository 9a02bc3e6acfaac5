"""The bot was added from Discord, before anybody linked the guild: it says once how to claim it.

Invariants: one message for each time the bot joined a guild, and none within a week of the last, whatever restarts, replays or
invitations come; the row is the truth, Discord's nonce covers the moments around a lost answer. A guild that is linked by then
hears nothing, and a message that stands says so once the guild is linked.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from saas.events.jobs import JobRow, defer_rows
from saas.events.retries import RetryLaterError
from tenants.models import GuildGreeting, GuildLink

from .announcements import NONCE_MEMORY, escape
from .client import DiscordClient
from .errors import DiscordAwayError, DiscordRefusedError
from .rights import SEND_MESSAGES, VIEW_CHANNEL, channel_rights

logger = logging.getLogger(__name__)
# Whoever adds the bot from our pages is back with the link well before that.
PATIENCE = timedelta(seconds=10)
REPEAT_AFTER = timedelta(days=7)
BUTTON = "eh1:claim:{}"  # bot_shard.cogs.claim answers it
_MOST_CHANNELS = 5
_TEXT = (
    "Hello. I am EngageHub: I turn taking part into points, levels and a leaderboard.\n"
    "Nothing counts here yet. Somebody who manages this server connects it with the button below; it takes two minutes."
)
_WRITTEN_IN = frozenset({0, 5})  # text and announcement channels


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A guild that no tenant owns, and when the bot joined it."""

    guild_id: int
    joined_at: datetime


def meet_guilds(*, newcomers: Iterable[Newcomer]) -> int:
    """Defer a greeting for each guild that the bot joined anew. Returns how many.

    Idempotent on guild and joining. Guilds that are linked, or were since the bot joined, are passed over; two of them at once are
    decided by the row's lock.
    """
    met = {newcomer.guild_id: newcomer.joined_at for newcomer in newcomers}
    with enter_schema(PUBLIC), transaction.atomic():
        linked = _list_linked(met)
        GuildGreeting.objects.bulk_create(
            [
                GuildGreeting(guild_id=guild_id, joined_at=datetime.fromtimestamp(0, joined_at.tzinfo))
                for guild_id, joined_at in met.items()
                if guild_id not in linked
            ],
            ignore_conflicts=True,
        )
        due = []
        rows = GuildGreeting.objects.select_for_update().filter(guild_id__in=met.keys() - linked)
        for row in rows.order_by("guild_id"):
            if row.joined_at != met[row.guild_id] and not _greeted_lately(row):
                row.joined_at, row.state = met[row.guild_id], GuildGreeting.State.WAITING
                row.attempted_at = row.channel_id = row.message_id = None
                row.save()
                due.append(row.guild_id)
        with connection.cursor() as cursor:
            return defer_rows(cursor, [_job(guild_id) for guild_id in due])


def _job(guild_id: int) -> JobRow:
    # By name: the jobs import this module.
    return JobRow(
        "integrations.discord.greet_guild",
        PUBLIC,
        {"guild_id": guild_id},
        run_at=clock.now() + PATIENCE,
        queueing_lock=f"greet {guild_id}",
    )


def _greeted_lately(row: GuildGreeting) -> bool:
    last = row.sent_at or row.attempted_at
    return last is not None and clock.now() - last < REPEAT_AFTER


def _list_linked(met: Mapping[int, datetime]) -> set[int]:
    """Those that belong to somebody, or did after the bot joined: whoever unlinked them needs no greeting."""
    links = GuildLink.objects.filter(guild_id__in=met).filter(
        ~Q(state=GuildLink.State.UNLINKED) | Q(ended_at__isnull=False)
    )
    return {
        link.guild_id
        for link in links
        if link.state != GuildLink.State.UNLINKED
        or (link.ended_at is not None and link.ended_at >= met[link.guild_id])
    }


def greet_guild(client: DiscordClient, *, guild_id: int) -> GuildGreeting | None:
    """Say once in the guild how to claim it; where nothing may be written, to its owner; else nowhere.

    Idempotent. None where there is nothing to say. Raises RetryLaterError, DiscordAwayError.
    """
    row = GuildGreeting.objects.filter(guild_id=guild_id, state=GuildGreeting.State.WAITING).first()
    if row is None:
        return None
    if GuildLink.objects.filter(guild_id=guild_id).exclude(state=GuildLink.State.UNLINKED).exists():
        return _close(row, GuildGreeting.State.RETIRED)
    if row.attempted_at is not None and clock.now() - row.attempted_at > NONCE_MEMORY:
        return _close(row, GuildGreeting.State.UNSURE)
    try:
        guild = client.get_guild(guild_id)
        own = client.get_member(guild_id, client.get_own_id())
        channels = choose_channels(guild, own, client.list_channels(guild_id))
    except DiscordRefusedError as error:
        logger.info("The guild %s is not greeted: %s", guild_id, error)
        return _close(row, GuildGreeting.State.NOWHERE)
    for place in _places(client, channels, int(guild["owner_id"])):
        if _send(client, row, place):
            return _close(row, GuildGreeting.State.SENT)
    return _close(row, GuildGreeting.State.NOWHERE)


def choose_channels(
    guild: Mapping[str, Any], own: Mapping[str, Any], channels: Sequence[Mapping[str, Any]]
) -> list[int]:
    """Where the bot may write, the best first: Discord's system channel, then from the top of the list."""
    needed = VIEW_CHANNEL | SEND_MESSAGES
    open_ = [
        channel
        for channel in channels
        if channel["type"] in _WRITTEN_IN and channel_rights(guild, own, channel) & needed == needed
    ]
    system = str(guild.get("system_channel_id") or "")
    open_.sort(
        key=lambda channel: (str(channel["id"]) != system, channel.get("position", 0), int(channel["id"]))
    )
    return [int(channel["id"]) for channel in open_[:_MOST_CHANNELS]]


def _places(client: DiscordClient, channels: list[int], owner_id: int) -> Iterator[int]:
    yield from channels
    if not channels:
        try:
            yield client.open_dm(owner_id)
        except DiscordRefusedError as error:
            logger.info("No direct message to %s: %s", owner_id, error)


def _send(client: DiscordClient, row: GuildGreeting, channel_id: int) -> bool:
    """Whether the message stands there now."""
    try:
        row.channel_id, row.attempted_at = channel_id, row.attempted_at or clock.now()
        row.save(update_fields=["channel_id", "attempted_at"])
        row.message_id = client.post_message(
            channel_id,
            describe_greeting(row.guild_id),
            nonce=f"claim.{row.pk}.{int(row.joined_at.timestamp())}"[:25],
        )
    except DiscordRefusedError as error:
        logger.info("The greeting of %s was refused in %s: %s", row.guild_id, channel_id, error)
        return False
    except (RetryLaterError, DiscordAwayError) as error:
        if isinstance(error, RetryLaterError) or error.answered:
            # It was turned away, so however long it waits now, it is not unsure.
            row.attempted_at = None
            row.save(update_fields=["attempted_at"])
        raise
    row.sent_at = clock.now()
    return True


def describe_greeting(guild_id: int) -> dict[str, Any]:
    """Bare text, because the bot may not have been given Embed Links."""
    button = {"type": 2, "style": 1, "label": "Connect this server", "custom_id": BUTTON.format(guild_id)}
    return {"content": _TEXT, "components": [{"type": 1, "components": [button]}]}


def retire_greeting(client: DiscordClient, *, guild_id: int, tenant_name: str) -> None:
    """The guild is linked: the message says whose it is and loses its button. Idempotent. Raises RetryLaterError, DiscordAwayError."""
    row = GuildGreeting.objects.filter(guild_id=guild_id, state=GuildGreeting.State.SENT).first()
    if row is None or row.channel_id is None or row.message_id is None:
        GuildGreeting.objects.filter(guild_id=guild_id, state=GuildGreeting.State.WAITING).update(
            state=GuildGreeting.State.RETIRED
        )
        return
    text = f"This server is connected to **{escape(tenant_name)}** on EngageHub. `/help` lists what I can do."
    try:
        client.edit_message(row.channel_id, row.message_id, {"content": text, "components": []})
    except DiscordRefusedError as error:
        logger.info("The greeting of %s could not be changed: %s", guild_id, error)
    _close(row, GuildGreeting.State.RETIRED)


def _close(row: GuildGreeting, state: GuildGreeting.State) -> GuildGreeting:
    row.state = state
    row.save(update_fields=["state", "channel_id", "message_id", "sent_at"])
    return row
