"""Errors as Stripe words them: status, type, code, message and the parameter at fault.

Invariant: type and code are those of Stripe's documentation, because clients branch on them.
"""

from __future__ import annotations

from typing import Any, Final

# How Stripe names a kind of object in "No such …".
_NAMES: Final = {
    "payment_method": "PaymentMethod",
    "promotion_code": "promotion code",
    "test_helpers.test_clock": "test clock",
    "subscription_item": "subscription item",
    "subscription_schedule": "subscription schedule",
    "webhook_endpoint": "webhook endpoint",
    "tax_id": "tax ID",
    "billing.meter": "billing meter",
    "invoiceitem": "invoiceitem",
}


class StripeError(Exception):
    """An answer other than 2xx.

    `keeps` says that what the request wrote stands all the same: a declined payment leaves its traces.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        keeps: bool = False,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param
        self.keeps = keeps
        self.extra = extra or {}

    def payload(self, request_id: str) -> dict[str, Any]:
        error: dict[str, Any] = {}
        if self.code is not None:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        error |= self.extra
        error["message"] = self.message
        if self.param is not None:
            error["param"] = self.param
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        error["type"] = self.kind
        return {"error": error}


class ParameterError(StripeError):
    """A parameter that the library's types do not know, lack, or hold otherwise: a bug of the caller's."""


def empty(param: str) -> ParameterError:
    """What cannot be unset was sent empty."""
    return ParameterError(
        f"You passed an empty string for '{param}'. We assume empty values are an attempt to unset a parameter; however "
        f"'{param}' cannot be unset. You should remove '{param}' from your request or supply a non-empty value.",
        code="parameter_invalid_empty",
        param=param,
    )


def missing(kind: str, id: str, param: str | None = None) -> StripeError:
    """No such object. With `param` it was named in a parameter, without in the address."""
    return StripeError(
        f"No such {_NAMES.get(kind, kind)}: '{id}'",
        status=400 if param else 404,
        code="resource_missing",
        param=param or "id",
    )


def invalid(message: str, param: str | None = None, code: str | None = None) -> StripeError:
    """The commonest refusal: 400 `invalid_request_error`."""
    return StripeError(message, param=param, code=code)


def card_declined(
    message: str, *, code: str = "card_declined", decline_code: str | None = None, **extra: Any
) -> StripeError:
    """402 `card_error`; what was written stays."""
    if decline_code:
        extra["decline_code"] = decline_code
    return StripeError(message, status=402, kind="card_error", code=code, keeps=True, extra=extra)
