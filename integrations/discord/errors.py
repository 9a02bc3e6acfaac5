"""What can go wrong between us and Discord."""

from __future__ import annotations

from saas.core.errors import InvalidInputError
from saas.events.retries import PermanentJobError

# Discord's own codes that mean something here.
UNKNOWN_CHANNEL, UNKNOWN_MEMBER, UNKNOWN_ROLE = 10003, 10007, 10011
MISSING_ACCESS, CLOSED_TO_US, MISSING_PERMISSIONS = 50001, 50007, 50013


class DiscordRefusedError(PermanentJobError):
    """Discord answered 4xx: the same request again would be refused again. `code` is Discord's."""

    def __init__(self, status: int, code: int, message: str, route: str) -> None:
        super().__init__(f"Discord refused {route} with {status} ({code}): {message}")
        self.status = status
        self.code = code


class DiscordAwayError(Exception):
    """No answer, or a 5xx. `answered` tells whether the request certainly came to its end."""

    def __init__(self, message: str, *, answered: bool) -> None:
        super().__init__(message)
        self.answered = answered


class BotTokenMissingError(PermanentJobError):
    def __init__(self) -> None:
        super().__init__(
            "DISCORD_BOT_TOKEN is not set, so nothing can be sent to Discord. Set it and start the worker again."
        )


class BadLevelRoleError(InvalidInputError):
    code = "bad_level_role"
