"""What billing was told of a support and its payments, written down; benefits and news follow. Called by billing alone.

Every function is told how things stand, not what happened: the same facts again change nothing, and facts may skip what was between.
Lock order: the support, the payment, the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from engagement.audit.actor import SYSTEM, Actor
from engagement.audit.services import record_audit
from engagement.ledger.models import Cause
from engagement.members.errors import MemberDeletedError, MemberNotFoundError, MemberWaitsError
from engagement.members.models import Member
from engagement.progression.awarding import award_points, take_award_back
from engagement.progression.merged import find_owner
from saas.core import clock
from saas.events import publish
from tenants.context import TenantContext

from .disputing import write_dispute
from .errors import SecondSupportError, SupporterNotFoundError, TierNotFoundError
from .events import (
    SupporterEnding,
    SupporterJoined,
    SupporterLate,
    SupporterLeft,
    SupporterMoved,
    SupporterPlanned,
    SupporterRecovered,
    SupporterResumed,
)
from .models import Supporter, SupporterPayment, SupporterTier, SupportState

_MIRRORED = (
    "tier_id", "state", "amount", "currency", "interval", "period_end", "cancel_at", "late_since", "ended_at", "next_tier_id",
    "next_amount",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SupportFacts:
    """How a support stands. `reference`: its name where the money is taken; `amount`: minor units for each `interval`. `next_tier_key`: of
    the tier that it has from `period_end` on, for `next_amount`; empty where it stays as it is."""

    reference: str
    member_id: int
    tier_key: str
    state: str
    amount: int
    currency: str
    interval: str
    begun_at: datetime
    period_end: datetime | None
    cancel_at: datetime | None = None
    late_since: datetime | None = None
    ended_at: datetime | None = None
    next_tier_key: str = ""
    next_amount: int = 0


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """How a payment stands. `fee` is what the platform keeps, `refunded` what went back, `disputed` what the payer's bank took back, all
    minor units. `is_period`: it pays a whole period, and not the rest of one with a dearer tier."""

    reference: str
    support_reference: str
    tier_key: str
    amount: int
    fee: int
    currency: str
    paid_at: datetime
    period_start: datetime | None
    period_end: datetime | None
    refunded: int = 0
    refunded_at: datetime | None = None
    is_period: bool = True
    dispute: str = ""
    disputed: int = 0
    disputed_at: datetime | None = None


@transaction.atomic
def write_support(
    *, context: TenantContext, facts: SupportFacts, actor: Actor = SYSTEM, why: str = "asked"
) -> Supporter:
    """Write how a support stands. What ended stays ended, and its beginning stays what it was first told to be. `why` it ends with its
    period: “asked”, or “left” where the member left the server.

    Locks the support; a member who was merged is whom they were merged into. Idempotent on `facts.reference`. What it publishes is
    recorded, but for lateness. Publishes SupporterJoined, SupporterMoved, SupporterLate, SupporterRecovered, SupporterEnding,
    SupporterResumed, SupporterPlanned, SupporterLeft. Raises TierNotFoundError, MemberNotFoundError, MemberDeletedError, SecondSupportError where the member
    supports already.
    """
    tier = SupporterTier.objects.filter(key=facts.tier_key).first()
    if tier is None:
        raise TierNotFoundError
    row = Supporter.objects.select_for_update().filter(reference=facts.reference).first()
    if row is None:
        return _begin(facts, tier, actor)
    if row.state == SupportState.ENDED:
        return row
    before = {name: getattr(row, name) for name in _MIRRORED}
    _fill(row, facts, tier)
    if {name: getattr(row, name) for name in _MIRRORED} != before:
        row.save(update_fields=list(_MIRRORED))
        _tell(row, before["state"], before["tier_id"], actor)
        _tell_ending(row, before["cancel_at"], actor, why)
        _tell_plan(row, before["next_tier_id"], before["tier_id"], actor)
    return row


def _begin(facts: SupportFacts, tier: SupporterTier, actor: Actor) -> Supporter:
    member = Member.objects.filter(pk=find_owner(facts.member_id)).first()
    if member is None:
        raise MemberNotFoundError("There is no such member in this community.")
    if member.deleted_at is not None and facts.state != SupportState.ENDED:
        raise MemberDeletedError("This member was deleted, so that no support can begin.")
    row = Supporter(reference=facts.reference, member=member, begun_at=facts.begun_at)
    _fill(row, facts, tier)
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        # Either the same support, written by somebody else just now, or another one of the member's.
        known = Supporter.objects.select_for_update().filter(reference=facts.reference).first()
        if known is None:
            raise SecondSupportError from error
        return known
    publish(SupporterJoined(row.pk, row.member_id, row.tier_id))
    _record(actor, "supporter.joined", row, tier.name)
    _tell(row, SupportState.ACTIVE, row.tier_id, actor)
    return row


def _fill(row: Supporter, facts: SupportFacts, tier: SupporterTier) -> None:
    row.tier = tier
    row.state = SupportState(facts.state)
    coming = SupporterTier.objects.filter(key=facts.next_tier_key).first() if facts.next_tier_key else None
    row.next_tier = coming if row.state != SupportState.ENDED else None
    row.next_amount = facts.next_amount if row.next_tier is not None else 0
    row.amount, row.currency, row.interval = facts.amount, facts.currency, facts.interval
    row.period_end, row.cancel_at = facts.period_end, facts.cancel_at
    ended = row.state == SupportState.ENDED
    row.ended_at = (facts.ended_at or clock.now()) if ended else None
    row.late_since = (
        (row.late_since or facts.late_since or clock.now()) if row.state == SupportState.LATE else None
    )


def _tell(row: Supporter, was: str, was_tier_id: int, actor: Actor) -> None:
    if row.tier_id != was_tier_id:
        publish(SupporterMoved(row.pk, row.member_id, row.tier_id, was_tier_id))
        _record(actor, "supporter.moved", row, row.tier.name)
    if row.state == was:
        return
    if row.state == SupportState.ENDED:
        publish(SupporterLeft(row.pk, row.member_id, row.tier_id))
        _record(actor, "supporter.left", row, row.tier.name)
    elif row.state == SupportState.LATE:
        publish(SupporterLate(row.pk, row.member_id, row.tier_id))
    else:
        publish(SupporterRecovered(row.pk, row.member_id, row.tier_id))


def _tell_ending(row: Supporter, was: datetime | None, actor: Actor, why: str) -> None:
    """Whether it is set to end, whoever did that: the member here or on the provider's page, or their leaving."""
    if row.state == SupportState.ENDED or (row.cancel_at is None) == (was is None):
        return
    if row.cancel_at is None:
        publish(SupporterResumed(row.pk, row.member_id, row.tier_id))
        _record(actor, "supporter.resumed", row, row.tier.name)
        return
    publish(SupporterEnding(row.pk, row.member_id, row.tier_id, row.cancel_at.isoformat(), why))
    _record(actor, "supporter.cancelled", row, row.tier.name)


