"""Reads of retainers: what they say of a community's plan, who covers it, and what a payer pays for so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q

from billing.models import Payer, Retainer, RetainerPlace
from billing.phases import GRACE_DAYS, Cover
from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema

from .errors import RetainerNotFoundError

REMEMBERED: Final = timedelta(days=2 * GRACE_DAYS)  # who left longer ago has nothing of it any more


@dataclass(frozen=True, slots=True)
class RetainerBook:
    """A retainer with the communities that it covers now, by name."""

    retainer: Retainer
    places: tuple[RetainerPlace, ...]

    @property
    def is_paid(self) -> bool:
        """In force, also while an invoice is late and its grace runs."""
        return self.retainer.status in {"active", "past_due"}


def list_covers(tenant_id: int) -> list[Cover]:
    """What retainers say of a community's plan, for billing.phases. One query; the public schema is in hand."""
    recent = Q(left_at=None) | Q(left_at__gt=clock.now() - REMEMBERED)
    rows = RetainerPlace.objects.select_related("retainer").filter(recent, tenant_id=tenant_id).order_by("pk")
    return [
        Cover(
            plan=one.retainer.plan,
            status=one.retainer.status,
            joined_at=one.joined_at,
            starts_at=one.retainer.starts_at,
            left_at=one.left_at,
            next_plan=one.retainer.planned.get("plan", ""),
            period_end=one.retainer.period_end,
            cancel_at=one.retainer.cancel_at,
            unpaid_since=one.retainer.unpaid_since,
        )
        for one in rows
    ]


def get_retainer(*, key: str) -> Retainer:
    """Raises RetainerNotFoundError."""
    with enter_schema(PUBLIC):
        row = Retainer.objects.select_related("payer__user").filter(key=key.replace("\x00", "")[:26]).first()
    if row is None:
        raise RetainerNotFoundError
    return row


def find_book(*, key: str) -> RetainerBook:
    """Raises RetainerNotFoundError. Two queries."""
    row = get_retainer(key=key)
    with enter_schema(PUBLIC):
        covered = RetainerPlace.objects.select_related("tenant").filter(retainer=row, left_at=None)
        return RetainerBook(row, tuple(covered.order_by("tenant__name", "pk")))


def find_place(*, tenant_id: int) -> RetainerPlace | None:
    """By whose retainer the community is covered now. One query."""
    with enter_schema(PUBLIC):
        rows = RetainerPlace.objects.select_related("retainer__payer__user")
        return rows.filter(tenant_id=tenant_id, left_at=None).first()


def find_last_place(*, tenant_id: int) -> RetainerPlace | None:
    """As find_place; else the place that it left not long ago. One query."""
    with enter_schema(PUBLIC):
        rows = RetainerPlace.objects.select_related("retainer__payer__user")
        recent = Q(left_at=None) | Q(left_at__gt=clock.now() - REMEMBERED)
        return rows.filter(recent, tenant_id=tenant_id).order_by("-pk").first()


def plan_ends(place: RetainerPlace) -> datetime | None:
    """When a covered community's plan ends as things stand, its grace included; None while the retainer goes on and is paid."""
    retainer = place.retainer
    if retainer.unpaid_since is not None:
        return retainer.unpaid_since + timedelta(days=GRACE_DAYS)
    leaves = place.left_at or retainer.cancel_at
    return None if leaves is None else leaves + timedelta(days=GRACE_DAYS)


def is_ahead(place: RetainerPlace, now: datetime) -> bool:
    """Whether the first day of its retainer is still to come."""
    starts_at = place.retainer.starts_at
    return place.left_at is None and starts_at is not None and starts_at > now


def goes_on(retainer: Retainer) -> bool:
    """Whether it pays for its communities and will go on paying: then nobody buys a plan for one of them as well."""
    return retainer.ended_at is None and retainer.cancel_at is None and retainer.unpaid_since is None


def list_retainers(*, payers: Iterable[Payer] | None = None) -> list[RetainerBook]:
    """Those of these payers that live; of everybody, ended ones too, the newest first. Two queries, however many there are."""
    with enter_schema(PUBLIC):
        rows = Retainer.objects.select_related("payer__user").order_by("-pk")
        if payers is not None:
            rows = rows.filter(payer__in=list(payers), ended_at=None)
        found = list(rows[:500])
        places: dict[int, list[RetainerPlace]] = {}
        covered = RetainerPlace.objects.select_related("tenant").filter(retainer__in=found, left_at=None)
        for place in covered.order_by("tenant__name", "pk"):
            places.setdefault(place.retainer_id, []).append(place)
    return [RetainerBook(row, tuple(places.get(row.pk, ()))) for row in found]
