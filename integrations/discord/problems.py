"""What the organiser has to put right, kept until it works again."""

from __future__ import annotations

from saas.core import clock

from .models import DiscordProblem


def note_problem(*, key: str, message: str) -> None:
    """Show `message` to the organiser under `key`. Seen again, only its moment changes."""
    DiscordProblem.objects.update_or_create(
        key=key, defaults={"message": message, "last_seen_at": clock.now()}
    )


def clear_problem(*, key: str) -> None:
    """It works. Clearing what is not there changes nothing."""
    DiscordProblem.objects.filter(key=key).delete()


def list_problems() -> list[DiscordProblem]:
    """The newest first."""
    return list(DiscordProblem.objects.order_by("-last_seen_at"))
