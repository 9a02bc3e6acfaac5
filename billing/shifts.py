"""What choosing another plan means: at once, at the end of the period, or within a trial. Pure, but for the names of prices.

Whatever gives more begins at once and is paid for at once, in proportion; whatever gives less begins when what was paid for is
used up, so that nobody loses what they bought. A trial is changed at once, because nothing was paid yet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from copy import copy
from typing import Any, Final, Literal

from .choosing import Choice
from .models import Subscription
from .plans import get_plan
from .reading import id_of, plan_of_price

Kind = Literal["now", "later", "trial"]
_VERSION_OF: Final = (
    "stripe_id", "plan", "interval", "quantity", "status", "cancel_at", "next_plan", "next_interval", "next_quantity",
)  # fmt: skip


def kind_of(row: Subscription, choice: Choice) -> Kind:
    """When the choice takes effect. The interval alone: a year at once, a month when the year is over."""
    if row.status == "trialing":
        return "trial"
    rank, standing = choice.plan.rank, get_plan(row.plan).rank
    if rank != standing:
        return "now" if rank > standing else "later"
    if choice.quantity != row.quantity:
        return "now" if choice.quantity > row.quantity else "later"
    return "now" if choice.interval == "year" else "later"


def is_same(row: Subscription, choice: Choice) -> bool:
    return (row.plan, row.interval, row.quantity) == (choice.plan.key, choice.interval, choice.quantity)


def version_of(row: Subscription) -> str:
    """What a form began from: different as soon as anything about the plan is."""
    facts = "|".join(str(getattr(row, name)) for name in _VERSION_OF)
    return hashlib.sha256(facts.encode()).hexdigest()[:16]


def version_without_plan(row: Subscription) -> str:
    """As `version_of`, once what is planned for the end of the period is taken back."""
    without = copy(row)
    without.next_plan, without.next_interval, without.next_quantity = "", "", 0
    return version_of(without)


def item_changes(items: list[Mapping[str, Any]], price: str, quantity: int) -> list[dict[str, Any]]:
    """What turns these items of a subscription into those of a choice: the plan's line gets another price, any other goes. `price`
    is the id of one."""
    return [
        {"id": item["id"], "price": price, "quantity": quantity}
        if plan_of_price(item["price"]) is not None
        else {"id": item["id"], "deleted": True}
        for item in items
    ]


def phase_items(items: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The items as they stand, as a schedule's phase wants them."""
    return [
        {
            "price": id_of(item["price"]),
            **(
                {}
                if (item["price"].get("recurring") or {}).get("usage_type") == "metered"
                else {"quantity": item.get("quantity") or 1}
            ),
        }
        for item in items
    ]
