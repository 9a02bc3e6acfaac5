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

from .attempts import PLAN_ACTS, State
from .models import BillingAttempt, RetainerPlace, Subscription
from .phases import grace_until
from .retainers.selectors import find_last_place, is_ahead, plan_ends
from .wording import plan_name, write_interval

Level = Literal["bad", "warn", "info"]
Target = Literal["pay", "plan", "choose"]
_TRIAL_SHOWN: Final = timedelta(days=7)
_END_SHOWN: Final = timedelta(days=30)
_FAILURE_SHOWN: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Notice:
    """`kind` names the case, `at` the moment that counts (the page writes it in the reader's zone), `target` where the one thing
    to do is: the open invoice (the payer's portal), the plan page or the choice of plans. `text` may hold `{at}` and `{then}`."""

    kind: str
    level: Level
    title: str
    text: str
    at: datetime | None = None
    target: Target = "plan"
    then: datetime | None = None


def list_notices(*, tenant: Tenant) -> list[Notice]:
    """The most urgent first; none where nothing is sold. Two queries; three where no plan of its own goes on."""
    if not settings.BILLING_ON:
        return []
    with enter_schema(PUBLIC):
        rows = list(
            Subscription.objects.select_related("payer__user").filter(tenant=tenant).order_by("-pk")[:10]
        )
        tried = _of_attempts(tenant)
    now = clock.now()
    live = next((row for row in rows if row.ended_at is None), None)
    goes_on = live is not None and live.cancel_at is None
    place = None if goes_on else find_last_place(tenant_id=tenant.pk)
    found = _of_live(live, now) if live is not None else _of_past(rows, now)
    if place is not None:
        covered = list_cover_notices(place, now)
        # Under a retainer an earlier plan of its own is past and gone; one that ends, ends without harm.
        found = (
            [one for one in found if one.kind not in {"cancelled", "ended", "restored"}] if covered else found
        )
        found = [*covered, *found]
    return [*found, *tried]


def list_cover_notices(place: RetainerPlace, now: datetime) -> list[Notice]:
    """Of a community under a retainer, or that was not long ago: late, ending, left, or ahead. Pure."""
    retainer, ends = place.retainer, plan_ends(place)
    payer, plan = str(retainer.payer), plan_name(retainer.plan)
    if is_ahead(place, now):
        text = f"From {{at}} on {payer} pays for it with others together. There is nothing to do."
        return [Notice("cover_ahead", "info", f"{plan} begins soon", text, retainer.starts_at)]
    if ends is None or now - ends > _END_SHOWN:
        return []
    if now >= ends:
        text = f"Since {{at}} {payer} no longer pays for this community. Nothing was deleted: what is above Free’s limits waits for a plan."
        return [Notice("cover_over", "bad", "Free’s limits hold", text, ends, "choose")]
    stays = f"Everything that {plan} includes stays on until {{then}}; after that Free’s limits hold, and nothing is deleted."
    if place.left_at is not None:
        begins = retainer.starts_at
        if begins is not None and place.left_at < begins:
            return []  # It never had anything of it.
        text = f"{payer} has not paid for this community since {{at}}. {stays} Choose a plan until then, and nothing changes."
        return [
            Notice("cover_left", "warn", "No retainer pays any more", text, place.left_at, "choose", ends)
        ]
    if retainer.unpaid_since is not None:
        text = f"An invoice to {payer}, who pays for this community, is late since {{at}}. {stays} Ask {payer}, or choose a plan."
        return [
            Notice(
                "cover_unpaid",
                "warn",
                "The retainer is not paid",
                text,
                retainer.unpaid_since,
                "choose",
                ends,
            )
        ]
    if retainer.cancel_at is None or retainer.cancel_at - now > _END_SHOWN:
        return []
    text = f"{payer} pays for this community until {{at}}. {stays} Ask {payer}, or choose a plan until then."
    return [Notice("cover_ends", "info", "The retainer ends soon", text, retainer.cancel_at, "choose", ends)]


def _of_live(row: Subscription, now: datetime) -> list[Notice]:
    plan = plan_name(row.plan)
    found: list[Notice] = []
    if (ends := grace_until(row)) is not None:
        found.append(_unpaid(row, ends, now))
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
    which = "first" if row.first_unpaid else "last"
    if now < ends:
        return Notice(
            "grace",
            "warn",
            f"The {which} payment failed",
            f"Everything that {plan_name(row.plan)} includes stays on until {{at}}. After that Free’s limits hold; nothing is "
            f"deleted. {row.payer} can pay the open invoice, with another card if need be.",
            ends,
            "pay",
        )
    return Notice(
        "frozen",
        "bad",
        "Free’s limits hold",
        f"The {which} payment has been open since before {{at}}. Nothing was deleted: what is above the limits waits, and is on again "
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


def _of_attempts(tenant: Tenant) -> list[Notice]:
    """What was set aside while a bank is asked, and a change whose answer was lost. One query."""
    tried = BillingAttempt.objects.filter(tenant=tenant, kind__in=(*PLAN_ACTS, "aside")).order_by("-pk")[:5]
    found = _of_failure(next((one for one in tried if one.kind != "aside"), None))
    aside = next((one for one in tried if one.kind == "aside" and one.state == State.OPEN), None)
    if aside is None:
        return found
    text = (
        f"The change to {plan_name(aside.wanted['plan'])} at the end of the period is set aside while a bank is asked about another one. "
        "Unless it says yes, the change is planned again: when whoever pays comes back from that page, else within two hours."
    )
    return [Notice("aside", "info", "Waiting for a bank", text, aside.expires_at), *found]


def _of_failure(last: BillingAttempt | None) -> list[Notice]:
    """Of it turned out later that it came to nothing."""
    if last is None or last.settled_at is None or last.state != State.FAILED:
        return []
    late = last.settled_at - last.created_at > timedelta(seconds=15)
    if not late or clock.now() - last.settled_at > _FAILURE_SHOWN:
        return []
    text = (
        "Our payment provider was away when the plan was to be changed on {at}. Nothing was changed and nothing was charged; "
        "please try again."
    )
    return [Notice("failed", "warn", "The last change did not go through", text, last.created_at)]
