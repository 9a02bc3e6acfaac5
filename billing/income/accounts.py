"""A community's payout account: an Express account of Stripe's, set up and looked at on Stripe's own pages.

Invariants: in a community one stands and at most one is next, each made under its lock with the row's key as idempotency key; what we
keep of it was fetched from Stripe under that lock; nobody is led to Stripe's pages of an account that somebody else connected.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.db import transaction

from billing.audit import record
from billing.checkout import get_open_tenant
from billing.errors import BillingBusyError, StripeRefusedError
from billing.locks import holding_payouts
from billing.stripe_api import asking_stripe
from engagement.audit.actor import SYSTEM, Actor
from saas.core import clock
from saas.core.ids import new_ulid
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext
from tenants.gatekeeping import require_gate
from tenants.models import Tenant, User

from .addresses import payout_again_page, payout_return_page
from .errors import (
    AnothersAccountError,
    NoPayoutAccountError,
    PayoutCountryError,
    UnknownCountryError,
)
from .models import PayoutAccount
from .switching import switch_if_ready

if TYPE_CHECKING:
    from stripe.params import AccountCreateParams

# Where Stripe has Express accounts; which of them a platform may pay out to, Stripe says when one is made.
COUNTRIES: Final[Mapping[str, str]] = {
    "AT": "Austria", "AU": "Australia", "BE": "Belgium", "BG": "Bulgaria", "CA": "Canada", "CH": "Switzerland", "CY": "Cyprus",
    "CZ": "Czechia", "DE": "Germany", "DK": "Denmark", "EE": "Estonia", "ES": "Spain", "FI": "Finland", "FR": "France",
    "GB": "United Kingdom", "GR": "Greece", "HR": "Croatia", "HU": "Hungary", "IE": "Ireland", "IT": "Italy", "LI": "Liechtenstein",
    "LT": "Lithuania", "LU": "Luxembourg", "LV": "Latvia", "MT": "Malta", "NL": "Netherlands", "NO": "Norway", "NZ": "New Zealand",
    "PL": "Poland", "PT": "Portugal", "RO": "Romania", "SE": "Sweden", "SI": "Slovenia", "SK": "Slovakia", "US": "United States",
}  # fmt: skip
State = PayoutAccount.State
GONE: Final = "gone"  # our word for an account that Stripe no longer shows us
log = structlog.get_logger(__name__)


def get_payout_account(*, tenant_id: int) -> PayoutAccount | None:
    """The community's, as Stripe last told it; None before anybody began one. One query."""
    with enter_schema(PUBLIC):
        rows = PayoutAccount.objects.with_owner().select_related("user")
        return rows.filter(tenant_id=tenant_id, state=State.STANDING).first()


def begin_onboarding(*, tenant_id: int, user: User, actor: Actor, country: str) -> str:
    """The address of Stripe's page where the owner says who they are and where the money goes; good once, for some minutes.

    Makes the account at the first call; later ones lead on with the same. Holds the payout lock. Recorded. Raises GateClosedError for
    a first account, UnknownCountryError, PayoutCountryError, AnothersAccountError, NotOpenError, StripeAwayError, StripeRefusedError,
    BillingBusyError.
    """
    tenant = get_open_tenant(tenant_id)
    country = read_country(country)
    row = _prepare(tenant, user, country)
    return lead_to_stripe(row, actor, action="payouts.begun")


def read_country(text: str) -> str:
    """Its code. Raises UnknownCountryError."""
    country = text.strip().upper()
    if country not in COUNTRIES:
        raise UnknownCountryError(country)
    return country


def lead_to_stripe(row: PayoutAccount, actor: Actor, *, action: str) -> str:
    """Stripe's page for this account, which is made there if it is not yet; that is recorded as `action`.

    Raises BillingBusyError where somebody called it off in this moment, StripeAwayError, StripeRefusedError.
    """
    with holding_payouts(row.tenant_id):
        held = PayoutAccount.objects.select_related("tenant").filter(pk=row.pk, state=row.state).first()
        if held is None:
            raise BillingBusyError
        if not held.stripe_id:
            _make_account(held, actor, action)
    with asking_stripe() as stripe:
        link = stripe.v1.account_links.create(
            {
                "account": str(held.stripe_id),
                "type": "account_onboarding",
                "return_url": payout_return_page(held.tenant.slug),
                "refresh_url": payout_again_page(held.tenant.slug),
            }
        )
    return link.url


def _prepare(tenant: Tenant, user: User, country: str) -> PayoutAccount:
    """The row, committed before Stripe is asked."""
    with holding_payouts(tenant.pk):
        rows = PayoutAccount.objects.select_related("user")
        row = rows.filter(tenant=tenant, state=State.STANDING).first()
        if row is not None and row.stripe_id:
            if row.user_id != user.pk:
                raise AnothersAccountError(str(row.user or ""))
            if row.country != country:
                raise PayoutCountryError(COUNTRIES.get(row.country, row.country))
            return row
        require_gate("supporters", TenantContext.of(tenant))
        if row is None:
            return PayoutAccount.objects.create(tenant=tenant, user=user, country=country)
        aim_anew(row, user, country)
    return row


def aim_anew(row: PayoutAccount, user: User, country: str) -> None:
    """Of an account that Stripe has not made yet, or of which we do not know it: another country, or another person, is another
    request, so another key. Stripe refuses one key with two bodies. The lock is held."""
    if (row.country, row.user_id) != (country, user.pk):
        row.country, row.user, row.key = country, user, new_ulid()
        row.save(update_fields=["country", "user", "key"])


