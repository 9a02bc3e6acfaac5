"""Once an hour what Stripe says is held against what we hold, so that losing every webhook costs an hour and no more.

Invariants: what differs is mended by the same functions that webhooks lead to, each under its own lock; running it twice, or beside
webhooks, changes nothing more. Four things are looked at: Stripe's events since the last run, which are stored like webhooks;
Stripe's subscriptions that have not ended, and ours; who is paid for twice; and the entitlements of everybody who has or had a plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from prometheus_client import Counter

from saas.core import clock
from saas.core.errors import EngageHubError
from tenants.errors import TenantNotFoundError
from tenants.models import Tenant

from .entitling import write_entitlements
from .errors import BillingOffError
from .inbox.errors import WebhookRefusedError
from .inbox.processing import is_followed
from .inbox.receiving import store_event
from .income.comparing import compare_accounts, compare_destinations, compare_disputes, compare_supports
from .income.reading import is_support
from .metering.subscribing import is_usage, refresh_usage_subscription
from .mirror import EXPAND, refresh_subscription
from .models import Reconciliation, Retainer, StripeEvent, Subscription, UsageSubscription
from .reading import Told, moment, read_subscription
from .retainers.doubling import end_double, list_doubles
from .retainers.mirroring import refresh_ahead, refresh_retainer
from .retainers.terms import deal_of, is_retainer, read_deals
from .stripe_api import asking_stripe

OVERLAP: Final = timedelta(
    minutes=10
)  # Stripe lists by second, and an event may be listed a little after it was made
FIRST_LOOK: Final = timedelta(days=3)
PAGE: Final = 100
MOST_EVENTS: Final = 20_000
MOST_KEPT: Final = 200
RUNS_KEPT: Final = timedelta(days=30)
FOUND: Final = Counter(
    "engagehub_billing_findings_total",
    "What the hourly comparison with Stripe found and mended, by kind.",
    ["kind"],
)
KINDS: Final = {
    "event": "An event of Stripe's had not reached us.",
    "missing": "Stripe has a subscription that we did not have.",
    "differs": "Our copy of a subscription was not what Stripe says.",
    "ended": "A subscription had ended at Stripe's.",
    "unknown": "Stripe has a subscription that belongs to no community of ours.",
    "twice": "A community was paid for twice: by a plan of its own and by a retainer.",
    "dispute": "A dispute of what a member paid was not settled as Stripe says.",
    "account": "Our copy of a payout account was not what Stripe says.",
    "destination": "What supporters pay still went to an account that was replaced.",
    "entitlements": "What a community may do was not what its subscription says.",
    "error": "Something could not be compared; it is tried again.",
}
_SAME_BY_NAME: Final = tuple(
    one.name
    for one in fields(Told)
    if one.name
    in {column.attname for column in Subscription._meta.concrete_fields} - {"stripe_id", "tenant_id"}
)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """`about` is Stripe's id of what was found, or the schema of the tenant's; `what` names what differed."""

    kind: str
    about: str
    tenant_id: int | None = None
    what: str = ""


@dataclass(slots=True)
class Comparison:
    """What one run saw."""

    subscriptions: int = 0
    events: int = 0
    findings: list[Finding] = field(default_factory=list)


def reconcile_billing(*, dry_run: bool = False) -> Comparison:
    """Compare everything with Stripe, and unless `dry_run` mend what differs. Idempotent.

    Changes: what refresh_subscription, write_entitlements and store_event change, and a row of Reconciliation, which notes a
    failed run too. Raises BillingOffError, StripeAwayError.
    """
    if not settings.STRIPE_SECRET_KEY:
        raise BillingOffError
    began, seen = clock.now(), Comparison()
    try:
        _catch_up(seen, dry_run=dry_run)
        _compare_subscriptions(seen, dry_run=dry_run)
        _compare_payers(seen, dry_run=dry_run)
        _compare_entitlements(seen, dry_run=dry_run)
    except EngageHubError as error:
        if not dry_run:
            _note(began, seen, error.message)
        raise
    if not dry_run:
        _note(began, seen, "")
    return seen


def get_last_run() -> Reconciliation | None:
    """The newest run, failed ones included."""
    return Reconciliation.objects.order_by("-pk").first()


def words_of(finding: Mapping[str, Any]) -> str:
    """A kept finding's kind in words."""
    return KINDS.get(str(finding.get("kind")), str(finding.get("kind")))


# --- events ---


def _catch_up(seen: Comparison, *, dry_run: bool) -> None:
    """Store what Stripe lists since the last good run and we do not have; its jobs work it off."""
    since = _since()
    page: list[dict[str, Any]] = []
    with asking_stripe() as stripe:
        listed = stripe.v1.events.list({"created": {"gte": int(since.timestamp())}, "limit": PAGE})
        for event in listed.auto_paging_iter():
            page.append(event.to_dict())
            seen.events += 1
            if len(page) == PAGE:
                _store_unknown(page, seen, dry_run=dry_run)
                page = []
            if seen.events >= MOST_EVENTS:
                log.error("stripe_events_too_many", since=since, most=MOST_EVENTS)
                break
    _store_unknown(page, seen, dry_run=dry_run)


