"""Another plan, the end of one, and what takes either back: shown before, in numbers and dates, then done as it was shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from billing.changing import cancel_subscription, change_plan, resume_subscription, undo_planned_change
from billing.choosing import Choice
from billing.errors import CardDeclinedError, ConfirmationNeededError, PlanChangedError
from billing.models import Subscription
from billing.phases import grace_until
from billing.plans import FREE, PLANS
from billing.previews import ChangePreview, preview_change
from billing.shifts import version_of
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from frontend_api.dashboard.parts.forms import DeskForm
from saas.core.errors import ConflictError, EngageHubError, InvalidInputError, UnavailableError

from .books import GET_OR_POST, Books, open_books, require_sold
from .usage import list_freezes
from .words import find_plan, on, price_of, write_price

_MOST: Final = 10**12  # of a number that a form brings back


@never_cache
@require_http_methods(GET_OR_POST)
@dashboard_page("manage_billing")
def change(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What another plan does and costs; the button does just that. Where something moved meanwhile, it is shown anew."""
    require_sold()
    problem: EngageHubError | None = None
    given = request.POST if request.method == "POST" else request.GET
    if request.method == "POST" and given.get("confirmed") == "1":
        try:
            return _change(request, desk, given)
        except (PlanChangedError, CardDeclinedError, UnavailableError) as error:
            problem = error
        except (ConflictError, InvalidInputError) as error:
            return go_to(request, reverse("billing"), error.message, kind="warn")
    books = open_books(desk.context.tenant_id)
    try:
        preview = preview_change(
            tenant_id=desk.context.tenant_id,
            plan=given.get("plan", ""),
            interval=given.get("interval", "")
            or (books.subscription.interval if books.subscription else "month"),
            quantity=_quantity(given, books),
        )
    except (ConflictError, InvalidInputError) as error:
        return go_to(request, reverse("billing"), (problem or error).message, kind="warn")
    except UnavailableError as error:
        return _show_away(request, problem or error)
    return _show(request, desk, books, preview, problem)


def _change(request: HttpRequest, desk: Desk, given: Mapping[str, str]) -> HttpResponse:
    row = change_plan(
        tenant_id=desk.context.tenant_id,
        plan=given.get("plan", ""),
        interval=given.get("interval", ""),
        quantity=_number(given.get("quantity", ""), 1),
        proration_date=_number(given.get("proration_date", ""), 0),
        version=given.get("version", ""),
        actor=desk.actor,
    )
    return go_to(request, reverse("billing"), _say_what_came(row))


def _say_what_came(row: Subscription) -> str:
    if not row.next_plan or row.period_end is None:
        return f"Done. This community is on {find_plan(row.plan).name} now."
    following = find_plan(row.next_plan).name
    if row.next_plan == row.plan:
        following += (
            f", {write_price(find_plan(row.plan), row.next_interval, row.currency, row.next_quantity)},"
        )
    return f"Planned. {following} begins on {on(row.period_end)}; until then everything stays."


def _show(
    request: HttpRequest, desk: Desk, books: Books, preview: ChangePreview, problem: EngageHubError | None
) -> HttpResponse:
    choice, row = preview.choice, books.subscription
    former = PLANS.get(row.plan) if row else None
    same = row is not None and row.plan == choice.plan.key
    smaller = row is not None and (
        choice.quantity < row.quantity if same else former is None or choice.plan.rank < former.rank
    )
    facts = {
        "preview": preview,
        "plan": choice.plan,
        "title": _write_title(choice, row),
        "price": write_price(choice.plan, choice.interval, choice.currency, choice.quantity),
        "standing": price_of(row) if row else "",
        "former": former,
        "same": same,
        "effective": preview.effective_at,
        "freezes": list_freezes(desk.context, choice.plan, choice.quantity) if smaller else [],
        "smaller": smaller,
        "problem": problem,
        "declined": isinstance(problem, CardDeclinedError),
        "asks_bank": isinstance(problem, ConfirmationNeededError),
        "is_payer": row is not None and row.payer.user_id == desk.user_id,
        "hidden": [
            ("plan", choice.plan.key), ("interval", choice.interval), ("quantity", choice.quantity),
            ("proration_date", preview.proration_date), ("version", preview.version),
        ],
    }  # fmt: skip
    return render(
        request, "dashboard/billing/change.html", facts, status=problem.http_status if problem else 200
    )


def _write_title(choice: Choice, row: Subscription | None) -> str:
    """Another plan, or the same one paid otherwise or for more or fewer."""
    if row is None or row.plan != choice.plan.key:
        return f"Change to {choice.plan.name}"
    if row.quantity != choice.quantity:
        return (
            f"{choice.plan.name} for {choice.quantity} {choice.plan.per}{'s' if choice.quantity > 1 else ''}"
        )
    return f"Pay {choice.plan.name} by the {choice.interval}"


