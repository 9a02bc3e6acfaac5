"""What requesting, deciding and moving credits refuses."""

from __future__ import annotations

from datetime import datetime

from engagement.ledger.errors import NotEnoughError
from saas.core.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError


class InvalidCreditsError(InvalidInputError):
    """An amount, a reason or a setting of a credit type is wrong; `field` names it."""

    code = "invalid_credits"


class CreditTypeNotFoundError(NotFoundError):
    code = "credit_type_not_found"

    def __init__(self) -> None:
        super().__init__(
            "There are no such credits in this community. Look at the list of credits for their name."
        )


class CreditTypeExistsError(ConflictError):
    """The key is taken, perhaps by archived credits."""

    code = "credit_type_exists"


class CreditTypeClosedError(ConflictError):
    """These credits are archived, or cannot be requested."""

    code = "credit_type_closed"


class CreditTypeFrozenError(NotAllowedError):
    """The community's plan includes fewer kinds; the newest rest. Balances stay, and can be spent."""

    code = "credit_type_frozen"

    def __init__(self, name: str, allowed: int) -> None:
        super().__init__(
            f"{name} credits rest: this community's plan includes {allowed:,} {'kind' if allowed == 1 else 'kinds'} of credits, and "
            "older ones come first. What members have stays theirs and can be spent. The owner can change the plan under Billing."
        )


class RequestLimitError(ConflictError):
    """More than the credits' own limits let a member ask for. `left` is what could be asked for now, `next_at` when there is more."""

    code = "request_limit"

    def __init__(self, message: str, *, left: int, next_at: datetime | None) -> None:
        super().__init__(message)
        self.left = left
        self.next_at = next_at
        self.facts: dict[str, object] = {
            "left": left,
            "next_at": None if next_at is None else next_at.isoformat(),
        }


class CreditRequestNotFoundError(NotFoundError):
    code = "credit_request_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such credit request in this community.")


class RequestDecidedError(ConflictError):
    """Somebody got there first, or the request was cancelled: nothing is left to decide."""

    code = "already_decided"


class MailLinkStaleError(ConflictError):
    """Something happened to the request since the mail was sent: it was decided, asked about or answered."""

    code = "mail_link_stale"


class OwnRequestError(NotAllowedError):
    code = "own_request"

    def __init__(self) -> None:
        super().__init__(
            "This is your own request, and nobody decides on their own. Ask somebody else of the team."
        )


class ApproverQuotaError(NotAllowedError):
    """A delegated approver would grant more than their quota. `left` is what they may still grant until `next_at`."""

    code = "quota_used"

    def __init__(self, message: str, *, left: int, next_at: datetime) -> None:
        super().__init__(message)
        self.left, self.next_at = left, next_at
        self.facts: dict[str, object] = {"left": left, "next_at": next_at.isoformat()}


class ApproverNotFoundError(NotFoundError):
    code = "credit_approver_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such approver here. Somebody may have removed them; reload the list.")


class CreditMoveNotFoundError(NotFoundError):
    code = "credit_move_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such move of credits in this community.")


class AlreadyUndoneError(ConflictError):
    code = "already_undone"


class CreditKeyReusedError(ConflictError):
    """The idempotency key stands for another request or move."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("This key was used for something else. Send each request under a key of its own.")


class NotEnoughCreditsError(NotEnoughError):
    """The balance does not cover it; nothing was changed."""

    def __init__(self, *, has: int, needs: int, unit: str, advice: str = "") -> None:
        super().__init__(has=has, needs=needs)
        self.message = (
            f"This needs {needs:,} {unit}, and {has:,} are there: {needs - has:,} more. {advice}".strip()
        )
        self.args = (self.message,)
