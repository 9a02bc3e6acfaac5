"""When a payment that failed is tried again, and what becomes of the subscription when it never succeeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from .periods import DAY

# Days after the attempt before, the schedule that Stripe proposes.
RETRY_DAYS: Final = (3, 5, 7)
EndOfRetries = Literal["canceled", "unpaid", "past_due"]
# A first invoice that nobody pays within this time ends the subscription.
INCOMPLETE_SECONDS: Final = 23 * 3600
PENDING_UPDATE_SECONDS: Final = 23 * 3600
# A renewal's draft stands open for changes this long.
DRAFT_SECONDS: Final = 3600
TRIAL_WARNING_SECONDS: Final = 3 * DAY
UPCOMING_SECONDS: Final = 7 * DAY


def next_attempt(failed: int, at: int, days: Sequence[int] = RETRY_DAYS) -> int | None:
    """When to try again after the `failed`-th failure at a moment; None when it was the last."""
    if failed < 1 or failed > len(days):
        return None
    return at + days[failed - 1] * DAY
