"""What can go wrong when the bot's commands are set up."""

from __future__ import annotations

from saas.core.errors import InvalidInputError


class InvalidCommandSettingError(InvalidInputError):
    code = "invalid_command_setting"
