"""allauth's Discord, by our settings' addresses."""

from __future__ import annotations

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.providers.discord.provider import DiscordProvider


class DiscordEngine(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Ours in name."""


class ConfiguredDiscord(DiscordProvider):  # type: ignore[misc]
    """Ours in name."""
