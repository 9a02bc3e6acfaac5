"""What a member does with their support: begin, come back from Stripe's page, change to a dearer tier, cancel, resume, another card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.errors import BillingBusyError, CardDeclinedError, StripeAwayError
from billing.income.changing import (
    cancel_support,
    change_support,
    preview_support_change,
    resume_support,
)
from billing.income.checkouts import apply_support_session, begin_support
from billing.income.portals import open_support_portal
from engagement.notifications.support_news import is_to_be_thanked
from engagement.supporters.errors import TierNotOnSaleError
from engagement.supporters.models import SupporterTier, SupportState, TierState
from engagement.supporters.selectors import SupportView, get_support, get_tier
from frontend_api.actors import actor_of
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.supporters.cards import show_tier, write_price
from frontend_api.figures import write_unit
from frontend_api.portal.own import own_page
from frontend_api.tenant import get_context
from integrations.discord.directory import recall_directory
from saas.core import clock
from saas.core.errors import ConflictError, EngageHubError, InvalidInputError, UnavailableError
from tenants.gates import require_open

from .support import GATE, is_running, price_of

_SAID: Final[Mapping[type[EngageHubError], str]] = {
    StripeAwayError: "Our payment provider did not answer, so nothing was changed and nothing was charged. Try again in a minute.",
    BillingBusyError: "Your support is being changed at this moment, so nothing was changed. Look again in a minute.",
}


@require_http_methods(["GET", "HEAD", "POST"])
@own_page("support_community")
def choose_tier(request: HttpRequest, member_id: int, tier_key: str) -> HttpResponse:
    """What it costs and when, before anybody goes to Stripe's page; for whoever supports already, what the change costs."""
    own = get_support(member_id=member_id)
    tier = get_tier(key=tier_key)
    if own is not None and is_running(own) and own.tier.pk == tier.pk:
        return _stay(request, member_id, own)
    if tier.state != TierState.ON_SALE:
        return go_to(request, reverse("support"), TierNotOnSaleError(tier.name).message, kind="warn")
    if own is not None and is_running(own):
        return _change(request, member_id, own, tier)
    return _begin(request, member_id, tier)


def _begin(request: HttpRequest, member_id: int, tier: SupporterTier) -> HttpResponse:
    context = get_context(request)
    require_open(GATE, context.entitlements, clock.now())
    problem: EngageHubError | None = None
    if request.method == "POST":
        try:
            return HttpResponseRedirect(
                begin_support(context=context, member_id=member_id, tier_key=tier.key)
            )
        except (ConflictError, InvalidInputError, UnavailableError) as error:
            problem = error
    names = recall_directory(context).names
    facts: dict[str, Any] = {
        "tier": tier,
        "card": show_tier(tier, role=names.get(tier.role_id, ""), points_name=context.points_name),
        "price": write_price(tier.amount, tier.currency, tier.interval),
        "thanked": is_to_be_thanked(member_id=member_id),
        "problem": problem,
        "said": "" if problem is None else _words(problem),
    }
    return render(request, "portal/support_begin.html", facts, status=problem.http_status if problem else 200)


def _change(request: HttpRequest, member_id: int, own: SupportView, tier: SupporterTier) -> HttpResponse:
    """Stripe's own figures for just this change; the button does just that, or shows it anew where something moved."""
    context, back = get_context(request), reverse("support")
    problem: EngageHubError | None = None
    if request.method == "POST":
        try:
            row = change_support(
                context=context, member_id=member_id, tier_key=tier.key, actor=actor_of(request),
                proration_date=_number(request.POST.get("proration_date", "")),
            )  # fmt: skip
            if row.tier_id != tier.pk:
                said = f"You support with “{tier.name}” from your next payment on. Until then you can take that back here."
                return go_to(request, back, said)
            return go_to(request, back, f"You support with “{tier.name}” now. Thank you.")
        except (CardDeclinedError, UnavailableError) as error:
            problem = error
        except (ConflictError, InvalidInputError) as error:
            return go_to(request, back, _words(error), kind="warn")
    try:
        preview = preview_support_change(context=context, member_id=member_id, tier_key=tier.key)
    except (ConflictError, InvalidInputError, UnavailableError) as error:
        return go_to(request, back, _words(problem or error), kind="warn")
    names = recall_directory(context).names
    facts = {
        "tier": tier,
        "card": show_tier(tier, role=names.get(tier.role_id, ""), points_name=context.points_name),
        "preview": preview,
        "lost": _lost(own.tier, tier, names, context.points_name) if preview.later else [],
        "own": own,
        "was": price_of(own.supporter),
        "price": write_price(tier.amount, tier.currency, tier.interval),
        "problem": problem,
        "said": "" if problem is None else _words(problem),
        "declined": isinstance(problem, CardDeclinedError),
    }
    return render(
        request, "portal/support_change.html", facts, status=problem.http_status if problem else 200
    )


