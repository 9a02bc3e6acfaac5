"""How a community stands with its plan, in one sentence with its dates. Pure: the subscription and the plan in force in, words out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils import timezone

from billing.models import Retainer, RetainerPlace, Subscription
from billing.phases import grace_until
from billing.plans import FREE, PLANS, Plan
from billing.retainers.selectors import is_ahead, plan_ends
from frontend_api.figures import write_day
from frontend_api.money import write_money
from tenants.entitlements import Entitlements

GOOD: Final = "good"
WARN: Final = "warn"
CALM: Final = ""
_UNPAID: Final = frozenset({"past_due", "unpaid"})


# Before another plan something else has to be settled: paid, or taken back.
UNSETTLED: Final = frozenset({"overdue", "frozen", "ending", "waiting"})


@dataclass(frozen=True, slots=True)
class Standing:
    """`kind` is free, given, trial, paid, ending, changing, overdue, frozen, waiting, or under a retainer covered, leaving or ahead.
    `tag` is its word, `tone` its colour.

    `ends_at`: when what is said changes by itself.
    """

    kind: str
    plan: Plan
    sentence: str
    tag: str
    tone: str = CALM
    ends_at: datetime | None = None


def describe_standing(
    subscription: Subscription | None,
    entitlements: Entitlements,
    now: datetime,
    place: RetainerPlace | None = None,
) -> Standing:
    """`subscription` is the one that has not ended, None for none; `place` the retainer's that covers the community, or did not long
    ago."""
    if subscription is None:
        return _without(entitlements, now, place)
    plan = find_plan(subscription.plan)
    if subscription.status in _UNPAID:
        return _unpaid(subscription, plan, now)
    if subscription.status == "trialing":
        return _trial(subscription, plan)
    if subscription.status == "active":
        return _active(subscription, plan)
    return Standing(
        "waiting",
        PLANS[FREE],
        f"{plan.name} was chosen, but its first payment is not finished. Until it is, the limits of Free hold.",
        "Not finished",
        WARN,
    )


def find_plan(key: str) -> Plan:
    """A plan by its key; Free for one that no release knows any more."""
    return PLANS.get(key, PLANS[FREE])


def write_price(plan: Plan, interval: str, currency: str, quantity: int = 1) -> str:
    """`$25 a month`, `$40 a month for 2 cohorts`, `nothing`."""
    if plan.is_free:
        return "nothing"
    text = f"{write_money(plan.price(interval, currency, quantity), currency)} a {interval}"
    return f"{text} for {quantity} {plan.per}s" if plan.per and quantity > 1 else text


def price_of(subscription: Subscription) -> str:
    plan = find_plan(subscription.plan)
    return write_price(plan, subscription.interval, subscription.currency, subscription.quantity)


def next_of(subscription: Subscription) -> str:
    """What was chosen for the next period: `Starter, $10 a month`; empty where nothing was."""
    if not subscription.next_plan:
        return ""
    plan, interval = find_plan(subscription.next_plan), subscription.next_interval or subscription.interval
    quantity = subscription.next_quantity or subscription.quantity
    return f"{plan.name}, {write_price(plan, interval, subscription.currency, quantity)}"


def on(moment: datetime) -> str:
    """The day in the reader's zone."""
    return write_day(timezone.localtime(moment))


def _without(entitlements: Entitlements, now: datetime, place: RetainerPlace | None) -> Standing:
    phase = entitlements.phase_at(now)
    if phase is None or phase.plan in {"", FREE}:
        if place is not None and is_ahead(place, now):
            return _ahead(place)
        return Standing(
            "free", PLANS[FREE], "Free. There is nothing to pay, and no date on which that ends.", "Free"
        )
    plan = find_plan(phase.plan)
    end = next((one.starts_at for one in entitlements.phases if one.starts_at > now), None)
    if phase.why != "given":
        return _covered(plan, phase.why, end, place)
    until = f" until {on(end)}" if end else ""
    return Standing(
        "given",
        plan,
        f"{plan.name}, given to you by EngageHub{until}. There is nothing to pay.",
        "Given",
        GOOD,
        end,
    )


