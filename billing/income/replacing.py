"""Whose account the money goes to: the owner confirms the one that stands, connects another, or calls that off.

Invariants: only the community's owner does it, which is looked up under the payout lock; the account that stands stays the destination
until the next one can take payments; every running support is led to the one that stands, one by one, as often as it takes.
"""

from __future__ import annotations

from django.db.models import F, OuterRef, QuerySet, Subquery

from billing.audit import record
from billing.checkout import get_open_tenant
from billing.locks import holding_payouts, holding_support
from billing.stripe_api import telling_stripe
from engagement.audit.actor import SYSTEM, Actor
from saas.core.errors import EngageHubError
from saas.core.schemas import PUBLIC, enter_schema
from tenants.models import Membership, Tenant, User

from .accounts import COUNTRIES, aim_anew, get_payout_account, lead_to_stripe, read_country
from .checkouts import close_support_checkouts
from .errors import (
    AccountChangedError,
    NoPayoutAccountError,
    OwnerChangedError,
    ReplacementBegunError,
)
from .mirror import refresh_held
from .models import PayoutAccount, SupportSubscription
from .switching import drop

State = PayoutAccount.State


def confirm_account(*, tenant_id: int, user: User, actor: Actor, key: str) -> bool:
    """The owner goes on with the account that stands, which somebody else connected; False where it is confirmed already.

    `key` is the account's that they saw. Holds the payout lock. Recorded. Raises OwnerChangedError, NoPayoutAccountError,
    AccountChangedError, BillingBusyError.
    """
    with holding_payouts(tenant_id):
        _require_owner(tenant_id, user)
        row = _find(tenant_id, State.STANDING)
        if row is None or not row.stripe_id:
            raise NoPayoutAccountError
        if row.key != key:
            raise AccountChangedError
        if user.pk in {row.user_id, row.confirmed_for_id}:
            return False
        row.confirmed_for = user
        row.save(update_fields=["confirmed_for"])
        record(
            tenant=row.tenant,
            actor=actor,
            action="payouts.confirmed",
            after={"account": row.stripe_id, "connected_by": str(row.user or "")},
        )
    return True


def replace_account(*, tenant_id: int, user: User, actor: Actor, country: str) -> str:
    """The address of Stripe's page where the owner connects another account; the one that stands stays until that can take payments.

    Asking again leads on with the same. Holds the payout lock. Recorded. Raises OwnerChangedError, NoPayoutAccountError where none
    stands, ReplacementBegunError, UnknownCountryError, NotOpenError, StripeAwayError, StripeRefusedError, BillingBusyError.
    """
    get_open_tenant(tenant_id)
    country = read_country(country)
    with holding_payouts(tenant_id):
        _require_owner(tenant_id, user)
        standing, row = _find(tenant_id, State.STANDING), _find(tenant_id, State.NEXT)
        if standing is None or not standing.stripe_id:
            raise NoPayoutAccountError
        if row is not None and row.stripe_id and row.user_id != user.pk:
            drop(row, SYSTEM, note="The community has another owner.")
            row = None
        if row is None:
            row = PayoutAccount.objects.create(
                tenant_id=tenant_id, user=user, country=country, state=State.NEXT
            )
        elif not row.stripe_id:
            aim_anew(row, user, country)
        elif row.country != country:
            raise ReplacementBegunError(COUNTRIES.get(row.country, row.country))
    return lead_to_stripe(row, actor, action="payouts.replacing")


def call_off_replacement(*, tenant_id: int, user: User, actor: Actor) -> bool:
    """The account that was to be next is not to be; False where none is, also where it stands by now. Holds the payout lock. Recorded.

    Raises OwnerChangedError, BillingBusyError.
    """
    with holding_payouts(tenant_id):
        _require_owner(tenant_id, user)
        row = _find(tenant_id, State.NEXT)
        if row is None:
            return False
        drop(row, actor)
    return True


def get_next_account(*, tenant_id: int) -> PayoutAccount | None:
    """The one that is being connected. One query."""
    with enter_schema(PUBLIC):
        rows = PayoutAccount.objects.with_owner().filter(stripe_id__isnull=False)
        return rows.filter(tenant_id=tenant_id, state=State.NEXT).first()