def _stay(request: HttpRequest, member_id: int, own: SupportView) -> HttpResponse:
    """With the tier that they have: another one that was chosen for the next period is taken back."""
    back = reverse("support")
    if request.method != "POST" or own.supporter.next_tier_id is None:
        return HttpResponseRedirect(back)
    try:
        change_support(
            context=get_context(request), member_id=member_id, tier_key=own.tier.key, actor=actor_of(request)
        )
    except (ConflictError, InvalidInputError, UnavailableError) as error:
        return go_to(request, back, _words(error), kind="warn")
    return go_to(request, back, f"You stay with “{own.tier.name}”. Thank you.")


def _lost(now: SupporterTier, then: SupporterTier, names: Mapping[str, str], points_name: str) -> list[str]:
    """What comes with the tier that they have, and not with the other one."""
    lost = []
    if now.role_id and now.role_id != then.role_id:
        name = names.get(now.role_id, "")
        lost.append(f"The role {name} in Discord" if name else "The tier’s role in Discord")
    if now.points > then.points:
        lost.append(f"{write_unit(now.points - then.points, points_name)} of each {now.interval}")
    return [*lost, *(str(perk) for perk in now.perks if perk not in then.perks)]


@require_safe
@own_page("support_community")
def come_back(request: HttpRequest, member_id: int) -> HttpResponse:
    """From Stripe's page: asked of Stripe and written at once. While the payment is on its way, the page looks again by itself."""
    context, back = get_context(request), reverse("support")
    session_id = request.GET.get("session_id", "")[:100]
    try:
        applied = apply_support_session(context=context, member_id=member_id, session_id=session_id)
    except UnavailableError as error:
        return _wait(request, away=error.message)
    if applied.state == "expired":
        text = "The payment page was closed. Nothing was bought and nothing was charged."
        return go_to(request, back, text, kind="warn")
    if applied.state == "refused":
        text = "You support this community already, so this payment goes back to your card."
        return go_to(request, back, text, kind="warn")
    if applied.state == "done":
        own = get_support(member_id=member_id)
        if own is not None and own.supporter.state == SupportState.ACTIVE:
            return go_to(request, back, f"Thank you. You support {context.name} with “{own.tier.name}” now.")
    return _wait(request)


def _wait(request: HttpRequest, away: str = "") -> HttpResponse:
    facts = {"here": request.get_full_path(), "away": away}
    part = request.headers.get("HX-Request") == "true"
    return render(request, "portal/support_return_part.html" if part else "portal/support_return.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
@own_page("support_community")
def cancel(request: HttpRequest, member_id: int) -> HttpResponse:
    """Asked first, with its day."""
    own, back = get_support(member_id=member_id), reverse("support")
    if own is None or not own.can_cancel:
        return go_to(request, back, "There is no support that could be cancelled.", kind="warn")
    problem: EngageHubError | None = None
    if request.method == "POST":
        try:
            row = cancel_support(context=get_context(request), member_id=member_id, actor=actor_of(request))
        except (ConflictError, InvalidInputError) as error:
            return go_to(request, back, _words(error), kind="warn")
        except UnavailableError as error:
            problem = error
        else:
            if row.state == SupportState.ENDED:
                return go_to(request, back, "Cancelled. Your support has ended, and nothing more is charged.")
            return go_to(request, back, "Cancelled. Until it ends you can take it back here.")
    facts = {
        "own": own,
        "is_late": own.supporter.state == SupportState.LATE,
        "problem": problem,
        "said": "" if problem is None else _words(problem),
        "price": price_of(own.supporter),
    }
    return render(
        request, "portal/support_cancel.html", facts, status=problem.http_status if problem else 200
    )


@require_POST
@own_page("support_community")
def resume(request: HttpRequest, member_id: int) -> HttpResponse:
    """A cancellation that is still to come is taken back."""
    back = reverse("support")
    try:
        resume_support(context=get_context(request), member_id=member_id, actor=actor_of(request))
    except (ConflictError, InvalidInputError, UnavailableError) as error:
        return go_to(request, back, _words(error), kind="warn")
    return go_to(request, back, "Your support goes on. Thank you.")


@require_POST
@own_page("support_community")
def change_card(request: HttpRequest, member_id: int) -> HttpResponse:
    """On to Stripe's page for the card."""
    try:
        return HttpResponseRedirect(open_support_portal(context=get_context(request), member_id=member_id))
    except (ConflictError, InvalidInputError, UnavailableError) as error:
        return go_to(request, reverse("support"), _words(error), kind="warn")


def _words(error: EngageHubError) -> str:
    """What billing says of plans, said of a support."""
    return _SAID.get(type(error), error.message)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else 0
