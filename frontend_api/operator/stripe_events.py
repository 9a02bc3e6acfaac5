"""Stripe's events: what came, what became of it, and working it off once more."""

from __future__ import annotations

from typing import Any

import orjson
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from billing.inbox.payloads import cut_payload
from billing.inbox.selectors import count_events, find_events, get_event
from billing.inbox.upkeep import defer_comparison, replay_event, replay_failed
from billing.models import StripeEvent
from billing.reconciling import get_last_run, words_of
from frontend_api.dashboard.notices import go_to
from tenants.models import Tenant, User

from .access import CommunityAct, note_in_journal, operator_page
from .nav import show

PAYLOAD_SHOWN = 20_000
FINDINGS_SHOWN = 50


@require_safe
@operator_page
def show_events(request: HttpRequest, operator: User) -> HttpResponse:
    """The newest events; those in one state, or about one object, where asked for."""
    state, text, before = (request.GET.get(name, "") for name in ("state", "q", "before"))
    page = find_events(
        state=state,
        text=text,
        before=int(before) if before.isdecimal() and len(before) < 19 else None,
    )
    facts = {
        "page": page,
        "figures": count_events(),
        "state": state,
        "states": StripeEvent.State.choices,
        "text": text,
        "on": settings.BILLING_ON,
    }
    return show(request, "stripe_events.html", facts | _describe_last_run())


@require_safe
@operator_page
def show_event(request: HttpRequest, operator: User, event_id: int) -> HttpResponse:
    """One event. Its payload without what is personal: who somebody is stands at Stripe's, for those who may see it there."""
    event = get_event(event_id=event_id)
    raw = orjson.dumps(cut_payload(event.payload), option=orjson.OPT_INDENT_2).decode()
    facts = {"event": event, "raw": raw[:PAYLOAD_SHOWN], "cut": len(raw) > PAYLOAD_SHOWN}
    return show(request, "stripe_event.html", facts)


@require_POST
@operator_page
def replay(request: HttpRequest, operator: User, event_id: int) -> HttpResponse:
    """Work one off again. Raises StripeEventNotFoundError, ReplayRefusedError."""
    event = get_event(event_id=event_id)
    note = f"{event.type} {event.stripe_id}"
    if event.tenant is not None and event.tenant.state != Tenant.State.PROVISIONING:
        act = CommunityAct(request, operator, event.tenant)
        act.do("stripe_event.replayed", lambda: replay_event(event_id=event_id), note=note)
    else:
        with transaction.atomic():
            replay_event(event_id=event_id)
            note_in_journal(operator, what="stripe_event.replayed", name=note)
    return go_to(
        request,
        reverse("ops-stripe-event", args=[event_id]),
        "It waits to be worked off again. What it is about is fetched anew, so nothing counts twice.",
    )


@require_POST
@operator_page
def replay_all(request: HttpRequest, operator: User) -> HttpResponse:
    """Work all failed ones off again."""
    with transaction.atomic():
        count = replay_failed()
        if count:
            note_in_journal(operator, what="stripe_event.replayed", name=f"all that had failed: {count}")
    words = {0: "No event has failed, so there was nothing to replay.", 1: "One event waits again."}
    return go_to(request, reverse("ops-stripe-events"), words.get(count, f"{count:,} events wait again."))


@require_POST
@operator_page
def compare(request: HttpRequest, operator: User) -> HttpResponse:
    """Compare with Stripe now, instead of within the hour."""
    with transaction.atomic():
        defer_comparison()
        note_in_journal(operator, what="billing.compared")
    words = "It is compared within the minute; load the page again to see what was found."
    return go_to(request, reverse("ops-stripe-events"), words)


def _describe_last_run() -> dict[str, Any]:
    last = get_last_run()
    findings = [(one, words_of(one)) for one in (last.findings[:FINDINGS_SHOWN] if last else [])]
    return {"last": last, "findings": findings}