def _make_account(row: PayoutAccount, actor: Actor, action: str) -> None:
    parameters: AccountCreateParams = {
        "type": "express",
        "country": row.country,
        "capabilities": {"card_payments": {"requested": True}, "transfers": {"requested": True}},
        "metadata": {"payout_account": row.key, "tenant_id": str(row.tenant_id)},
    }
    with asking_stripe() as stripe:
        made = stripe.v1.accounts.create(parameters, {"idempotency_key": f"payouts-{row.key}"})
    row.stripe_id = made.id
    row.save(update_fields=["stripe_id"])
    record(tenant=row.tenant, actor=actor, action=action, after={"country": row.country})


def refresh_account(*, tenant_id: int) -> PayoutAccount:
    """Ask Stripe how the account stands, and the next one where there is one, and write it; a next one that can take payments stands
    from now on. Answers the one that stands then.

    Holds the payout lock. Idempotent; a change of whether members can pay is recorded. Publishes PayoutAccountReplaced. Raises
    NoPayoutAccountError, StripeAwayError, BillingBusyError.
    """
    with holding_payouts(tenant_id):
        rows = PayoutAccount.objects.select_related("tenant").filter(tenant_id=tenant_id)
        row = rows.filter(state=State.STANDING).first()
        if row is None:
            raise NoPayoutAccountError
        if row.stripe_id:
            _write(row, _fetch(row.stripe_id))
        coming = rows.filter(state=State.NEXT, stripe_id__isnull=False).first()
        if coming is None:
            return row
        _write(coming, _fetch(str(coming.stripe_id)))
        return switch_if_ready(standing=row, coming=coming)


def refresh_account_of(*, stripe_id: str) -> PayoutAccount | None:
    """As `refresh_account`, of the account with this id at Stripe's; None where it is none of ours, or no longer one that counts."""
    with enter_schema(PUBLIC):
        row = PayoutAccount.objects.filter(
            stripe_id=stripe_id, state__in=(State.STANDING, State.NEXT)
        ).first()
    return refresh_account(tenant_id=row.tenant_id) if row is not None else None


def open_payouts(*, tenant_id: int, user_id: int, actor: Actor = SYSTEM) -> str:
    """The address of Stripe's pages with the community's balance and payouts; good once. Recorded.

    Only for whom connected the account: their bank details stand there. Raises NoPayoutAccountError before the account is set up,
    AnothersAccountError, StripeAwayError, StripeRefusedError.
    """
    with enter_schema(PUBLIC):
        rows = PayoutAccount.objects.select_related("tenant", "user")
        row = rows.filter(tenant_id=tenant_id, state=State.STANDING).first()
    if row is None or not row.stripe_id or not row.details_submitted:
        raise NoPayoutAccountError
    if row.user_id != user_id:
        raise AnothersAccountError(str(row.user or ""))
    with asking_stripe() as stripe:
        link = stripe.v1.accounts.login_links.create(row.stripe_id)
    with enter_schema(PUBLIC), transaction.atomic():
        record(tenant=row.tenant, actor=actor, action="payouts.opened")
    return link.url


def list_stale_accounts() -> list[str]:
    """Stripe's ids of accounts whose row is not what Stripe says, of all that count here, whether Stripe lists them or lists them no more.

    Raises StripeAwayError.
    """
    counting = PayoutAccount.objects.filter(stripe_id__isnull=False, state__in=(State.STANDING, State.NEXT))
    rows = {row.stripe_id: row for row in counting}
    stale, listed = [], set()
    with asking_stripe() as stripe:
        for one in stripe.v1.accounts.list({"limit": 100}).auto_paging_iter():
            listed.add(one.id)
            row = rows.get(one.id)
            facts = _facts(one.to_dict())
            if row is not None and any(getattr(row, name) != value for name, value in facts.items()):
                stale.append(one.id)
    gone = [key for key, row in rows.items() if key not in listed and row.disabled_reason != GONE]
    return [*stale, *(str(key) for key in gone)]


def _fetch(stripe_id: str) -> dict[str, Any] | None:
    """None for an account that Stripe no longer shows us."""
    try:
        with asking_stripe() as stripe:
            data: dict[str, Any] = stripe.v1.accounts.retrieve(stripe_id).to_dict()
            return data
    except StripeRefusedError as error:
        if getattr(error.__cause__, "code", "") not in {"resource_missing", "account_invalid"}:
            raise
        log.error("payout_account_gone", account=stripe_id)
        return None


def _facts(data: dict[str, Any] | None) -> dict[str, Any]:
    if data is None:
        shut = dict.fromkeys(("charges_enabled", "payouts_enabled"), False)
        return {**shut, "transfers": "", "currently_due": [], "disabled_reason": GONE}
    requirements = data.get("requirements") or {}
    return {
        "details_submitted": bool(data.get("details_submitted")),
        "charges_enabled": bool(data.get("charges_enabled")),
        "payouts_enabled": bool(data.get("payouts_enabled")),
        "transfers": str((data.get("capabilities") or {}).get("transfers") or "")[:10],
        "currently_due": [str(name)[:100] for name in requirements.get("currently_due") or ()][:50],
        "disabled_reason": str(requirements.get("disabled_reason") or "")[:60],
    }


def _write(row: PayoutAccount, data: dict[str, Any] | None) -> PayoutAccount:
    """The lock is held."""
    could = row.can_take
    facts = _facts(data)
    for name, value in facts.items():
        setattr(row, name, value)
    row.seen_at = clock.now()
    row.save(update_fields=[*facts, "seen_at"])
    if row.state == State.STANDING and row.can_take != could:
        record(
            tenant=row.tenant,
            actor=SYSTEM,
            action="payouts.changed",
            before={"members_can_pay": could},
            after={"members_can_pay": row.can_take},
        )
    return row
