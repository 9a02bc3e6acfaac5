"""Who acts in an interaction, as the audit log remembers them."""

from __future__ import annotations

import discord

from engagement.audit.actor import Actor


def actor_of(interaction: discord.Interaction[discord.Client]) -> Actor:
    """Discord names the person; the interaction's id is what to look for in the bot's log."""
    return Actor(
        "discord",
        interaction.user.id,
        interaction.user.display_name,
        via="bot",
        request_id=str(interaction.id),
    )
