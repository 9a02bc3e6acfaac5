"""What of an invoice is a connected account's: `transfer_data`, `on_behalf_of` and `application_fee_percent` of a subscription.

Invariant: each paid invoice of such a subscription is a destination charge. The account receives all of it, and the platform takes
its fee back from the account, so that the rest is what stays there.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from ..errors import StripeError, invalid
from ..store import Json, Store
from .saving import Given

NAMES: Final = ("application_fee_percent", "on_behalf_of", "transfer_data")


def read_shares(store: Store, given: Given, standing: Json | None = None, *, where: str = "") -> Json:
    """Those of the three that were given, as the subscription holds them; an empty one takes it away. Raises Stripe's refusals.

    `standing`: the subscription as it is; `where`: what the parameters' names begin with.
    """
    found: Json = {}
    if "transfer_data" in given:
        data = given["transfer_data"] or None
        found["transfer_data"] = {"amount_percent": None, **data} if data else None
        if data and data.get("amount_percent") is not None:
            raise StripeError(
                "The local Stripe does not model the parameter 'amount_percent'. Take an application_fee_percent.",
                param=_named(where, "transfer_data[amount_percent]"),
            )
    for name in ("on_behalf_of", "application_fee_percent"):
        if name in given:
            found[name] = given[name] if given[name] != "" else None
    then: Json = {name: found.get(name, (standing or {}).get(name)) for name in NAMES}
    if not found:
        return {}
    destination = (then["transfer_data"] or {}).get("destination")
    if destination:
        _check_capability(store, destination, "transfers", _named(where, "transfer_data[destination]"))
    if then["on_behalf_of"]:
        _check_capability(store, then["on_behalf_of"], "card_payments", _named(where, "on_behalf_of"))
    if then["application_fee_percent"] is not None:
        _check_percent(
            store, then["application_fee_percent"], destination, _named(where, "application_fee_percent")
        )
    return found


def share_of(subscription: Json | None, amount: int) -> Json:
    """For the payment intent of an invoice of `amount`: nothing where no account has a share."""
    data = (subscription or {}).get("transfer_data")
    if subscription is None or not (data or subscription.get("on_behalf_of")):
        return {}
    percent = subscription["application_fee_percent"]
    fee = (Decimal(str(percent or 0)) * amount / 100).quantize(Decimal(1), ROUND_HALF_UP)
    return {
        "application_fee_amount": int(fee) or None,
        "on_behalf_of": subscription["on_behalf_of"],
        "transfer_data": {"amount": None, "destination": data["destination"]} if data else None,
    }


def _check_percent(store: Store, percent: Any, destination: str | None, name: str) -> None:
    if not destination and store.scope is None:
        raise invalid(
            "Can only apply an application_fee_percent when the request is made on behalf of another account (using an OAuth key, "
            "the Stripe-Account header, or the destination account)",
            name,
        )
    exact = Decimal(str(percent))
    if not 0 <= exact <= 100 or exact != exact.quantize(Decimal("0.01")):
        raise invalid("Invalid decimal: must be between 0 and 100 with at most two decimal places", name)


def _check_capability(store: Store, id: str, capability: str, name: str) -> None:
    account = store.get("account", id, param=name)
    if (account["capabilities"] or {}).get(capability) == "active":
        return
    if capability == "transfers":
        raise invalid(
            "Your destination account needs to have at least one of the following capabilities enabled: transfers, crypto_transfers, "
            "legacy_payments",
            name,
            "insufficient_capabilities_for_transfer",
        )
    raise invalid(
        f"You cannot create a charge on behalf of the account {id}, because it does not have the `card_payments` capability enabled.",
        name,
    )


def _named(where: str, name: str) -> str:
    if not where:
        return name
    first, bracket, rest = name.partition("[")
    return f"{where}[{first}]{bracket}{rest}"
