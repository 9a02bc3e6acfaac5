"""The links against Discord's own list of the bot's guilds: what an event did not tell, because nobody heard it."""

from __future__ import annotations

import logging

from saas.core.errors import NotFoundError
from saas.core.schemas import PUBLIC, enter_schema
from tenants.guild_facts import GuildFacts
from tenants.models import GuildLink

from .client import DiscordClient
from .comings import follow_guilds_recorded, note_removal
from .errors import UNKNOWN_GUILD, DiscordRefusedError

logger = logging.getLogger(__name__)


def reconcile_links(client: DiscordClient) -> int:
    """Mark links whose bot is gone as removed, and removed ones whose bot is there as active. Returns how many changed.

    A gone bot is confirmed guild by guild. Idempotent. Raises RetryLaterError, DiscordAwayError and DiscordRefusedError.
    """
    there = client.list_own_guilds()
    with enter_schema(PUBLIC):
        links = list(GuildLink.objects.exclude(state=GuildLink.State.UNLINKED))
    changed = 0
    for link in links:
        if link.state == GuildLink.State.ACTIVE and link.guild_id not in there:
            changed += _confirm_removed(client, link.guild_id)
        elif link.state == GuildLink.State.REMOVED and link.guild_id in there:
            changed += follow_guilds_recorded(facts=[GuildFacts.read(client.get_guild(link.guild_id))])
    if changed:
        logger.info("%s links of guilds were put right.", changed)
    return changed


def _confirm_removed(client: DiscordClient, guild_id: int) -> int:
    try:
        client.get_guild(guild_id)
    except DiscordRefusedError as error:
        if error.code != UNKNOWN_GUILD and error.status not in {403, 404}:
            raise
    else:
        return 0
    try:
        note_removal(guild_id=guild_id)
    except NotFoundError:
        return 0
    return 1
