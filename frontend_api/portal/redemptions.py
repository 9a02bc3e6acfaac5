"""What a member redeemed: the list, and one of them with what it gave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from engagement.rewards.addresses import ask_for_address
from engagement.rewards.deciding import cancel_redemption
from engagement.rewards.handing_out import download_link, show_code
from engagement.rewards.models import Redemption, RedemptionState, RewardKind
from engagement.rewards.redemption_errors import RedemptionNotFoundError
from engagement.rewards.shipping import confirm_arrival
from engagement.rewards.states import GIVEN, HELD
from frontend_api.actors import actor_of
from frontend_api.portal.own import own_page
from frontend_api.portal.queue import describe_draw
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


@require_POST
@own_page("redeem_rewards")
def show_own_code(request: HttpRequest, member_id: int, redemption_id: int) -> HttpResponse:
    """The code, on the redemption's page for this once. Each showing is recorded before it is shown."""
    row = find_own(member_id, redemption_id)
    code = show_code(redemption_id=row.pk, member_id=member_id, actor=actor_of(request))
    return render(request, "portal/redemption.html", describe_redemption(request, row) | {"code": code})


@require_POST
@own_page("redeem_rewards")
def begin_download(request: HttpRequest, member_id: int, redemption_id: int) -> HttpResponse:
    """On to a link that ends by itself."""
    row = find_own(member_id, redemption_id)
    link = download_link(context=get_context(request), redemption_id=row.pk, member_id=member_id)
    return HttpResponseRedirect(link.path)


@require_POST
@own_page("redeem_rewards")
def begin_address(request: HttpRequest, member_id: int, redemption_id: int) -> HttpResponse:
    """On to the form that asks for the address, by its link that works once."""
    row = find_own(member_id, redemption_id)
    return HttpResponseRedirect(ask_for_address(context=get_context(request), redemption_id=row.pk))


@require_POST
@own_page("redeem_rewards")
def confirm_parcel(request: HttpRequest, member_id: int, redemption_id: int) -> HttpResponse:
    row = find_own(member_id, redemption_id)
    confirm_arrival(redemption_id=row.pk, member_id=member_id, actor=actor_of(request))
    return HttpResponseRedirect(reverse("redemption", args=[row.pk]))


def find_own(member_id: int, redemption_id: int) -> Redemption:
    """Raises RedemptionNotFoundError, for another member's as well."""
    row = None
    if redemption_id <= _LARGEST_ID:
        row = (
            Redemption.objects.select_related("reward").filter(pk=redemption_id, member_id=member_id).first()
        )
    if row is None:
        raise RedemptionNotFoundError
    return row


def describe_line(row: Redemption) -> Line:
    state, kind = STATES[RedemptionState(row.state)]
    return Line(row, ICONS.get(RewardKind(row.kind), "gift"), state, kind)


def describe_redemption(request: HttpRequest, row: Redemption) -> dict[str, Any]:
    """What its page shows. `has`: what the member holds, by kind; nothing while it waits or after it ended."""
    has = row.state in (RedemptionState.APPROVED, *GIVEN)
    settings = row.reward.settings if has else {}
    noted = row.outcome if has else {}
    is_given = row.state in GIVEN
    return {
        "has": has,
        "is_given": is_given,
        "instructions": settings.get("instructions", ""),
        "offer_url": noted.get("url", "") if is_given else "",
        "offer_code": noted.get("code", "") if is_given else "",
        "note": noted.get("note", ""),
        "ticket": noted.get("ticket"),
        "draw_lines": describe_draw(row.reward) if has and row.kind == RewardKind.RAFFLE else [],
        "draws_at": _moment(settings.get("draws_at")),
        "prize": settings.get("prize", ""),
        "amount": noted.get("amount"),
        "downloads_left": int(noted.get("downloads", 0)) - int(noted.get("downloaded", 0)),
        "asks_address": row.kind == RewardKind.MERCHANDISE and row.state == RedemptionState.APPROVED,
        "has_address": bool(row.address),
        "tracking_href": row.tracking if row.tracking.startswith("https://") else "",
        "line": describe_line(row),
        "row": row,
        "gives": GIVES.get(RewardKind(row.kind), ""),
        "can_cancel": row.state in HELD,
        "is_new": request.GET.get("new") == "1",
    }


def _moment(text: object) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) and text else None
