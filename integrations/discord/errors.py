"""What can go wrong between us and Discord."""

from __future__ import annotations

from saas.core.errors import EngageHubError, InvalidInputError, NotAllowedError, UnavailableError
from saas.events.retries import PermanentJobError

# Discord's own codes that mean something here.
UNKNOWN_CHANNEL, UNKNOWN_GUILD, UNKNOWN_MEMBER, UNKNOWN_ROLE = 10003, 10004, 10007, 10011
UNKNOWN_MESSAGE = 10008
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


class DiscordUnavailableError(UnavailableError):
    """For a person who waits: Discord did not answer, or asked for patience."""

    code = "discord_unavailable"

    def __init__(self) -> None:
        super().__init__(
            "Discord does not answer at the moment. Nothing was changed here; try again in a minute."
        )


class InstallDeclinedError(EngageHubError):
    """The person pressed Cancel on Discord's page."""

    code = "install_declined"

    def __init__(self) -> None:
        super().__init__(
            "You cancelled on Discord's page, so the bot was not added and nothing was changed. Add it whenever you like."
        )


class InstallRefusedError(EngageHubError):
    """Discord did not go along with the install; the message says why."""

    code = "install_refused"


class GuildNotManagedError(NotAllowedError):
    """Whoever consented does not manage the guild, or no longer does."""

    code = "guild_not_managed"

    def __init__(self, guild_name: str) -> None:
        super().__init__(
            f"You may not link {guild_name or 'this server'}: Discord says that you do not hold Manage Server there (any more). "
            "Nothing was linked. Ask the server's owner for Manage Server, or ask somebody who has it to do this."
        )
