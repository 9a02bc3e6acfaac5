"""What can go wrong when members pay their community.

EngageHubError
├── NotFoundError
│   ├── NoPayoutAccountError          the community has no account that could be looked at
│   └── SupportCheckoutNotFoundError  no checkout of this member, in this community, has this id
├── ConflictError
│   ├── PayoutsNotReadyError          Stripe does not let the community take payments yet
│   ├── PayoutCountryError            the account was made for another country
│   ├── AnothersAccountError          only who connected it is led to Stripe's pages of it
│   ├── OwnerChangedError             the community has another owner by now
│   ├── AccountChangedError           another account stands by now
│   ├── ReplacementBegunError         first call off the one that is being connected
│   ├── SupportLateError              first the open payment, then another tier
│   ├── SupportEndsError              it is set to end: first resume it
│   ├── RefundTooLateError            the payment is too long ago
│   └── PaymentDisputedError          the payer's bank took it back, or gave it back to the community
└── InvalidInputError
    └── UnknownCountryError           no payouts there
"""

from __future__ import annotations

from saas.core.errors import ConflictError, InvalidInputError, NotFoundError


class NoPayoutAccountError(NotFoundError):
    code = "no_payout_account"

    def __init__(self) -> None:
        super().__init__(
            "This community has no payout account yet. Its owner can set one up under Supporters."
        )


class SupportCheckoutNotFoundError(NotFoundError):
    code = "support_checkout_not_found"

    def __init__(self) -> None:
        super().__init__(
            "You began no such payment here. If you paid just now, look at your support in a minute."
        )


class PayoutsNotReadyError(ConflictError):
    code = "payouts_not_ready"

    def __init__(self) -> None:
        super().__init__(
            "This community can't take payments at the moment, so nothing was begun and nothing was charged. Its owner sees under "
            "Supporters what is missing; please try again later."
        )


class PayoutCountryError(ConflictError):
    code = "payout_country"

    def __init__(self, country: str) -> None:
        super().__init__(
            f"The payout account was begun for {country}, and Stripe can't move it to another country. Go on with that one, or write to us."
        )


class AnothersAccountError(ConflictError):
    code = "anothers_account"

    def __init__(self, name: str) -> None:
        whose = f"{name} connected this account" if name else "Somebody else connected this account"
        super().__init__(
            f"{whose}, so only they can open it at Stripe: bank details stand there. Connect an account of your own instead."
        )


class OwnerChangedError(ConflictError):
    code = "owner_changed"

    def __init__(self) -> None:
        super().__init__(
            "This community has another owner by now, and only its owner decides where the money goes. Nothing was changed."
        )


class AccountChangedError(ConflictError):
    code = "payout_account_changed"

    def __init__(self) -> None:
        super().__init__(
            "The money goes to another account by now, so nothing was confirmed. Look at the account below, then decide again."
        )


class ReplacementBegunError(ConflictError):
    code = "replacement_begun"

    def __init__(self, country: str) -> None:
        super().__init__(
            f"You began to connect another account, for {country}. Go on with that one, or call it off first."
        )


class SupportLateError(ConflictError):
    code = "support_late"

    def __init__(self) -> None:
        super().__init__(
            "Your last payment failed, so the tier can't be changed yet. Update your card first; then the payment is tried again."
        )


class SupportEndsError(ConflictError):
    code = "support_ends"

    def __init__(self) -> None:
        super().__init__("Your support is set to end. Resume it first, then choose another tier.")


class ChangePlannedError(ConflictError):
    code = "support_change_planned"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"You chose “{name}” from the next period on. Take that back first, then choose a dearer tier."
        )


class PeriodTurnsError(ConflictError):
    """A change for the next period must not meet the payment that begins it."""

    code = "support_period_turns"

    def __init__(self) -> None:
        super().__init__(
            "Your next payment is being made about now, so nothing was changed. Try again in half an hour."
        )


class RefundTooLateError(ConflictError):
    code = "refund_too_late"

    def __init__(self, days: int) -> None:
        super().__init__(
            f"This payment is more than {days} days ago, so it can't be given back here. Settle it with the member directly."
        )


class PaymentDisputedError(ConflictError):
    code = "payment_disputed"

    def __init__(self, *, won: bool = False) -> None:
        super().__init__(
            "The bank of who paid decided a dispute of this payment for you, so it can’t be given back here. Settle it with the member "
            "directly."
            if won
            else "This payment is disputed: the bank of who paid has taken it back already, so there is nothing left to refund."
        )


class UnknownCountryError(InvalidInputError):
    code = "unknown_country"

    def __init__(self, country: str) -> None:
        super().__init__(
            f"“{country[:20]}” is no country that payouts go to. Choose one from the list.", field="country"
        )
