"""Why a webhook is not taken. Stripe shows the message beside the delivery, to whoever looks after the endpoint.

WebhookRefusedError            400, nothing was stored
├── BadSignatureError          not signed with a secret of ours
├── StaleSignatureError        signed too long ago, or in the future
├── UnreadableEventError       no event of Stripe's
└── OtherModeError             a test event where we are live, or the other way round
StripeEventNotFoundError       404
ReplayRefusedError             409, it waits already
"""

from __future__ import annotations

from saas.core.errors import ConflictError, EngageHubError, NotFoundError


class WebhookRefusedError(EngageHubError):
    code = "webhook_refused"
    http_status = 400


class BadSignatureError(WebhookRefusedError):
    code = "bad_signature"

    def __init__(self) -> None:
        super().__init__(
            "The Stripe-Signature does not fit this body and our signing secret. Compare STRIPE_WEBHOOK_SECRET with the "
            "endpoint's page in Stripe's dashboard."
        )


class StaleSignatureError(WebhookRefusedError):
    code = "stale_signature"

    def __init__(self, minutes: int) -> None:
        super().__init__(
            f"The signature's time is more than {minutes} minutes from ours, so it may be a replay. Send the event again from "
            "Stripe's dashboard; if that is refused too, a clock is wrong."
        )


class UnreadableEventError(WebhookRefusedError):
    code = "unreadable_event"

    def __init__(self, why: str) -> None:
        super().__init__(f"This is no event that we can read: {why}. Nothing was stored.")


class OtherModeError(WebhookRefusedError):
    code = "other_mode"

    def __init__(self, live: bool) -> None:
        theirs, ours = ("live", "test") if live else ("test", "live")
        super().__init__(
            f"This is a {theirs} event, and our key is a {ours} key. Point the endpoint of {theirs} mode at another address."
        )


class StripeEventNotFoundError(NotFoundError):
    code = "stripe_event_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such event. Those that were settled are forgotten after 90 days.")


class ReplayRefusedError(ConflictError):
    code = "event_waits"

    def __init__(self) -> None:
        super().__init__("This event waits to be worked off already, so there is nothing to replay.")
