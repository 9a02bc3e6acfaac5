"""What a member redeemed: the list, and one of them with what it gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from engagement.rewards.deciding import cancel_redemption
from engagement.rewards.models import Redemption, RedemptionState, RewardKind
from engagement.rewards.redemption_errors import RedemptionNotFoundError
from engagement.rewards.states import HELD
from frontend_api.actors import actor_of
from frontend_api.portal.own import own_page
from frontend_api.portal.shelf import GIVES, ICONS
from frontend_api.tenant import get_context
from saas.core.errors import ConflictError

PAGE: Final = 20
_LARGEST_ID: Final = 2**63 - 1
# The state in a member's words, and the tag's colour.
STATES: Final = {
    RedemptionState.REQUESTED: ("The team looks at it", "warn"),
    RedemptionState.APPROVED: ("Approved", "accent"),
    RedemptionState.FULFILLED: ("On its way", "good"),
    RedemptionState.DELIVERED: ("Done", "good"),
    RedemptionState.REJECTED: ("Rejected", ""),
    RedemptionState.CANCELLED: ("Taken back", ""),
    RedemptionState.EXPIRED: ("Expired", ""),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A redemption as its member reads it."""

    row: Redemption
    icon: str
    state: str
    kind: str

    @property
    def gave_back(self) -> bool:
        return self.row.state in (
            RedemptionState.REJECTED,
            RedemptionState.CANCELLED,
            RedemptionState.EXPIRED,
        )


@require_safe
@own_page("redeem_rewards")
def show_redemptions(request: HttpRequest, member_id: int) -> HttpResponse:
    """The newest first; `before` in the address is the cursor."""
    before = request.GET.get("before", "")
    cursor = min(int(before), _LARGEST_ID) if before.isascii() and before.isdecimal() else None
    rows = Redemption.objects.filter(member_id=member_id).order_by("-pk")
    if cursor is not None:
        rows = rows.filter(pk__lt=cursor)
    found = list(rows[: PAGE + 1])
    facts = {
        "lines": [describe_line(row) for row in found[:PAGE]],
        "older": found[PAGE - 1].pk if len(found) > PAGE else None,
        "before": cursor,
    }
    return render(request, "portal/redemptions.html", facts)


@require_safe
@own_page("redeem_rewards")
def show_redemption(request: HttpRequest, member_id: int, redemption_id: int) -> HttpResponse:
    row = find_own(member_id, redemption_id)
    return render(request, "portal/redemption.html", describe_redemption(request, row))


@require_http_methods(["GET", "HEAD", "POST"])
@own_page("redeem_rewards")
def cancel(request: HttpRequest, member_id: int, redemption_id: int) -> HttpResponse:
    """Asked first; once it was handed out there is nothing to take back."""
    row = find_own(member_id, redemption_id)
    here = reverse("redemption", args=[row.pk])
    if row.state not in HELD:
        return HttpResponseRedirect(here)
    if request.method != "POST":
        return render(request, "portal/redemption_cancel.html", {"row": row, "back": here})
    try:
        cancel_redemption(context=get_context(request), redemption_id=row.pk, actor=actor_of(request))
    except ConflictError as error:
        facts = describe_redemption(request, find_own(member_id, row.pk)) | {"error": error.message}
        return render(request, "portal/redemption.html", facts, status=error.http_status)
    return HttpResponseRedirect(here)


def find_own(member_id: int, redemption_id: int) -> Redemption:
    """Raises RedemptionNotFoundError, for another member's as well."""
    row = None
    if redemption_id <= _LARGEST_ID:
        row = Redemption.objects.filter(pk=redemption_id, member_id=member_id).first()
    if row is None:
        raise RedemptionNotFoundError
    return row


def describe_line(row: Redemption) -> Line:
    state, kind = STATES[RedemptionState(row.state)]
    return Line(row, ICONS.get(RewardKind(row.kind), "gift"), state, kind)


def describe_redemption(request: HttpRequest, row: Redemption) -> dict[str, Any]:
    return {
        "line": describe_line(row),
        "row": row,
        "gives": GIVES.get(RewardKind(row.kind), ""),
        "can_cancel": row.state in HELD,
        "is_new": request.GET.get("new") == "1",
    }
