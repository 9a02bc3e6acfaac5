"""The one way to Stripe: a client for the address that STRIPE_API_URL names, and its errors as ours.

The library is imported when the first call is made: the bot and ingest read plans, never call Stripe, and need not carry it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final

import structlog
from django.conf import settings

from .errors import (
    BillingOffError,
    CardDeclinedError,
    ConfirmationNeededError,
    StripeAwayError,
    StripeRefusedError,
    StripeUnsureError,
)

if TYPE_CHECKING:
    from stripe import StripeClient

TIMEOUT_SECONDS: Final = 10
# Stripe's codes where the card's bank wants to ask its holder.
_TO_BE_CONFIRMED: Final = {
    "authentication_required",
    "invoice_payment_intent_requires_action",
    "subscription_payment_intent_requires_action",
}
log = structlog.get_logger(__name__)


def get_stripe() -> StripeClient:
    """The client of this process. Raises BillingOffError where no key is set."""
    if not settings.STRIPE_SECRET_KEY:
        raise BillingOffError
    return _client(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_URL)


@cache
def _client(key: str, address: str) -> StripeClient:
    import stripe

    return stripe.StripeClient(
        key,
        base_addresses={"api": address},
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        max_network_retries=2,
    )


@contextmanager
def asking_stripe() -> Iterator[StripeClient]:
    """`with asking_stripe() as stripe:` around calls; what goes wrong is raised as an error of ours.

    Raises StripeAwayError, CardDeclinedError, StripeRefusedError, BillingOffError.
    """
    client = get_stripe()
    import stripe

    try:
        yield client
    except (stripe.APIConnectionError, stripe.RateLimitError) as error:
        log.warning("stripe_away", error=str(error))
        raise StripeAwayError from error
    except stripe.CardError as error:
        if error.code in _TO_BE_CONFIRMED:
            raise ConfirmationNeededError from error
        raise CardDeclinedError(error.user_message or "") from error
    except stripe.StripeError as error:
        if error.http_status is not None and error.http_status >= 500:
            log.warning("stripe_away", error=str(error))
            raise StripeAwayError from error
        log.error("stripe_refused", error=str(error), code=error.code, request=error.request_id)
        raise StripeRefusedError from error


@contextmanager
def telling_stripe() -> Iterator[StripeClient]:
    """As `asking_stripe`, around a call that changes something: where its answer was lost, nobody knows whether it did.

    Raises StripeUnsureError in place of StripeAwayError then.
    """
    try:
        with asking_stripe() as client:
            yield client
    except StripeAwayError as error:
        import stripe

        if isinstance(error.__cause__, stripe.RateLimitError):
            raise
        raise StripeUnsureError from error.__cause__
