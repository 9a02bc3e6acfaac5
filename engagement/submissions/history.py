"""What a submission went through, as its row remembers it; and its state in words. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from engagement.audit.actor import Actor
from saas.core import clock

from .models import Submission

_HISTORY: Final = 100


def words_of(state: str) -> str:
    """As the middle of a sentence: “This is …”."""
    return {
        "draft": "a draft",
        "pending": "waiting for review",
        "needs_info": "waiting for the member's answer",
        "approved": "approved",
        "rejected": "rejected",
        "withdrawn": "withdrawn",
    }[state]


def note(
    submission: Submission, actor: Actor, text: str = "", *, now: datetime | None = None, **facts: Any
) -> None:
    """Add the state that it has now to its history, of which the newest hundred are kept."""
    line = {
        "state": submission.state,
        "at": (now or clock.now()).isoformat(),
        "by": actor.name[:100],
        "note": text[:500],
        **facts,
    }
    submission.history = [*submission.history, line][-_HISTORY:]