def _covered(plan: Plan, why: str, end: datetime | None, place: RetainerPlace | None) -> Standing:
    """Under somebody's retainer: who pays, until when, what then, and whom to ask."""
    if place is None:
        text = f"{plan.name}, paid under a retainer. There is nothing to pay here."
        return Standing("covered", plan, text, "Retainer", GOOD)
    retainer, ends = place.retainer, plan_ends(place)
    payer = str(retainer.payer)
    if why == "grace" and end is not None:
        if place.left_at is not None or retainer.unpaid_since is None:
            what = f"{payer} no longer pays for this community"
        else:
            what = f"an invoice to {payer}, who pays for this community, is late since {on(retainer.unpaid_since)}"
        text = (
            f"{plan.name} stays on until {on(end)}: {what}. Then the limits of Free hold, and nothing is deleted. Choose a plan until "
            f"then, or ask {write_contact(retainer)}."
        )
        return Standing("leaving", plan, text, "Ends", WARN, end)
    renews = f", which renews on {on(retainer.period_end)}" if retainer.period_end else ""
    until = f" until {on(retainer.cancel_at)}" if retainer.cancel_at else renews
    then = f"until {on(ends)}" if ends else "for 14 days"
    text = (
        f"{plan.name}, paid by {payer} under a retainer{until}; should it end, everything stays on {then}, then the limits of Free hold, "
        f"and {write_contact(retainer)} is whom to ask."
    )
    if retainer.planned and retainer.period_end and not retainer.cancel_at:
        text += f" From {on(retainer.period_end)} on the plan is {find_plan(retainer.planned['plan']).name}."
    tone, tag = (WARN, "Ends") if retainer.cancel_at else (GOOD, "Retainer")
    return Standing("leaving" if retainer.cancel_at else "covered", plan, text, tag, tone, ends)


def _ahead(place: RetainerPlace) -> Standing:
    retainer = place.retainer
    assert retainer.starts_at is not None
    plan = find_plan(retainer.plan)
    text = (
        f"Free until {on(retainer.starts_at)}. From then on {plan.name} is paid by {retainer.payer} under a retainer; "
        f"{write_contact(retainer)} is whom to ask."
    )
    return Standing("ahead", PLANS[FREE], text, "Begins later", CALM, retainer.starts_at)


def write_contact(retainer: Retainer) -> str:
    """Who manages it: `Ada Lovelace of Agency Ltd`."""
    payer = retainer.payer
    return f"{payer.user} of {payer.name}" if payer.name and payer.name != str(payer.user) else str(payer)


def _trial(subscription: Subscription, plan: Plan) -> Standing:
    end = subscription.trial_end or subscription.period_end
    cancelled = subscription.cancel_at
    price = price_of(subscription)
    if end is None:
        return Standing("trial", plan, f"{plan.name}, as a trial.", "Trial", GOOD)
    if cancelled is not None and cancelled <= end:
        text = f"You try {plan.name} until {on(cancelled)}. It ends then: nothing is charged, and the limits of Free hold."
        return Standing("ending", plan, text, "Trial ends", WARN, cancelled)
    if subscription.has_method:
        text = f"You try {plan.name} until {on(end)}. It goes on from then for {price}."
        return Standing("trial", plan, text, "Trial", GOOD, end)
    text = (
        f"You try {plan.name} until {on(end)}. Without a card it ends then: nothing is charged, and the limits of Free hold. "
        f"With one it goes on for {price}."
    )
    return Standing("trial", plan, text, "Trial", GOOD, end)


def _active(subscription: Subscription, plan: Plan) -> Standing:
    price, end = price_of(subscription), subscription.period_end
    if subscription.cancel_at is not None:
        text = (
            f"{plan.name}, {price}. It is cancelled: everything works until {on(subscription.cancel_at)}, nothing more is charged, "
            "and then the limits of Free hold."
        )
        return Standing("ending", plan, text, "Cancelled", WARN, subscription.cancel_at)
    if subscription.next_plan:
        when = f" on {on(end)}" if end else " with the next period"
        text = f"{plan.name}, {price}. It changes{when} to {next_of(subscription)}."
        return Standing("changing", plan, text, "Changes", GOOD, end)
    due = "invoice" if subscription.by_invoice else "payment"
    text = f"{plan.name}, {price}." + (f" Next {due} on {on(end)}." if end else "")
    return Standing("paid", plan, text, "Paid", GOOD, end)


def _unpaid(subscription: Subscription, plan: Plan, now: datetime) -> Standing:
    until, price = grace_until(subscription), price_of(subscription)
    which = "first payment after the trial" if subscription.first_unpaid else "last payment"
    if until is not None and now < until:
        text = (
            f"{plan.name}, {price}. The {which} failed. Everything stays on until {on(until)}; then the limits of Free hold "
            "until the open invoice is paid."
        )
        return Standing("overdue", plan, text, "Payment failed", WARN, until)
    text = (
        f"{plan.name}, {price}, is not paid{f' since {on(subscription.unpaid_since)}' if subscription.unpaid_since else ''}. The limits "
        "of Free hold. Pay the open invoice, and everything is back at once."
    )
    return Standing("frozen", PLANS[FREE], text, "Not paid", WARN)
