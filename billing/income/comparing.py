"""The hourly comparison's part: supports, disputes and payout accounts, held against what Stripe lists. What differs is mended by the same
functions that webhooks lead to; running it twice, or beside webhooks, changes nothing more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from billing.models import SupportSubscription
from saas.core.errors import EngageHubError

from .accounts import list_stale_accounts, refresh_account_of
from .disputes import list_unsettled_supports
from .mirror import refresh_support
from .reading import read_support
from .replacing import list_tenants_astray, move_supports

_SAME: Final = ("status", "tier", "next_tier", "amount", "fee", "period_end", "cancel_at", "account_id")


@dataclass(frozen=True, slots=True)
class Found:
    """`kind` is one of billing.reconciling.KINDS, `about` Stripe's id."""

    kind: str
    about: str
    tenant_id: int | None = None
    what: str = ""


def compare_supports(listed: Mapping[str, dict[str, Any]], *, dry_run: bool) -> Iterator[Found]:
    """`listed`: the supports that Stripe lists as not ended, by id. Those of ours that it does not list have ended there."""
    rows = {row.stripe_id: row for row in SupportSubscription.objects.filter(stripe_id__in=listed)}
    for stripe_id, data in listed.items():
        told, row = read_support(data), rows.get(stripe_id)
        if row is None:
            if told.status != "incomplete":
                yield _mend(Found("missing", stripe_id, what=told.status), dry_run=dry_run)
            continue
        differing = [name for name in _SAME if getattr(told, name) != getattr(row, name)]
        if differing:
            found = Found("differs", stripe_id, row.tenant_id, ", ".join(differing))
            yield _mend(found, dry_run=dry_run)
    gone = SupportSubscription.objects.filter(ended_at=None).exclude(stripe_id__in=listed)
    for row in gone.order_by("pk"):
        yield _mend(Found("ended", row.stripe_id, row.tenant_id), dry_run=dry_run)


def compare_accounts(*, dry_run: bool) -> Iterator[Found]:
    """Raises StripeAwayError."""
    for stripe_id in list_stale_accounts():
        try:
            row = None if dry_run else refresh_account_of(stripe_id=stripe_id)
        except EngageHubError as error:
            yield Found("error", stripe_id, what=error.message)
            continue
        yield Found("account", stripe_id, row.tenant_id if row is not None else None)


def compare_destinations(*, dry_run: bool) -> Iterator[Found]:
    """Supports that still point to a former account, by community."""
    for tenant_id in list_tenants_astray():
        about = f"tenant {tenant_id}"
        try:
            moved = 0 if dry_run else move_supports(tenant_id=tenant_id)
        except EngageHubError as error:
            yield Found("error", about, tenant_id, error.message)
            continue
        yield Found("destination", about, tenant_id, f"{moved} moved")


def compare_disputes(*, dry_run: bool) -> Iterator[Found]:
    """What banks took back of what members paid, or gave back. Raises StripeAwayError."""
    for dispute_id, stripe_id in list_unsettled_supports():
        yield _mend(Found("dispute", stripe_id, what=dispute_id), dry_run=dry_run)


def _mend(found: Found, *, dry_run: bool) -> Found:
    if dry_run:
        return found
    try:
        mended = refresh_support(stripe_id=found.about)
    except EngageHubError as error:
        return Found("error", found.about, found.tenant_id, error.message)
    if mended is not None:
        return Found(found.kind, found.about, mended.tenant_id, found.what)
    if found.kind == "missing":
        return Found("unknown", found.about, what="a support that no member of ours began")
    return found