def list_former_accounts(*, tenant_id: int) -> list[PayoutAccount]:
    """Those that money went to before, the newest first. One query."""
    with enter_schema(PUBLIC):
        rows = PayoutAccount.objects.select_related("user").filter(tenant_id=tenant_id, state=State.FORMER)
        return list(rows.order_by("-settled_at")[:20])


def follow_transfer(*, tenant_id: int) -> None:
    """The community has another owner: pages on which somebody could still pay into an account that is not confirmed for them close, and
    what the former owner began to connect is called off. Idempotent. Raises StripeAwayError, BillingBusyError."""
    with holding_payouts(tenant_id):
        coming = _find(tenant_id, State.NEXT)
        if coming is not None and coming.owner_id != coming.user_id:
            drop(coming, SYSTEM, note="The community has another owner.")
    account = get_payout_account(tenant_id=tenant_id)
    if account is not None and not account.is_confirmed:
        close_support_checkouts(tenant_id=tenant_id)


def move_supports(*, tenant_id: int) -> int:
    """Lead every running support to the account that stands, from its next payment on, and close pages that lead to another.

    Holds the lock of each support in turn. Idempotent: who was moved is passed over, and one that Stripe refuses keeps none of the others.
    Answers how many were moved; recorded where any was. Raises the first of what went wrong: StripeAwayError, StripeUnsureError,
    StripeRefusedError, BillingBusyError.
    """
    account = get_payout_account(tenant_id=tenant_id)
    if account is None or not account.can_take:
        return 0
    close_support_checkouts(tenant_id=tenant_id, but_into=str(account.stripe_id))
    with enter_schema(PUBLIC):
        rows = _astray().filter(tenant_id=tenant_id).select_related("customer").order_by("pk")
        astray = list(rows)
    moved, failed = 0, None
    for row in astray:
        try:
            moved += _move(row)
        except EngageHubError as error:
            failed = failed or error
    if moved:
        with holding_payouts(tenant_id):
            tenant = Tenant.objects.get(pk=tenant_id)
            record(tenant=tenant, actor=SYSTEM, action="payouts.moved", after={"supports": moved})
    if failed is not None:
        raise failed
    return moved


def list_tenants_astray() -> list[int]:
    """Communities in which a support runs whose money goes to another account than the one that stands and can take it. One query."""
    with enter_schema(PUBLIC):
        rows = _astray().order_by("tenant_id")
        return list(rows.values_list("tenant_id", flat=True).distinct())


def _astray() -> QuerySet[SupportSubscription]:
    standing = PayoutAccount.objects.filter(
        tenant_id=OuterRef("tenant_id"), state=State.STANDING, charges_enabled=True, transfers="active"
    )
    rows = SupportSubscription.objects.filter(ended_at=None, refused=False)
    rows = rows.annotate(aim=Subquery(standing.values("stripe_id")[:1])).exclude(aim=None)
    return rows.exclude(account_id=F("aim"))


def _move(row: SupportSubscription) -> int:
    with holding_support(row.tenant_id, row.customer.member_id):
        seen = refresh_held(stripe_id=row.stripe_id)
        # Read under the support's lock: of two moves the later one has the last word.
        account = get_payout_account(tenant_id=row.tenant_id)
        if seen is None or seen.ended_at is not None or account is None or not account.can_take:
            return 0
        aim = str(account.stripe_id)
        if seen.account_id == aim:
            return 0
        with telling_stripe() as stripe:
            stripe.v1.subscriptions.update(
                row.stripe_id, {"transfer_data": {"destination": aim}, "on_behalf_of": aim}
            )
        refresh_held(stripe_id=row.stripe_id)
    return 1


def _find(tenant_id: int, state: str) -> PayoutAccount | None:
    rows = PayoutAccount.objects.with_owner().select_related("tenant", "user")
    return rows.filter(tenant_id=tenant_id, state=state).first()


def _require_owner(tenant_id: int, user: User) -> None:
    owner = Membership.objects.filter(tenant_id=tenant_id, user=user, role=Membership.Role.OWNER)
    if not owner.exists():
        raise OwnerChangedError
