"""What can go wrong when people change points by hand."""

from __future__ import annotations

from saas.core.errors import ConflictError, InvalidInputError, NotFoundError


class InvalidAdjustmentError(InvalidInputError):
    """The amount or the reason cannot be booked."""

    code = "invalid_adjustment"


class AdjustmentNotFoundError(NotFoundError):
    code = "adjustment_not_found"


class AlreadyUndoneError(ConflictError):
    """The adjustment was undone before, or is itself an undoing."""

    code = "already_undone"


class IdempotencyKeyReusedError(ConflictError):
    """The key was used for another adjustment."""

    code = "idempotency_key_reused"


class EntryNotFoundError(NotFoundError):
    code = "entry_not_found"


class HistoryHiddenError(EntryNotFoundError):
    """It is older than the history that the community's plan shows; it is kept."""

    code = "history_hidden"

    def __init__(self, days: int) -> None:
        super().__init__(
            f"This is older than the {days:,} days of history that the community's plan shows. It is kept, and shown again with a plan that "
            "goes further back."
        )
        self.days = days
        self.facts: dict[str, object] = {"limit": "history_days", "allowed": days}


class InvalidBoardRulesError(InvalidInputError):
    code = "invalid_board_rules"


class InvalidBulkActError(InvalidInputError):
    """Nobody was chosen, too many were, or the act is none of ours."""

    code = "invalid_bulk_act"


class BulkActNotFoundError(NotFoundError):
    code = "bulk_act_not_found"


class BulkActRunningError(ConflictError):
    """The act goes on at the moment, so that it cannot be undone yet."""

    code = "bulk_act_running"