def _show_away(request: HttpRequest, error: EngageHubError) -> HttpResponse:
    facts = {"message": error.message, "reference": error.reference, "again": request.get_full_path()}
    response = render(request, "dashboard/billing/away.html", facts, status=error.http_status)
    response["Retry-After"] = "10"
    return response


@never_cache
@require_http_methods(GET_OR_POST)
@dashboard_page("manage_billing")
def cancel(request: HttpRequest, desk: Desk) -> HttpResponse:
    """What ends and when, without asking for reasons; done when it is confirmed."""
    require_sold()
    books = open_books(desk.context.tenant_id)
    row = books.subscription
    if row is None or row.cancel_at is not None:
        return go_to(request, reverse("billing"), "There is no plan that could be cancelled.", kind="warn")
    form = DeskForm(request.POST if request.method == "POST" else None)
    page = Confirm(
        title=f"Cancel {PLANS[row.plan].name if row.plan in PLANS else 'the plan'}",
        submit="Cancel the plan",
        back=reverse("billing"),
        consequences=_consequences(desk, books),
        hidden=[("version", version_of(row))],
        form=form,
    )
    if not is_confirmed(request, page):
        return show_confirm(request, page)
    try:
        ended = cancel_subscription(
            tenant_id=desk.context.tenant_id, version=request.POST.get("version", ""), actor=desk.actor
        )
    except (ConflictError, InvalidInputError) as error:
        return go_to(request, reverse("billing"), error.message, kind="warn")
    except UnavailableError as error:
        form.add_problem(error)
        return show_confirm(request, page)
    if ended.ended_at is not None or ended.cancel_at is None:
        return go_to(
            request,
            reverse("billing"),
            "Cancelled. The limits of Free hold now, and nothing more is charged.",
        )
    return go_to(
        request,
        reverse("billing"),
        f"Cancelled. Everything works until {on(ended.cancel_at)}. Until then you can take it back here.",
    )


def _consequences(desk: Desk, books: Books) -> list[Consequence]:
    row = books.subscription
    assert row is not None
    unpaid = grace_until(row) is not None
    end = (row.trial_end if row.status == "trialing" else row.period_end) or books.now
    first = (
        Consequence(
            "It ends at once, because the last payment failed. The open invoice is written off.", "calendar"
        )
        if unpaid
        else Consequence(
            f"Everything in the plan works until {on(end)}. Nothing more is charged.", "calendar"
        )
    )
    freezes = [Consequence(one, "lock") for one in list_freezes(desk.context, PLANS[FREE], 1)]
    rest = [
        Consequence("Nothing is deleted: a plan chosen later brings everything back.", "history"),
        Consequence("Members keep their points, levels and rewards, and are not told.", "users"),
    ]
    if not unpaid:
        rest.append(
            Consequence(f"Until {on(end)} you can take it back here with one click.", "arrow-back-up")
        )
    return [first, *freezes, *rest]


@require_POST
@dashboard_page("manage_billing")
def resume(request: HttpRequest, desk: Desk) -> HttpResponse:
    """A cancellation that is still to come is taken back."""
    try:
        row = resume_subscription(
            tenant_id=desk.context.tenant_id, version=request.POST.get("version", ""), actor=desk.actor
        )
    except (ConflictError, InvalidInputError, UnavailableError) as error:
        return go_to(request, reverse("billing"), error.message, kind="warn")
    name = PLANS[row.plan].name if row.plan in PLANS else "The plan"
    return go_to(request, reverse("billing"), f"{name} goes on. The cancellation is taken back.")


@require_POST
@dashboard_page("manage_billing")
def undo(request: HttpRequest, desk: Desk) -> HttpResponse:
    """A change that was planned for the next period is taken back."""
    try:
        row = undo_planned_change(
            tenant_id=desk.context.tenant_id, version=request.POST.get("version", ""), actor=desk.actor
        )
    except (ConflictError, InvalidInputError, UnavailableError) as error:
        return go_to(request, reverse("billing"), error.message, kind="warn")
    name = PLANS[row.plan].name if row.plan in PLANS else "The plan"
    return go_to(request, reverse("billing"), f"{name} stays. The planned change is taken back.")


def _quantity(given: Mapping[str, str], books: Books) -> int:
    """As many as now where none is named; 0, which is refused with how many there may be, for what is no number."""
    text = given.get("quantity", "").strip()
    return _number(text, 0) if text else books.subscription.quantity if books.subscription else 1


def _number(text: str, default: int) -> int:
    return min(int(text), _MOST) if text.isdecimal() and text.isascii() and len(text) < 16 else default
