"""Reads of retainers: what they say of a community's plan, who covers it, and what a payer pays for so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
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
        row = Retainer.objects.select_related("payer__user").filter(key=key[:26]).first()
    if row is None:
        raise RetainerNotFoundError
    return row


def find_place(*, tenant_id: int) -> RetainerPlace | None:
    """By whose retainer the community is covered now. One query."""
    with enter_schema(PUBLIC):
        rows = RetainerPlace.objects.select_related("retainer__payer__user")
        return rows.filter(tenant_id=tenant_id, left_at=None).first()


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