def _tell_plan(row: Supporter, was_next: int | None, was_tier: int, actor: Actor) -> None:
    """What was planned and has come is told as a move, and what ends needs no plan."""
    if row.state == SupportState.ENDED or row.next_tier_id == was_next:
        return
    if row.next_tier is not None:
        _record(actor, "supporter.planned", row, row.next_tier.name)
    elif row.tier_id != was_tier or row.cancel_at is not None:
        return
    else:
        _record(actor, "supporter.kept", row, row.tier.name)
    publish(SupporterPlanned(row.pk, row.member_id, row.tier_id, row.next_tier_id))


@transaction.atomic
def write_payment(*, context: TenantContext, facts: PaymentFacts) -> SupporterPayment:
    """Write how a payment stands, and book its points: given once, taken back once it is refunded whole or disputed, and given again
    when a dispute was won. A dispute's beginning and end are recorded. Publishes SupporterDisputed.

    Locks the support, then the payment, then the ledger. Idempotent on `facts.reference`. Points that can't be given now, because the
    member waits for room in the plan or was deleted, are given when it is told again. Raises SupporterNotFoundError before
    write_support knew the support, TierNotFoundError.
    """
    supporter = Supporter.objects.select_for_update().filter(reference=facts.support_reference).first()
    if supporter is None:
        raise SupporterNotFoundError
    tier = SupporterTier.objects.filter(key=facts.tier_key).first()
    if tier is None:
        raise TierNotFoundError
    # What a period is worth stays as first written, whatever the tier gives later.
    row, made = SupporterPayment.objects.select_for_update().get_or_create(
        reference=facts.reference,
        defaults={
            "supporter": supporter,
            "tier": tier,
            "amount": facts.amount,
            "fee": facts.fee,
            "currency": facts.currency,
            "paid_at": facts.paid_at,
            "period_start": facts.period_start,
            "period_end": facts.period_end,
            "points": tier.points if facts.amount and facts.is_period else 0,
            "refunded": facts.refunded,
            "refunded_at": facts.refunded_at,
        },
    )
    if not made and (row.fee, row.refunded) != (facts.fee, facts.refunded):
        row.fee, row.refunded = facts.fee, facts.refunded
        row.refunded_at = facts.refunded_at if facts.refunded else None
        # What goes back by a refund is no longer the bank's to take; write_dispute says anew what is.
        row.disputed = min(row.disputed, row.amount - row.refunded)
        row.save(update_fields=["fee", "refunded", "refunded_at", "disputed"])
    write_dispute(row, supporter, state=facts.dispute, amount=facts.disputed, at=facts.disputed_at)
    _settle_points(context, row, supporter.member_id)
    return row


