"""What can go wrong while the local stack starts. The message is all that the person at the terminal sees."""

from __future__ import annotations


class DevstackError(Exception):
    """The stack cannot start or go on; the message says what happened, why, and what to do."""
