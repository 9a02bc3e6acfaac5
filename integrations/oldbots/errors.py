"""What can go wrong between us and another bot."""

from __future__ import annotations

from saas.core.errors import UnavailableError


class OldBotError(UnavailableError):
    """The other bot did not tell; the message says why and what to do instead. Trying again at once cannot help."""

    code = "old_bot_silent"


class CancelledError(Exception):
    """Somebody cancelled the import while it was fetched."""
