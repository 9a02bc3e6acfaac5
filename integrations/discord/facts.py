"""Asks Discord, Redis and the database for what a diagnosis looks at. Reads only."""

from __future__ import annotations

from dataclasses import replace

from engagement.notifications.models import LevelUp
from engagement.notifications.selectors import get_notification_settings
from tenants.context import TenantContext
from tenants.models import GuildLink

from .client import DiscordClient, get_client
from .diagnosis import BotFacts
from .errors import MISSING_ACCESS, UNKNOWN_GUILD, DiscordRefusedError
from .linking import asking_discord
from .models import LevelRole
from .presence import read_presence

_GATEWAY_MEMBERS = 1 << 14 | 1 << 15  # verified and unverified applications


def fetch_facts(context: TenantContext, link: GuildLink) -> BotFacts:
    """At most six calls. The tenant's schema is in hand. Raises DiscordUnavailableError."""
    chosen = get_notification_settings()
    facts = BotFacts(
        link_name=link.guild_name,
        unavailable_since=link.unavailable_since,
        presence=read_presence(link.guild_id),
        announces=chosen.level_up != LevelUp.OFF,
        announces_in_channels=chosen.level_up == LevelUp.CHANNEL,
        announcement_channel=chosen.channel_id,
        level_roles=tuple(LevelRole.objects.order_by("level").values_list("role_id", flat=True)),
    )
    with asking_discord():
        client = get_client()
        try:
            guild = client.get_guild(link.guild_id)
        except DiscordRefusedError as error:
            if error.code != UNKNOWN_GUILD and error.status not in {403, 404}:
                raise
            return facts
        return _read_application(
            replace(
                facts,
                guild=guild,
                own=client.get_member(link.guild_id, client.get_own_id()),
                channels=tuple(client.list_channels(link.guild_id)),
            ),
            client,
            link.guild_id,
        )


def _read_application(facts: BotFacts, client: DiscordClient, guild_id: int) -> BotFacts:
    application = client.get_application()
    published = {row["name"] for row in client.list_commands(int(application["id"]))}
    try:
        client.list_commands(int(application["id"]), guild_id=guild_id)
        may_command = True
    except DiscordRefusedError as error:
        # Discord's answer where the bot was added without the scope of commands.
        if error.code != MISSING_ACCESS:
            raise
        may_command = False
    return replace(
        facts,
        members_intent=bool(int(application.get("flags") or 0) & _GATEWAY_MEMBERS),
        published=frozenset(published),
        may_command=may_command,
    )
