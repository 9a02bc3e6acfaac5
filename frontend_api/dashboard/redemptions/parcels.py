"""What is to be sent, as a file for whoever packs: with the addresses, each of which is recorded as read."""

from __future__ import annotations

import csv
import io

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from engagement.rewards.addresses import CHOICE, FIELDS
from engagement.rewards.shipping import Parcel, read_parcels
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.parts.export import make_safe
from saas.core import clock


@never_cache
@require_POST
@dashboard_page("fulfil_redemptions")
def export_parcels(request: HttpRequest, desk: Desk) -> HttpResponse:
    """POST, because it is recorded. Cells that a spreadsheet would compute are made text."""
    parcels = read_parcels(actor=desk.actor)
    day = timezone.localtime(clock.now()).date()
    response = HttpResponse(write_parcels(parcels), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{desk.context.slug}-to-ship-{day}.csv"'
    response["Cache-Control"] = "private, no-store"
    return response


def write_parcels(parcels: list[Parcel]) -> str:
    names = [one.name for one in (CHOICE, *FIELDS)]
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["number", "reward", "requested_at", *names])
    for one in parcels:
        facts = [one.redemption_id, one.reward_name, one.requested_at.isoformat(timespec="seconds")]
        table.writerow([make_safe(cell) for cell in [*facts, *(one.address.get(name, "") for name in names)]])
    return text.getvalue()
