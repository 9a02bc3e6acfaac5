"""What can go wrong between a community, its payer and Stripe.

EngageHubError
├── UnavailableError
│   ├── StripeAwayError          Stripe did not answer, or not in time
│   ├── StripeUnsureError        it took what we sent and its answer was lost: the outcome is looked up later
│   ├── BillingBusyError         somebody else is changing this plan right now, for longer than we wait
│   ├── SyncRunningError         somebody else is bringing Stripe to the plans
│   └── BillingOffError          no Stripe key is set: nothing is sold here
├── ConflictError
│   ├── StripeRefusedError       Stripe said no to what we asked; its words are in the log
│   ├── AlreadySubscribedError   there is a plan already: it is changed, not bought again
│   ├── NoSubscriptionError      there is no plan that could be changed
│   ├── PlanChangedError         somebody else changed the plan meanwhile
│   ├── OfferOverError           who pays cannot be changed so: the offer is over, or was never theirs
│   ├── NothingToChangeError     that is the plan already
│   ├── PlanEndsError            it was cancelled: first resume it, then change it
│   ├── PaymentOverdueError      first the open invoice, then another plan
│   └── NotOpenError             the community is closed or suspended: nothing is sold to it
├── NotAllowedError
│   └── NotThePayerError         somebody else pays, and only they see cards and invoices
├── NotFoundError
│   ├── PlanNotFoundError        no such plan, interval or currency is sold
│   ├── PayerNotFoundError       no payer of this person's has this key
│   └── CheckoutNotFoundError    no checkout of this community has this id
└── InvalidInputError
    ├── PlanNotForSaleError      this community cannot choose this plan, interval, currency or quantity
    ├── PromotionCodeError       the code is unknown, over, or not for this community
    ├── CardDeclinedError        the payment was declined; Stripe's reason for the payer
    │   └── ConfirmationNeededError  the bank wants to hear from the card's holder first (3-D Secure)
    ├── UntilNotAheadError       a plan is given until a moment that is to come
    └── NothingGivenError        Free is not given: it is what everybody has
"""

from __future__ import annotations

from saas.core.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    UnavailableError,
)


class StripeAwayError(UnavailableError):
    code = "stripe_away"

    def __init__(self) -> None:
        super().__init__(
            "Our payment provider did not answer, so nothing was changed and nothing was charged. "
            "Everything stays as it is; please try again in a minute."
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


class ConfirmationNeededError(CardDeclinedError):
    code = "confirmation_needed"

    def __init__(self) -> None:
        InvalidInputError.__init__(
            self,
            "Your bank wants whoever pays to confirm this payment, so it was not taken and nothing was changed. Confirm it on the page of "
            "our payment provider, where the bank can ask, or use another card.",
        )


class NothingToConfirmError(ConflictError):
    code = "nothing_to_confirm"

    def __init__(self) -> None:
        super().__init__(
            "There is no change of plan that waits for your bank. Choose the plan once more; if the bank wants to be asked, you can go "
            "there from that page."
        )


class PlannedFirstError(ConflictError):
    """So near that nobody can be sure to have it put back in time."""

    code = "planned_first"

    def __init__(self) -> None:
        super().__init__(
            "A change is planned for the end of the period, which is less than a day ahead, so your bank cannot be asked meanwhile. "
            "Take the planned change back on the Billing page, then change the plan; or wait until it has taken place."
        )


class StripeUnsureError(StripeAwayError):
    """The request may have arrived. It is asked again with the same key, so nothing is charged twice."""

    code = "stripe_unsure"

    def __init__(self) -> None:
        UnavailableError.__init__(
            self,
            "Our payment provider did not answer in time, so we do not know yet whether this went through. "
            "We are asking again; the page shows the outcome within a minute. Nothing is charged twice.",
        )


class BillingBusyError(UnavailableError):
    code = "billing_busy"

    def __init__(self) -> None:
        super().__init__(
            "Somebody else is changing this payment at the moment, so nothing was changed by you. "
            "Reload the page in a minute to see how things stand."
        )


class AlreadySubscribedError(ConflictError):
    """There is a plan already. Pages lead to changing it."""

    code = "already_subscribed"

    def __init__(self, plan: str) -> None:
        super().__init__(
            f"This community has the plan {plan} already, so it was not bought a second time. "
            "Change the plan instead."
        )


class NoSubscriptionError(ConflictError):
    code = "no_subscription"

    def __init__(self) -> None:
        super().__init__(
            "This community pays for no plan at the moment, so there is nothing to change. Choose one first."
        )


class PlanChangedError(ConflictError):
    """What the form began from no longer stands."""

    code = "plan_changed"

    def __init__(self, standing: str, who: str = "") -> None:
        super().__init__(
            f"Nothing was changed by you, because {who or 'somebody'} changed the plan meanwhile. {standing} "
            "Look at it, then decide again."
        )


class OfferOverError(ConflictError):
    code = "payment_offer_over"


class NothingToChangeError(ConflictError):
    code = "nothing_to_change"

    def __init__(self, plan: str) -> None:
        super().__init__(
            f"This community has the plan {plan} on these terms already, so there is nothing to change."
        )


class PlanEndsError(ConflictError):
    code = "plan_ends"

    def __init__(self) -> None:
        super().__init__(
            "The plan was cancelled and ends soon, so it cannot be changed. Resume it first, then change it."
        )


class PaymentOverdueError(ConflictError):
    code = "payment_overdue"

    def __init__(self) -> None:
        super().__init__(
            "The last payment failed, so the plan cannot be changed yet. Pay the open invoice first, with another card if "
            "need be."
        )


class NotOpenError(ConflictError):
    code = "community_closed"

    def __init__(self) -> None:
        super().__init__(
            "This community is not open at the moment, so no plan can be bought or changed for it."
        )


class NotThePayerError(NotAllowedError):
    code = "not_the_payer"

    def __init__(self, payer: str) -> None:
        super().__init__(
            f"Cards and invoices are shown to whoever pays, which is {payer}. Ask them, or have the payment moved to you."
        )


class PayerNotFoundError(NotFoundError):
    code = "payer_not_found"

    def __init__(self) -> None:
        super().__init__("You pay under no such name. Choose one of those that are listed, or add a company.")


class CheckoutNotFoundError(NotFoundError):
    code = "checkout_not_found"

    def __init__(self) -> None:
        super().__init__(
            "There is no such checkout here. If you paid just now, look at the plan page in a minute."
        )


class PlanNotForSaleError(InvalidInputError):
    code = "plan_not_for_sale"


class PromotionCodeError(InvalidInputError):
    code = "bad_promotion_code"

    def __init__(self, why: str) -> None:
        super().__init__(f"This code was not taken: {why}", field="promotion_code")


class SyncRunningError(UnavailableError):
    code = "sync_running"

    def __init__(self) -> None:
        super().__init__(
            "Somebody else is bringing Stripe to the plans at the moment. Wait until that is done, then run it again."
        )
