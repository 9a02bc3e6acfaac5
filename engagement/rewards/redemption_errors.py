"""What redeeming and deciding refuse, in words for whoever asked; what a reward asks of a member, see RewardRefusedError."""

from __future__ import annotations

from engagement.members.errors import MemberWaitsError
from saas.core.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError


class RedemptionNotFoundError(NotFoundError):
    code = "redemption_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such redemption in this community.")


class InvalidRedemptionError(InvalidInputError):
    """A part of what was asked for is wrong; `field` names it."""

    code = "invalid_redemption"


class RedemptionKeyReusedError(ConflictError):
    """The key was used for another member or another reward."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__(
            "This key was used for another redemption. Send each redemption under a key of its own."
        )


class MemberCannotRedeemError(ConflictError):
    """The member is a bot, has left, or waits for room in the plan."""

    code = "member_cannot_redeem"


class DropPlaceError(ConflictError):
    """The reward is given out in a queue, and it is not this member's turn."""

    code = "drop_place"


class RedemptionStateError(ConflictError):
    """Somebody got there first, or it never could be done from where it stands."""

    code = "redemption_state"


class OwnRedemptionError(NotAllowedError):
    """Nobody decides on what they redeemed themselves."""

    code = "own_redemption"

    def __init__(self) -> None:
        super().__init__(
            "This is your own redemption, so somebody else of the team has to decide on it. Ask one of them."
        )


def check_can_redeem(name: str, *, is_bot: bool, left: bool, waits: bool) -> None:
    """Raises MemberCannotRedeemError, MemberWaitsError."""
    if is_bot:
        raise MemberCannotRedeemError(f"{name} is a bot, and rewards are for people.")
    if left:
        raise MemberCannotRedeemError(
            f"{name} has left the community. Rewards can be redeemed again after coming back."
        )
    if waits:
        raise MemberWaitsError(name)
