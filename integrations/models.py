"""Only imports each provider's models, so that Django finds them."""

from integrations.discord.models import Delivery, DiscordProblem, LevelRole

__all__ = ["Delivery", "DiscordProblem", "LevelRole"]
