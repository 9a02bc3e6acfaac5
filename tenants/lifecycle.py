"""The life of a community: shadow and live, its owner, closed and open again, gone.

Invariants: every change is one transaction that holds the tenant's row and leads from a state it may begin in; a community has
exactly one owner; a deleted one can be restored whole for 30 days and no longer; its schema is dropped after that and never
before. Who may ask stands in tenants.permissions; callers above record the audit in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction

from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema
from saas.events import publish

from .errors import (
    NotTheNameError,
    OfferGoneError,
    TenantNotFoundError,
    TenantNotReadyError,
)
from .events import CommunityDeleted, CommunityRestored, OwnershipTransferred, WentLive, WentShadow
from .letters import Letter, send_letter
from .models import Membership, PoisonActivity, Tenant, User
from .owner import as_owner
from .provisioning import drop_schema
from .routing import invalidate_routing
from .setup import lock_tenant

UNDO_DAYS: Final = 30
OFFER_DAYS: Final = 7
State = Tenant.State


# --- shadow and live ---


def go_live(*, tenant_id: int) -> bool:
    """From now on what happens is announced and roles are given; False where it is live already.

    What was reached before this moment is never announced. Publishes WentLive in the community's own log.
    Raises TenantNotReadyError.
    """
    with _changing(tenant_id) as row:
        _require_open(row)
        if row.live:
            return False
        row.live, row.live_since = True, clock.now()
        row.save(update_fields=["live", "live_since"])
        with enter_schema(row.schema_name):
            publish(WentLive(tenant_id=row.pk))
    return True


def return_to_shadow(*, tenant_id: int) -> bool:
    """From now on nothing is announced and no role changes; False where it is so already. What was given stays.

    Publishes WentShadow in the community's own log. Raises TenantNotReadyError.
    """
    with _changing(tenant_id) as row:
        _require_open(row)
        if not row.live:
            return False
        row.live, row.live_since = False, None
        row.save(update_fields=["live", "live_since"])
        with enter_schema(row.schema_name):
            publish(WentShadow(tenant_id=row.pk))
    return True


# --- the owner ---


def offer_ownership(*, tenant_id: int, owner_id: int, heir_id: int) -> Tenant:
    """Offer the community to somebody on its team, for a week; an earlier offer falls. Idempotent.

    `owner_id` must own it, which is looked up under the lock. The heir is told by mail.
    Raises TenantNotFoundError, OfferGoneError for somebody who is not on the team.
    """
    with _changing(tenant_id) as row:
        owner = _owner_of(row)
        if owner.user_id != owner_id:
            raise TenantNotFoundError(tenant_id)
        team = Membership.objects.select_related("user").filter(tenant=row)
        heir = team.filter(user_id=heir_id).exclude(role=Membership.Role.OWNER).first()
        if heir is None:
            raise OfferGoneError(
                "Only somebody on the team can take the community over. Invite them first, then offer it."
            )
        if row.heir_id == heir_id and _offer_stands(row):
            return row
        row.heir_id, row.heir_offered_at = heir_id, clock.now()
        row.save(update_fields=["heir", "heir_offered_at"])
        _write_to(
            [heir.user],
            subject=f"{owner.user} offers you {row.name}",
            lines=(
                f"{owner.user} would like to hand the community {row.name} over to you. As its owner you decide about its "
                "address, its team and its end.",
                f"The offer stands for {OFFER_DAYS} days. Nothing changes until you accept it.",
            ),
            action="Look at the offer",
        )
    return row


def withdraw_offer(*, tenant_id: int, user_id: int) -> bool:
    """The owner takes the offer back, or the heir declines; False where there is none. Raises TenantNotFoundError for others."""
    with _changing(tenant_id) as row:
        if user_id not in {_owner_of(row).user_id, row.heir_id}:
            raise TenantNotFoundError(tenant_id)
        offered = row.heir_id is not None
        row.heir, row.heir_offered_at = None, None
        row.save(update_fields=["heir", "heir_offered_at"])
    return offered


def accept_ownership(*, tenant_id: int, heir_id: int) -> tuple[User, User]:
    """The heir becomes owner and the former owner an admin, at once; answers (former, new).

    Of two who accept, and of an acceptance and a withdrawal, the first to hold the row counts. Publishes
    OwnershipTransferred; both are told by mail. Raises OfferGoneError.
    """
    with _changing(tenant_id) as row:
        if row.heir_id != heir_id or not _offer_stands(row):
            raise OfferGoneError("This offer was taken back, has expired, or was accepted before.")
        team = Membership.objects.select_related("user").filter(tenant=row)
        heir = team.filter(user_id=heir_id).first()
        if heir is None:
            raise OfferGoneError("You are no longer on this community's team, so you cannot take it over.")
        owner = _owner_of(row)
        # In this order: the table allows one owner at every moment.
        Membership.objects.filter(pk=owner.pk).update(role=Membership.Role.ADMIN)
        Membership.objects.filter(pk=heir.pk).update(role=Membership.Role.OWNER)
        row.heir, row.heir_offered_at = None, None
        row.save(update_fields=["heir", "heir_offered_at"])
        publish(OwnershipTransferred(tenant_id=row.pk, former_id=owner.user_id, owner_id=heir_id))
        _write_to(
            [owner.user, heir.user],
            subject=f"{row.name} has a new owner",
            lines=(
                f"{heir.user} owns the community {row.name} now. {owner.user} stays on its team as an admin.",
            ),
        )
    return owner.user, heir.user


# --- closed, open again, gone ---


def delete_community(*, tenant_id: int, typed_name: str) -> Tenant:
    """Close the community for everybody; for 30 days it can be restored whole. Idempotent.

    `typed_name` must be its name, so that nobody deletes the wrong one. The bot and ingest stop counting within a second,
    since routing leaves it out; its server stays linked. Owner and admins are told by mail. Publishes CommunityDeleted.
    Raises NotTheNameError, TenantNotReadyError.
    """
    with _changing(tenant_id) as row:
        if row.state == State.DELETED:
            return row
        if row.state == State.PROVISIONING:
            raise TenantNotReadyError("The community is still being made. Wait a moment, then try again.")
        if " ".join(typed_name.split()) != " ".join(row.name.split()):
            raise NotTheNameError(row.name)
        row.state, row.deleted_at = State.DELETED, clock.now()
        row.heir, row.heir_offered_at = None, None
        row.save(update_fields=["state", "deleted_at", "heir", "heir_offered_at"])
        publish(CommunityDeleted(tenant_id=row.pk, slug=row.slug))
        _write_to(
            _list_heads(row),
            subject=f"{row.name} was deleted",
            lines=(
                f"The community {row.name} was deleted. Its pages are closed, and nothing is counted any more.",
                f"Until {_until(row.deleted_at):%-d %B %Y} its owner can restore it with everything in it. After that it is "
                "gone for good.",
            ),
            action="Restore it",
        )
    return row


def restore_community(*, tenant_id: int) -> Tenant:
    """Open a deleted community again, as it was. Idempotent. Publishes CommunityRestored.

    Raises TenantNotReadyError when its 30 days are over.
    """
    with _changing(tenant_id) as row:
        if row.state != State.DELETED:
            return row
        if row.deleted_at is None or clock.now() >= _until(row.deleted_at):
            raise TenantNotReadyError("Its 30 days are over, so this community can no longer be restored.")
        row.state = State.SUSPENDED if row.suspended_at else State.ACTIVE
        row.deleted_at = None
        row.save(update_fields=["state", "deleted_at"])
        publish(CommunityRestored(tenant_id=row.pk, slug=row.slug))
        _write_to(
            _list_heads(row),
            subject=f"{row.name} was restored",
            lines=(f"The community {row.name} is open again, with everything that was in it.",),
        )
    return row


def suspend_community(*, tenant_id: int, reason: str) -> Tenant:
    """EngageHub's staff close a community until further notice; `reason` is shown to its team. Idempotent.

    Raises TenantNotReadyError for one that is being made or deleted.
    """
    with _changing(tenant_id) as row:
        if row.state in {State.PROVISIONING, State.DELETED}:
            raise TenantNotReadyError("Only an open community can be suspended.")
        row.state, row.suspended_at = State.SUSPENDED, row.suspended_at or clock.now()
        row.suspended_for = reason[:300]
        row.save(update_fields=["state", "suspended_at", "suspended_for"])
    return row


def resume_community(*, tenant_id: int) -> Tenant:
    """Take a suspension back. Idempotent; one that was deleted meanwhile stays deleted."""
    with _changing(tenant_id) as row:
        if row.state == State.SUSPENDED:
            row.state = State.ACTIVE
        row.suspended_at, row.suspended_for = None, ""
        row.save(update_fields=["state", "suspended_at", "suspended_for"])
    return row


def drop_deleted(*, tenant_id: int) -> bool:
    """Drop the schema and the row of a community whose 30 days are over; False where there is none such.

    One transaction of the owner's role that holds the row, so that a restoration at the same moment either wins or finds it
    gone. Its address and its server are free afterwards. Idempotent.
    """
    with as_owner(), transaction.atomic():
        due = Tenant.objects.filter(pk=tenant_id, state=State.DELETED, deleted_at__lte=_oldest())
        row = due.select_for_update(of=("self",)).first()
        if row is None:
            return False
        drop_schema(row.schema_name)
        PoisonActivity.objects.filter(tenant_id=row.pk).delete()
        row.delete()
    invalidate_routing(tenant_id=tenant_id)
    return True


def list_droppable() -> list[int]:
    """Ids of the deleted communities whose 30 days are over."""
    due = Tenant.objects.filter(state=State.DELETED, deleted_at__lte=_oldest())
    return list(due.order_by("pk").values_list("pk", flat=True))


def undo_until(tenant: Tenant) -> datetime | None:
    """The moment from which a deleted community can no longer be restored."""
    return None if tenant.deleted_at is None else _until(tenant.deleted_at)


def offer_until(tenant: Tenant) -> datetime | None:
    """The moment until which an offer of ownership stands; None where none does."""
    offered = tenant.heir_offered_at
    if offered is None or tenant.heir_id is None or not _offer_stands(tenant):
        return None
    return offered + timedelta(days=OFFER_DAYS)


# --- the parts ---


@contextmanager
def _changing(tenant_id: int) -> Iterator[Tenant]:
    """The tenant's row, locked, in a transaction of the public schema; routing follows its commit."""
    with enter_schema(PUBLIC), transaction.atomic():
        try:
            row = lock_tenant(tenant_id)
        except Tenant.DoesNotExist as error:
            raise TenantNotFoundError(tenant_id) from error
        yield row
        invalidate_routing(tenant_id=tenant_id)