def _since() -> datetime:
    """A good run before this one has seen everything until it began; without one, the newest event that came has to do."""
    last = (
        Reconciliation.objects.filter(error="").order_by("-pk").values_list("started_at", flat=True).first()
    )
    newest = StripeEvent.objects.order_by("-made_at").values_list("made_at", flat=True).first()
    known = [moment for moment in (last, newest) if moment is not None]
    return (min(known) if known else clock.now() - FIRST_LOOK) - OVERLAP


def _store_unknown(page: list[dict[str, Any]], seen: Comparison, *, dry_run: bool) -> None:
    ids = [event["id"] for event in page]
    known = set(StripeEvent.objects.filter(stripe_id__in=ids).values_list("stripe_id", flat=True))
    for event in page:
        if event["id"] in known or not is_followed(event["type"]):
            continue
        try:
            if dry_run or store_event(event):
                _find(seen, "event", event["id"], what=event["type"])
        except WebhookRefusedError as error:
            _find(seen, "error", event["id"], what=error.message)


# --- subscriptions ---


def _compare_subscriptions(seen: Comparison, *, dry_run: bool) -> None:
    rows = {row.stripe_id: row for row in Subscription.objects.filter(ended_at=None)}
    listed, supports = set(), dict[str, dict[str, Any]]()
    for data in _list_subscriptions():
        seen.subscriptions += 1
        listed.add(data["id"])
        if is_usage(data):
            with _apart(seen, data["id"]):
                _compare_usage(seen, data, dry_run=dry_run)
            continue
        if is_retainer(data):
            with _apart(seen, data["id"]):
                _compare_retainer(seen, data, dry_run=dry_run)
            continue
        if is_support(data):
            supports[data["id"]] = data
            continue
        difference = _difference(data, rows.get(data["id"]))
        if difference is not None:
            _mend(seen, data["id"], *difference, row=rows.get(data["id"]), dry_run=dry_run)
    gone = UsageSubscription.objects.filter(ended_at=None).exclude(stripe_id__in=listed)
    for stripe_id in gone.order_by("pk").values_list("stripe_id", flat=True):
        with _apart(seen, stripe_id):
            if not dry_run:
                refresh_usage_subscription(stripe_id=stripe_id)
            _find(seen, "ended", stripe_id)
    over = Retainer.objects.filter(ended_at=None, stripe_id__isnull=False).exclude(stripe_id__in=listed)
    for row in over.order_by("pk"):
        with _apart(seen, row.stripe_id or ""):
            if not dry_run:
                refresh_retainer(stripe_id=row.stripe_id or "")
            _find(seen, "ended", row.stripe_id or "")
    _compare_supports(seen, supports, dry_run=dry_run)
    _compare_ahead(seen, dry_run=dry_run)
    for stripe_id in sorted(rows.keys() - listed):
        _mend(seen, stripe_id, "ended", "", row=rows[stripe_id], dry_run=dry_run)


def _compare_usage(seen: Comparison, data: dict[str, Any], *, dry_run: bool) -> None:
    """What a payer pays for use above the plans: it has no plan, and its copy is of another table."""
    row = UsageSubscription.objects.filter(stripe_id=data["id"]).first()
    if row is None:
        _find(seen, "unknown", data["id"], what="a subscription for use that no payer of ours has")
    elif row.status != data["status"]:
        if not dry_run:
            refresh_usage_subscription(stripe_id=row.stripe_id)
        _find(seen, "differs", row.stripe_id, what="status")


def _compare_retainer(seen: Comparison, data: dict[str, Any], *, dry_run: bool) -> None:
    """What a payer pays for several communities together: it has no community, and its copy is of another table."""
    row = Retainer.objects.filter(stripe_id=data["id"]).first()
    if row is None:
        # One that was agreed ahead, and whose first day's news did not come.
        begun = None if dry_run else refresh_retainer(stripe_id=data["id"])
        if begun is None:
            _find(seen, "unknown", data["id"], what="a retainer that no payer of ours has")
        else:
            _find(seen, "missing", data["id"], what="a retainer that has begun")
        return
    item, dated = data["items"]["data"][0], data.get("cancel_at")
    ends = item.get("current_period_end") if dated is None and data.get("cancel_at_period_end") else dated
    told = (data["status"], moment(item.get("current_period_end")), moment(ends))
    held, planned = read_deals(row, data)
    same = held.is_same(deal_of(row)) and (planned.to_data() if planned else {}) == row.planned
    if told != (row.status, row.period_end, row.cancel_at) or not same:
        if not dry_run:
            refresh_retainer(stripe_id=data["id"])
        _find(seen, "differs", data["id"], what="status, terms, period or end")


