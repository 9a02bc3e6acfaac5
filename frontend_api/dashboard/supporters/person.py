"""One supporter: how the support stands, what it brings and gives, every payment, and what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from engagement.supporters.models import DisputeState, SupporterPayment, SupportState
from engagement.supporters.sheet import Happened, get_sheet
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.parts.cells import Tag
from integrations.discord.directory import get_directory
from integrations.discord.supports.roles import read_role
from saas.core import clock

from .cards import write_price
from .listing import net_of, show_payment_state, show_state
from .refunds import can_refund

_HAPPENED: Final[Mapping[str, tuple[str, str]]] = {
    "supporter.joined": ("sparkles", "Began to support with {tier}"),
    "supporter.moved": ("stairs-up", "Changed to {tier}"),
    "supporter.planned": ("calendar", "Chose {tier} from the next payment on"),
    "supporter.kept": ("refresh", "Stays with {tier} after all"),
    "supporter.cancelled": ("calendar", "Was set to end with its period"),
    "supporter.resumed": ("refresh", "Goes on"),
    "supporter.left": ("circle-x", "Ended"),
    "supporter.refunded": ("arrow-back-up", "A payment was given back"),
}
_DISPUTES: Final[Mapping[str, str]] = {
    DisputeState.INQUIRY: "The bank of who paid asked about a payment",
    DisputeState.OPEN: "A payment was disputed",
    DisputeState.LOST: "A dispute was lost",
    DisputeState.NONE: "A disputed payment stands again",
}


@dataclass(frozen=True, slots=True)
class ShownPayment:
    payment: SupporterPayment
    state: Tag
    net: int
    can_refund: bool


@dataclass(frozen=True, slots=True)
class ShownTurn:
    icon: str
    words: str
    at: datetime


@never_cache
@require_safe
@dashboard_page("view_supporters")
def show_person(request: HttpRequest, desk: Desk, supporter_key: str) -> HttpResponse:
    """From our own books. The number of queries does not depend on how much was paid."""
    now, sheet = clock.now(), get_sheet(key=supporter_key)
    row = sheet.supporter
    directory = get_directory(desk.context)
    payments = [
        ShownPayment(one, show_payment_state(one), net_of(one), can_refund(one)) for one in sheet.payments
    ]
    facts: dict[str, Any] = {
        "sheet": sheet,
        "row": row,
        "member": row.member,
        "state": show_state(row),
        "states": SupportState,
        "price": write_price(row.amount, row.currency, row.interval),
        "next_price": write_price(row.next_amount, row.currency, row.interval),
        "price_now": write_price(row.tier.amount, row.tier.currency, row.tier.interval),
        "role": read_role(row=row, charged_back=sheet.charged_back, directory=directory, now=now),
        "payments": payments,
        "points": sum(one.points for one in sheet.payments if one.points_given),
        "refundable": payments[0] if payments and payments[0].can_refund else None,
        "disputed": next((one for one in payments if one.payment.dispute == DisputeState.OPEN), None),
        "runs": row.state != SupportState.ENDED,
        "others": [(one, show_state(one)) for one in sheet.others],
        "history": [
            _show_turn(one)
            for one in sheet.history
            if one.action in _HAPPENED or one.action == "supporter.disputed"
        ],
        "more": sheet.count - len(sheet.payments),
    }
    return render(request, "dashboard/supporters/person.html", facts)


def _show_turn(turn: Happened) -> ShownTurn:
    if turn.action == "supporter.disputed":
        return ShownTurn("alert-triangle", _DISPUTES.get(turn.dispute, _DISPUTES[DisputeState.OPEN]), turn.at)
    icon, words = _HAPPENED[turn.action]
    return ShownTurn(icon, words.format(tier=turn.tier or "a tier"), turn.at)
