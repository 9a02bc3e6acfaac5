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


class InvalidBoardRulesError(InvalidInputError):
    code = "invalid_board_rules"
