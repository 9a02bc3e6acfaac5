"""Parcels: what is to go out, sent with its tracking, arrived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.progression.merged import find_owner

from .addresses import open_address
from .deciding import check_tracking, mark_delivered, mark_fulfilled
from .fulfilment_errors import NotShippableError
from .models import Redemption, RewardKind
from .redemption_errors import RedemptionNotFoundError
from .states import APPROVED, GIVEN, lock_redemption

MOST_EXPORTED: Final = 1_000


@dataclass(frozen=True, slots=True)
class Parcel:
    """One that waits to be sent, with where it goes."""

    redemption_id: int
    reward_name: str
    member_id: int
    requested_at: datetime
    address: dict[str, str]


@transaction.atomic
def ship_redemption(*, redemption_id: int, actor: Actor, tracking: str = "") -> Redemption:
    """The parcel is on its way; the member is told, with the tracking number or address. Locks redemption, reward.

    Sent twice changes nothing. Publishes RedemptionChanged; recorded in the audit log. Raises RedemptionNotFoundError,
    RedemptionStateError, NotShippableError, InvalidRedemptionError.
    """
    tracking = check_tracking(tracking)
    redemption = lock_redemption(redemption_id)
    if redemption.kind != RewardKind.MERCHANDISE:
        raise NotShippableError(
            f"“{redemption.reward_name}” is nothing that is shipped. Open it to see how it is given."
        )
    if redemption.state == APPROVED and not redemption.address:
        raise NotShippableError(
            f"There is no address for “{redemption.reward_name}” yet. The member was asked; remind them, or cancel it."
        )
    return mark_fulfilled(
        redemption_id=redemption_id, outcome={}, actor=actor, key="shipped", tracking=tracking
    )


@transaction.atomic
def correct_tracking(*, redemption_id: int, actor: Actor, tracking: str) -> Redemption:
    """Another tracking number, of a parcel that is on its way. Recorded in the audit log. Raises as ship_redemption."""
    tracking = check_tracking(tracking)
    redemption = lock_redemption(redemption_id)
    if redemption.kind != RewardKind.MERCHANDISE or redemption.state not in GIVEN:
        raise NotShippableError(f"“{redemption.reward_name}” is not on its way. Mark it as sent first.")
    if redemption.tracking != tracking:
        before, redemption.tracking = redemption.tracking, tracking
        redemption.save(update_fields=["tracking"])
        record_audit(
            actor=actor,
            action="redemption.tracking_changed",
            target_kind="redemption",
            target_id=redemption.pk,
            target_name=redemption.reward_name,
            before={"tracking": before},
            after={"tracking": tracking},
        )
    return redemption


@transaction.atomic
def confirm_arrival(*, redemption_id: int, member_id: int, actor: Actor) -> Redemption:
    """The member says that the parcel came. Idempotent. Publishes RedemptionChanged. Raises RedemptionNotFoundError for other people's,
    RedemptionStateError."""
    redemption = lock_redemption(redemption_id)
    if find_owner(redemption.member_id) != member_id:
        raise RedemptionNotFoundError
    return mark_delivered(redemption_id=redemption_id, actor=actor)


@transaction.atomic
def read_parcels(*, actor: Actor, ids: Sequence[int] = ()) -> list[Parcel]:
    """What is to be sent, the oldest first, with the addresses: each reading is recorded before any is told. At most MOST_EXPORTED.

    The door has asked whether they may. `ids`: only these. Raises BadSealError.
    """
    rows = Redemption.objects.filter(kind=RewardKind.MERCHANDISE, state=APPROVED).exclude(address="")
    if ids:
        rows = rows.filter(pk__in=ids)
    waiting = list(rows.order_by("pk")[:MOST_EXPORTED])
    for one in waiting:
        record_audit(
            actor=actor,
            action="redemption.address_read",
            target_kind="redemption",
            target_id=one.pk,
            target_name=one.reward_name,
            note="In a list of what is to be sent.",
        )
    return [
        Parcel(one.pk, one.reward_name, one.member_id, one.requested_at, open_address(one)) for one in waiting
    ]