@transaction.atomic
def give_owed_points(*, context: TenantContext, payment_id: int) -> bool:
    """Try once more to give the points of a payment. Answers whether they are given. Locks the payment. Idempotent."""
    row = (
        SupporterPayment.objects.select_for_update(of=("self",))
        .select_related("supporter")
        .get(pk=payment_id)
    )
    _settle_points(context, row, row.supporter.member_id)
    return row.points_given


def _settle_points(context: TenantContext, row: SupporterPayment, member_id: int) -> None:
    if row.is_refunded or row.is_disputed:
        if row.points_given:
            take_award_back(
                member_id=member_id,
                cause=Cause.SUPPORT,
                undo=Cause.SUPPORT_REFUND,
                cause_id=row.pk,
                context=context,
                rounds=row.points_rounds,
            )
            row.points_given = False
            row.points_rounds += 1
            row.save(update_fields=["points_given", "points_rounds"])
        return
    if row.points_given or not row.points:
        return
    try:
        with transaction.atomic():
            award_points(
                member_id=find_owner(member_id),
                amount=row.points,
                cause=Cause.SUPPORT,
                cause_id=row.pk,
                context=context,
                rounds=row.points_rounds,
            )
    except (MemberDeletedError, MemberWaitsError):
        return
    row.points_given = True
    row.save(update_fields=["points_given"])


@transaction.atomic
def move_supports(*, member_id: int, merged_id: int) -> int:
    """The supports of `merged_id` are `member_id`'s from now on; but a running one where they have one already: billing ends it.

    Locks both members' supports. Idempotent. Answers how many moved.
    """
    rows = list(
        Supporter.objects.select_for_update().filter(member_id__in=(member_id, merged_id)).order_by("pk")
    )
    taken = any(row.member_id == member_id and row.state != SupportState.ENDED for row in rows)
    moving = [
        row.pk
        for row in rows
        if row.member_id == merged_id and (row.state == SupportState.ENDED or not taken)
    ]
    return Supporter.objects.filter(pk__in=moving).update(member_id=member_id)


def _record(actor: Actor, action: str, row: Supporter, tier_name: str) -> None:
    record_audit(
        actor=actor,
        action=action,
        target_kind="member",
        target_id=row.member_id,
        target_name=row.member.display_name,
        after={"tier": tier_name},
    )
