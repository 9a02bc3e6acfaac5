"""What can be wrong with tiers, told to whoever keeps them; and why a member can't support."""

from __future__ import annotations

from saas.core.errors import ConflictError, InvalidInputError, NotFoundError


class InvalidTierFormError(InvalidInputError):
    """A part of a tier is wrong; `field` names the part, such as “amount” or “perks”."""

    code = "invalid_supporter_tier"


class TierNotFoundError(NotFoundError):
    code = "supporter_tier_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such supporter tier in this community.")


class TierLimitError(ConflictError):
    code = "too_many_supporter_tiers"


class TierStateError(ConflictError):
    """It is not, or no longer, where this can be done."""

    code = "supporter_tier_state"


class TierInUseError(ConflictError):
    """Somebody bought it, or may be about to: it is retired, never deleted."""

    code = "supporter_tier_in_use"


class TierNotOnSaleError(ConflictError):
    code = "supporter_tier_not_on_sale"

    def __init__(self, name: str) -> None:
        super().__init__(f"“{name}” is not on sale now. Choose another tier.")


class AlreadySupportingError(ConflictError):
    """A member supports once at a time."""

    code = "already_supporting"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"You already support this community with “{name}”. Change the tier there, or cancel it and choose another one when it ends."
        )


class TierNotAlikeError(ConflictError):
    """Only a tier of the same currency and period can be taken while a support runs."""

    code = "supporter_tier_not_alike"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"“{name}” can't be taken while your support runs: only a tier with the same currency and period can. Cancel, "
            "and choose it when your support ends."
        )


class SupportNotFoundError(NotFoundError):
    code = "support_not_found"

    def __init__(self) -> None:
        super().__init__("You do not support this community at the moment.")


class SupporterNotFoundError(NotFoundError):
    code = "supporter_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such supporter in this community.")


class PaymentNotFoundError(NotFoundError):
    code = "supporter_payment_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such payment in this community.")


class SecondSupportError(ConflictError):
    """Told to billing, which ends the second one and gives its money back: the member supports already."""

    code = "second_support"

    def __init__(self) -> None:
        super().__init__("This member supports the community already, so that a second support can't stand.")