def _require_open(row: Tenant) -> None:
    if row.state != State.ACTIVE:
        raise TenantNotReadyError(
            f"The community is {row.get_state_display().lower()}, so this cannot be done now."
        )


def _owner_of(row: Tenant) -> Membership:
    owner = Membership.objects.select_related("user").filter(tenant=row, role=Membership.Role.OWNER).first()
    if owner is None:
        raise TenantNotFoundError(row.pk)
    return owner


def _offer_stands(row: Tenant) -> bool:
    offered = row.heir_offered_at
    return offered is not None and clock.now() < offered + timedelta(days=OFFER_DAYS)


def _list_heads(row: Tenant) -> list[User]:
    heads = Membership.objects.select_related("user").filter(tenant=row)
    return [head.user for head in heads.filter(role__in=(Membership.Role.OWNER, Membership.Role.ADMIN))]


def _write_to(people: list[User], *, subject: str, lines: tuple[str, ...], action: str = "") -> None:
    for person in people:
        if person.email:
            send_letter(
                Letter(
                    to=person.email,
                    subject=subject,
                    lines=lines,
                    action=action,
                    address=f"{settings.BASE_URL}/communities/" if action else "",
                    reason="You get this mail because you are on the community's team.",
                )
            )


def _until(deleted_at: datetime) -> datetime:
    return deleted_at + timedelta(days=UNDO_DAYS)


def _oldest() -> datetime:
    return clock.now() - timedelta(days=UNDO_DAYS)