def _compare_ahead(seen: Comparison, *, dry_run: bool) -> None:
    """Retainers whose first day was ahead when we looked last: begun or called off at Stripe's meanwhile."""
    if dry_run:
        return
    for row in Retainer.objects.filter(ended_at=None, stripe_id=None).exclude(schedule_id="").order_by("pk"):
        with _apart(seen, row.schedule_id):
            after = refresh_ahead(key=row.key)
            if (after.stripe_id, after.ended_at) != (row.stripe_id, row.ended_at):
                _find(seen, "differs", row.schedule_id, what="a retainer that was agreed ahead")


def _compare_supports(seen: Comparison, told: dict[str, dict[str, Any]], *, dry_run: bool) -> None:
    """What members pay their communities, and the accounts that it goes to: their copies are of other tables."""
    compared = (
        compare_supports(told, dry_run=dry_run),
        compare_disputes(dry_run=dry_run),
        compare_accounts(dry_run=dry_run),
        compare_destinations(dry_run=dry_run),  # last: the accounts may have changed just now
    )
    for found in chain(*compared):
        _find(seen, found.kind, found.about, found.tenant_id, found.what)


def _list_subscriptions() -> Iterator[dict[str, Any]]:
    """Those that have not ended, each as plain data."""
    expand = [f"data.{name}" for name in EXPAND]
    with asking_stripe() as stripe:
        for one in stripe.v1.subscriptions.list({"limit": PAGE, "expand": expand}).auto_paging_iter():
            yield one.to_dict()


def _difference(data: dict[str, Any], row: Subscription | None) -> tuple[str, str] | None:
    """(kind, what differs); None where our copy is right."""
    try:
        told = read_subscription(data)
    except LookupError:
        return ("unknown", "no item of it is a plan of ours") if row is None else ("differs", "plan")
    if row is None:
        return None if told.status == "incomplete" else ("missing", told.status)
    differing = [name for name in _SAME_BY_NAME if getattr(told, name) != getattr(row, name)]
    return ("differs", ", ".join(differing)) if differing else None


def _mend(
    seen: Comparison, stripe_id: str, kind: str, what: str, *, row: Subscription | None, dry_run: bool
) -> None:
    tenant_id = row.tenant_id if row else None
    with _apart(seen, stripe_id, tenant_id):
        if not dry_run and kind != "unknown":
            mended = refresh_subscription(stripe_id=stripe_id)
            if mended is None and row is None:
                kind, what = "unknown", "it names no community, or not the payer's"
            elif mended is not None:
                tenant_id = mended.tenant_id
        _find(seen, kind, stripe_id, tenant_id, what)


# --- who pays ---


def _compare_payers(seen: Comparison, *, dry_run: bool) -> None:
    """Nobody pays for what somebody else pays for already."""
    for double in list_doubles():
        with _apart(seen, double.stripe_id, double.tenant_id):
            stays = double.stays if dry_run else end_double(tenant_id=double.tenant_id)
            if stays:
                _find(seen, "twice", double.stripe_id, double.tenant_id, f"the {stays} stays")


# --- entitlements ---


def _compare_entitlements(seen: Comparison, *, dry_run: bool) -> None:
    concerned = Tenant.objects.exclude(state=Tenant.State.PROVISIONING).filter(
        Q(pk__in=Subscription.objects.filter(ended_at=None).values("tenant_id")) | ~Q(entitlements={})
    )
    versions = list(concerned.order_by("pk").values_list("pk", "entitlements_version", "schema_name"))
    for tenant_id, version, schema in versions:
        # It may go, or be written by somebody else, between the list and here: both are right.
        with suppress(TenantNotFoundError), transaction.atomic():
            written = write_entitlements(tenant_id=tenant_id)
            if written.version != version:
                _find(seen, "entitlements", schema, tenant_id, f"version {version} became {written.version}")
            transaction.set_rollback(dry_run)


# --- what was found ---


@contextmanager
def _apart(seen: Comparison, about: str, tenant_id: int | None = None) -> Iterator[None]:
    """What somebody is changing in this moment, or Stripe does not answer for, is one finding and not the end of the run."""
    try:
        yield
    except EngageHubError as error:
        _find(seen, "error", about, tenant_id, error.message)


def _find(seen: Comparison, kind: str, about: str, tenant_id: int | None = None, what: str = "") -> None:
    seen.findings.append(Finding(kind, about[:255], tenant_id, what[:300]))
    FOUND.labels(kind).inc()
    log.warning("billing_finding", kind=kind, about=about, tenant_id=tenant_id, what=what)


def _note(began: datetime, seen: Comparison, error: str) -> None:
    Reconciliation.objects.create(
        started_at=began,
        ended_at=clock.now(),
        subscriptions=seen.subscriptions,
        events=seen.events,
        found=len(seen.findings),
        findings=[asdict(one) for one in seen.findings[:MOST_KEPT]],
        error=error[:500],
    )
    Reconciliation.objects.filter(started_at__lte=clock.now() - RUNS_KEPT).delete()
