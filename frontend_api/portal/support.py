"""Supporting the community with money: what there is to support with, and one's own support with its dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing.income.accounts import get_payout_account
from engagement.supporters.models import Supporter, SupporterTier, SupportState
from engagement.supporters.selectors import SupportView, get_support, list_tiers
from frontend_api.dashboard.notices import take_notices
from frontend_api.dashboard.supporters.cards import TierCard, show_tier, write_price
from frontend_api.people import get_person
from frontend_api.portal.openness import open_to
from frontend_api.tenant import get_context
from integrations.discord.directory import recall_directory
from saas.core import clock
from tenants.context import TenantContext
from tenants.gates import is_open

GATE: Final = "supporters"


@dataclass(frozen=True, slots=True)
class Shown:
    """A tier and what can be done with it: `act` is what the button says; without it `said` says why not."""

    card: TierCard
    tier: SupporterTier
    act: str
    said: str
    is_mine: bool

    @property
    def href(self) -> str:
        return reverse("support-tier", args=[self.tier.key])


@never_cache
@require_safe
@open_to("view_shop")
def show_support(request: HttpRequest) -> HttpResponse:
    """The tiers on sale, to strangers too. The same number of queries for one tier and ten."""
    context, person = get_context(request), get_person(request)
    member_id = person.member_id if person is not None else None
    own = None if member_id is None else get_support(member_id=member_id)
    sells = is_selling(context)
    facts: dict[str, Any] = {
        "rows": list_shown(context, own) if sells else [],
        "sells": sells,
        "own": own,
        "runs": is_running(own),
        "price": "" if own is None else price_of(own.supporter),
        "next_price": "" if own is None else next_price_of(own.supporter),
        "states": SupportState,
        "told": take_notices(request),
    }
    return render(request, "portal/support.html", facts)


def is_selling(context: TenantContext) -> bool:
    """Whether somebody new can begin: the plan has it and the account for payouts is ready. One query."""
    if not is_open(GATE, context.entitlements, clock.now()):
        return False
    account = get_payout_account(tenant_id=context.tenant_id)
    return account is not None and account.can_sell


def list_shown(context: TenantContext, own: SupportView | None) -> list[Shown]:
    """What is on sale, each with what this member can do with it. One query."""
    names = recall_directory(context).names
    running = own if is_running(own) else None
    shown = []
    for one in list_tiers(on_sale_only=True):
        card = show_tier(one.tier, role=names.get(one.tier.role_id, ""), points_name=context.points_name)
        act, said = _offer(one.tier, running)
        is_mine = running is not None and running.tier.pk == one.tier.pk
        shown.append(Shown(card, one.tier, act, said, is_mine))
    return shown


def _offer(tier: SupporterTier, running: SupportView | None) -> tuple[str, str]:
    """(what the button says, why there is none). A dearer tier is changed to at once, a cheaper one with the next period; one of another
    currency or period waits until this support is over."""
    if running is None:
        return "Support", ""
    row = running.supporter
    if running.tier.pk == tier.pk:
        return "", "You support with this"
    if row.state == SupportState.LATE:
        return "", "Once the open payment is settled"
    if row.cancel_at is not None:
        return "", "When your support has ended"
    if (tier.currency, tier.interval) != (row.currency, row.interval):
        return "", "Cancel yours first, and choose this when it has ended"
    if row.next_tier_id == tier.pk:
        return "", "Yours with the next payment"
    if tier.amount <= row.amount:
        return "From the next payment", ""
    if row.next_tier_id is not None:
        return "", "Take your planned change back first"
    return "Change to this", ""


def is_running(own: SupportView | None) -> bool:
    return own is not None and own.supporter.state != SupportState.ENDED


def price_of(row: Supporter) -> str:
    """What was agreed, whatever the tier costs by now."""
    return write_price(row.amount, row.currency, row.interval)


def next_price_of(row: Supporter) -> str:
    """Of the tier that was chosen for the next period; empty where none was."""
    return write_price(row.next_amount, row.currency, row.interval) if row.next_tier_id is not None else ""
