"""One payment, and giving it back: what will happen stands there before, and it is done as it was shown."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from billing.income.refunds import DAYS, refund_payment
from engagement.supporters.models import SupporterPayment, SupportState
from engagement.supporters.selectors import get_payment
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from frontend_api.dashboard.parts.forms import DeskForm
from frontend_api.figures import write_unit
from frontend_api.money import write_money
from saas.core import clock
from saas.core.errors import ConflictError, InvalidInputError, UnavailableError

from .listing import net_of, show_payment_state, show_state


@require_safe
@dashboard_page("view_supporters")
def show_payment(request: HttpRequest, desk: Desk, payment_key: str) -> HttpResponse:
    """From our own books. Whose card paid, nobody here knows."""
    row = get_payment(key=payment_key)
    facts: dict[str, Any] = {
        "payment": row,
        "supporter": row.supporter,
        "member": row.supporter.member,
        "state": show_payment_state(row),
        "support_state": show_state(row.supporter),
        "net": net_of(row),
        "until": _until(row),
        "can_refund": can_refund(row),
        "runs": row.supporter.state != SupportState.ENDED,
        "days": DAYS,
    }
    return render(request, "dashboard/supporters/payment.html", facts)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("manage_supporters")
def refund(request: HttpRequest, desk: Desk, payment_key: str) -> HttpResponse:
    """`end` in the address: the support ends as well, at once."""
    row = get_payment(key=payment_key)
    end = (request.POST if request.method == "POST" else request.GET).get("end") == "1"
    here = reverse("dashboard-support-payment", args=[row.key])
    form = DeskForm(request.POST if request.POST.get("confirmed") == "1" else None)
    page = Confirm(
        title="Refund and end the support now?" if end else "Refund this payment?",
        submit="Refund and end now" if end else "Refund",
        back=here,
        consequences=_consequences(desk, row, end=end),
        hidden=[("end", "1" if end else "")],
        form=form,
    )
    if not is_confirmed(request, page):
        return show_confirm(request, page)
    try:
        refund_payment(context=desk.context, payment_key=row.key, end=end, actor=desk.actor)
    except (ConflictError, InvalidInputError) as error:
        return go_to(request, here, error.message, kind="warn")
    except UnavailableError as error:
        form.add_problem(error)
        return show_confirm(request, page)
    money = write_money(row.amount, row.currency, exact=True)
    ended = " The support has ended." if end else ""
    return go_to(request, here, f"{money} went back to {row.supporter.member.display_name}.{ended}")


def _until(row: SupporterPayment) -> datetime:
    return row.paid_at + timedelta(days=DAYS)


def can_refund(row: SupporterPayment) -> bool:
    """Whole, not disputed, and of the last days; Stripe has the last word."""
    return not row.refunded and not row.is_disputed and clock.now() < _until(row)


def _consequences(desk: Desk, row: SupporterPayment, *, end: bool) -> list[Consequence]:
    name, money = row.supporter.member.display_name, write_money(row.amount, row.currency, exact=True)
    lines = [
        Consequence(f"{name} gets {money} back to the card that paid. Banks take 5 to 10 days.", "coins"),
        Consequence(
            f"{write_money(net_of(row), row.currency, exact=True)} is taken from your account at Stripe; our fee of "
            f"{write_money(row.fee, row.currency, exact=True)} goes back as well.",
            "arrow-back-up",
        ),
    ]
    if row.points_given and row.points:
        points = write_unit(row.points, desk.context.points_name)
        lines.append(Consequence(f"The {points} of that period are taken back.", "star-filled"))
    if row.supporter.state == SupportState.ENDED:
        pass
    elif end:
        lines.append(
            Consequence(
                f"The support ends now, and what comes with “{row.supporter.tier.name}” with it. Nothing more is charged.",
                "ban",
            )
        )
    else:
        lines.append(
            Consequence("The support goes on: the next payment is taken as planned.", "refresh"),
        )
    return [*lines, Consequence("This can’t be undone.", "alert-triangle")]
