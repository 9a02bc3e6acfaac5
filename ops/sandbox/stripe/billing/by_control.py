"""A person at the Checkout page, for tests that need no browser: `POST /_sandbox/checkout/{id}/complete`."""

from __future__ import annotations

from typing import Any

from ..errors import invalid
from ..payments.cards import card_of_number
from ..store import Json, Store, shown
from .checkouts import KIND, Filled, apply_code, complete

_KNOWN = frozenset(
    {"id", "card", "payment_method", "email", "name", "address", "tax_id", "code", "authenticated"}
)


def complete_checkout(store: Store, body: Json) -> Any:
    """Fill in and send the page of a session. `card` is a test number (4242… unless another is named), None for none.

    Raises as the page shows it: a declined card, 3-D Secure without `authenticated`, an expired session.
    """
    wrong = body.keys() - _KNOWN
    if wrong:
        raise invalid(
            f"A checkout is completed with {', '.join(sorted(_KNOWN))}; not with {', '.join(sorted(wrong))}."
        )
    number = body.get("card", None if body.get("payment_method") else "4242424242424242")
    card = card_of_number(number) if number else None
    if number and card is None:
        raise invalid(f"{number} is none of Stripe's test cards.", "card")
    filled = Filled(
        card=card,
        saved=body.get("payment_method"),
        email=body.get("email", "payer@example.org"),
        name=body.get("name", "Robin Payer"),
        address=body.get("address", {}),
        tax_id=tuple(body["tax_id"]) if body.get("tax_id") else None,
        authenticated=bool(body.get("authenticated")),
    )
    with store.transaction():
        session = store.get(KIND, body["id"])
        if "code" in body:
            session = apply_code(store, session, body["code"])
        return shown(complete(store, session, filled))
