"""What the team is told on its pages about the plan: facts and words, for banners. Members never see them.

A notice is a fact of the rows as they stand; nothing has to be sent or marked for it to appear or to go.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from django.conf import settings

from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from tenants.models import Tenant

from .grace import grace_end
from .models import BillingAttempt, Subscription
from .wording import plan_name, write_interval

Level = Literal["bad", "warn", "info"]
Target = Literal["pay", "plan", "choose"]
_TRIAL_SHOWN: Final = timedelta(days=7)
_END_SHOWN: Final = timedelta(days=30)
_FAILURE_SHOWN: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Notice:
    """`kind` names the case, `at` the moment that counts (the page writes it in the reader's zone), `target` where the one thing
    to do is: the open invoice (the payer's portal), the plan page or the choice of plans. `text` may hold `{at}`."""

    kind: str
    level: Level
    title: str
    text: str
    at: datetime | None = None
    target: Target = "plan"


def list_notices(*, tenant: Tenant) -> list[Notice]:
    """The most urgent first; none where nothing is sold. Two queries."""
    if not settings.BILLING_ON:
        return []
    with enter_schema(PUBLIC):
        rows = list(
            Subscription.objects.select_related("payer__user").filter(tenant=tenant).order_by("-pk")[:10]
        )
        failed = _last_failure(tenant)
    now = clock.now()
    live = next((row for row in rows if row.ended_at is None), None)
    found = _of_live(live, now) if live is not None else _of_past(rows, now)
    return [*found, *([failed] if failed else [])]


def _of_live(row: Subscription, now: datetime) -> list[Notice]:
    plan = plan_name(row.plan)
    found: list[Notice] = []
    if row.unpaid_since is not None:
        found.append(_unpaid(row, grace_end(row.unpaid_since), now))
    if row.cancel_at is not None:
        found.append(
            Notice(
                "cancelled",
                "info",
                f"{plan} ends soon",
                "The plan was cancelled. Everything stays on until {at}; until then you can resume it.",
                row.cancel_at,
            )
        )
    elif row.status == "trialing" and row.trial_end is not None and row.trial_end - now <= _TRIAL_SHOWN:
        text = (
            "The trial ends on {at}; then the first payment is taken."
            if row.has_method
            else "The trial ends on {at}. Add a card to keep the plan; without one the community goes back to Free, and nothing "
            "is deleted or charged."
        )
        found.append(Notice("trial", "info", f"The trial of {plan} ends soon", text, row.trial_end))
    elif row.next_plan:
        then = f"{plan_name(row.next_plan)}, paid {write_interval(row.next_interval)}"
        found.append(
            Notice(
                "planned",
                "info",
                f"{plan} until the end of the period",
                f"From {{at}} on the plan is {then}. Until then you can take this back.",
                row.period_end,
            )
        )
    return found


def _unpaid(row: Subscription, ends: datetime, now: datetime) -> Notice:
    if now < ends:
        return Notice(
            "grace",
            "warn",
            "The last payment failed",
            f"Everything that {plan_name(row.plan)} includes stays on until {{at}}. After that Free’s limits hold; nothing is "
            f"deleted. {row.payer} can pay the open invoice, with another card if need be.",
            ends,
            "pay",
        )
    return Notice(
        "frozen",
        "bad",
        "Free’s limits hold",
        "The last payment has been open since before {at}. Nothing was deleted: what is above the limits waits, and is on again "
        f"as soon as {row.payer} pays the open invoice.",
        ends,
        "pay",
    )


def _of_past(rows: list[Subscription], now: datetime) -> list[Notice]:
    """Of a plan that ended not long ago."""
    row = next((row for row in rows if row.ended_at is not None and now - row.ended_at < _END_SHOWN), None)
    if row is None:
        return []
    if "deletion" in row.reminded:
        return [
            Notice(
                "restored",
                "info",
                "No plan is paid at the moment",
                f"{plan_name(row.plan)} ended on {{at}}, when the community was deleted, and what was left of it was credited. "
                "Choose a plan to have it again; the credit is used first.",
                row.ended_at,
                "choose",
            )
        ]
    return [
        Notice(
            "ended",
            "info",
            f"{plan_name(row.plan)} has ended",
            "It ended on {at}, and Free’s limits hold. Nothing was deleted: what is above them waits for a plan.",
            row.ended_at,
            "choose",
        )
    ]


def _last_failure(tenant: Tenant) -> Notice | None:
    """A change whose answer was lost, and of which it turned out later that it came to nothing."""
    tried = BillingAttempt.objects.filter(tenant=tenant).exclude(kind="checkout")
    last = tried.exclude(kind="move").order_by("-pk").first()
    if last is None or last.settled_at is None or last.state != BillingAttempt.State.FAILED:
        return None
    late = last.settled_at - last.created_at > timedelta(seconds=15)
    if not late or clock.now() - last.settled_at > _FAILURE_SHOWN:
        return None
    return Notice(
        "failed",
        "warn",
        "The last change did not go through",
        "Our payment provider was away when the plan was to be changed on {at}. Nothing was changed and nothing was charged; "
        "please try again.",
        last.created_at,
    )
