"""What can be wrong with a boost, told to whoever plans it."""

from __future__ import annotations

from datetime import datetime

from saas.core.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError


class InvalidBoostError(InvalidInputError):
    """A part of it is wrong; `field` names the part."""

    code = "invalid_boost"


class BoostNotFoundError(NotFoundError):
    code = "boost_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such boost in this community.")


class BoostOverError(ConflictError):
    """It ran to its end, so there is nothing left to stop or to go on with."""

    code = "boost_over"


class TooManyBoostsError(ConflictError):
    code = "too_many_boosts"


class BoostHoursError(NotAllowedError):
    """It would take more hours than are left. `needed` and `left` are hours of the month that begins at `starts_at`."""

    code = "boost_hours"

    def __init__(self, *, needed: int, left: int, starts_at: datetime, ends_at: datetime) -> None:
        days = f"{starts_at:%-d %B} to {ends_at:%-d %B %Y}"
        have = "none is left" if left <= 0 else f"{left:,} {'is' if left == 1 else 'are'} left"
        super().__init__(
            f"This takes {needed:,} more boost {'hour' if needed == 1 else 'hours'} from {days}, and {have}. Make it shorter, stop another "
            "boost, or ask the owner to allow more under Billing."
        )
        self.needed, self.left = needed, left
