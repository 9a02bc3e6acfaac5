"""Who pays for a community, for an operator who is asked why it stands as it does: plans of its own, its retainer, and the way to what
Stripe told of them. From our own books: the page opens whether or not Stripe answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from billing.models import Payer, Subscription
from billing.retainers.selectors import find_last_place
from billing.wording import plan_name
from tenants.models import Tenant

SHOWN = 5


def describe_payment(tenant: Tenant) -> dict[str, Any]:
    """The newest plans of its own, the one that lives first, and the retainer that covers it or did not long ago. Two queries."""
    rows = Subscription.objects.select_related("payer__user").filter(tenant=tenant).order_by("-pk")[:SHOWN]
    place = find_last_place(tenant_id=tenant.pk)
    return {
        "paid": [
            (row, plan_name(row.plan), plan_name(row.next_plan))
            for row in sorted(rows, key=lambda row: row.ended_at is not None)
        ],
        "place": place,
        "place_plan": plan_name(place.retainer.plan) if place else "",
    }


def list_besides(payers: Iterable[Payer]) -> dict[int, list[tuple[Subscription, str]]]:
    """What payers pay for beside a retainer, by payer's id, with each plan's name. One query."""
    found: dict[int, list[tuple[Subscription, str]]] = defaultdict(list)
    rows = Subscription.objects.select_related("tenant").filter(payer__in=list(payers), ended_at=None)
    for row in rows.order_by("tenant__name", "pk"):
        found[row.payer_id].append((row, plan_name(row.plan)))
    return found
