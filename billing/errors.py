"""What can go wrong between a community, its payer and Stripe.

EngageHubError
├── UnavailableError
│   ├── StripeAwayError          Stripe did not answer, or not in time
│   └── BillingOffError          no Stripe key is set: nothing is sold here
├── ConflictError
│   └── StripeRefusedError       Stripe said no to what we asked; its words are in the log
├── NotFoundError
│   └── PlanNotFoundError        no such plan, interval or currency is sold
└── InvalidInputError
    ├── CardDeclinedError        the payment was declined; Stripe's reason for the payer
    ├── UntilNotAheadError       a plan is given until a moment that is to come
    └── NothingGivenError        Free is not given: it is what everybody has
"""

from __future__ import annotations

from saas.core.errors import ConflictError, InvalidInputError, NotFoundError, UnavailableError


class StripeAwayError(UnavailableError):
    code = "stripe_away"

    def __init__(self) -> None:
        super().__init__(
            "Our payment provider did not answer, so nothing was changed and nothing was charged. "
            "Your plan stays as it is; please try again in a minute."
        )


class BillingOffError(UnavailableError):
    code = "billing_off"

    def __init__(self) -> None:
        super().__init__("Plans are not sold on this installation: everything is open to every community.")


class StripeRefusedError(ConflictError):
    code = "stripe_refused"

    def __init__(self) -> None:
        super().__init__(
            "Our payment provider did not accept this, so nothing was changed and nothing was charged. "
            "Reload the page to see how things stand; if it happens again, write to us with the reference."
        )


class CardDeclinedError(InvalidInputError):
    code = "card_declined"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The payment was declined: {reason or 'the bank gave no reason.'} Nothing was changed. "
            "Try another card, or ask your bank."
        )


class PlanNotFoundError(NotFoundError):
    code = "no_such_plan"


class UntilNotAheadError(InvalidInputError):
    code = "until_not_ahead"

    def __init__(self) -> None:
        super().__init__(
            "A plan can be given until a moment that is still to come. Choose a later date, or leave it empty to give it "
            "until you take it back.",
            field="until",
        )


class NothingGivenError(InvalidInputError):
    code = "nothing_given"

    def __init__(self) -> None:
        super().__init__(
            "Free is what every community has, so it cannot be given. To end a gift, take it back.",
            field="plan",
        )
