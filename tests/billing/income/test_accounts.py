"""A community's payout account: set up on Stripe's pages, mirrored, and nothing sold before it works."""

from __future__ import annotations

import urllib.request

import pytest

from billing.errors import NotOpenError
from billing.income.accounts import begin_onboarding, get_payout_account, open_payouts, refresh_account
from billing.income.checkouts import begin_support
from billing.income.errors import (
    NoPayoutAccountError,
    PayoutCountryError,
    PayoutsNotReadyError,
    UnknownCountryError,
)
from billing.income.models import PayoutAccount
from billing.reconciling import reconcile_billing
from tenants.gates import GateClosedError
from tenants.models import Tenant
from tests.billing.income.world import OWNER, World
from tests.billing.making import owner_of
from tests.plans import put_on_plan


def begin(world: World, country: str = "us") -> str:
    user = owner_of(world.community)
    return begin_onboarding(tenant_id=world.tenant_id, user=user, actor=OWNER, country=country)


def test_the_owner_sets_it_up_and_members_can_pay(fresh: World) -> None:
    assert get_payout_account(tenant_id=fresh.tenant_id) is None
    row = fresh.onboard()
    assert (row.can_sell, row.payouts_enabled, row.required, row.country) == (True, True, [], "US")
    (told,) = fresh.stripe.v1.accounts.list().data
    assert (told.id, told.type, told.country) == (row.stripe_id, "express", "US")


def test_asking_again_leads_on_with_the_same_account(fresh: World) -> None:
    assert begin(fresh) != begin(fresh), "a link is good once"
    assert len(fresh.stripe.v1.accounts.list().data) == 1
    with pytest.raises(PayoutCountryError, match="United States"):
        begin(fresh, "DE")
    with pytest.raises(UnknownCountryError):
        begin(fresh, "Atlantis<script>")


def test_what_stripe_still_asks_for_is_said_in_plain_words(fresh: World) -> None:
    row = fresh.onboard("no_bank")
    assert (row.details_submitted, row.can_sell) == (True, False)
    assert row.required == ["A bank account for payouts"]
    tier, member = fresh.tier(), fresh.member()
    with pytest.raises(PayoutsNotReadyError):
        begin_support(context=fresh.context, member_id=member.pk, tier_key=tier.key)


def test_nothing_is_kept_but_ids_flags_and_what_is_missing() -> None:
    assert {field.name for field in PayoutAccount._meta.get_fields()} == {
        "id", "key", "tenant", "user", "stripe_id", "country", "details_submitted", "charges_enabled", "payouts_enabled",
        "transfers", "currently_due", "disabled_reason", "seen_at", "created_at",
        "state", "confirmed_for", "settled_at",
    }  # fmt: skip


def test_the_balance_is_stripe_s_own_page(fresh: World) -> None:
    with pytest.raises(NoPayoutAccountError):
        open_payouts(tenant_id=fresh.tenant_id, user_id=owner_of(fresh.community).pk)
    begin(fresh)
    with pytest.raises(NoPayoutAccountError):
        open_payouts(tenant_id=fresh.tenant_id, user_id=owner_of(fresh.community).pk)
    fresh.onboard()
    assert (
        b"Nothing yet"
        in urllib.request.urlopen(
            open_payouts(tenant_id=fresh.tenant_id, user_id=owner_of(fresh.community).pk)
        ).read()
    )


def test_without_the_plan_none_is_begun_and_one_that_is_there_goes_on(fresh: World) -> None:
    without = put_on_plan(fresh.context)
    with pytest.raises(GateClosedError):
        begin(fresh)
    assert get_payout_account(tenant_id=fresh.tenant_id) is None
    fresh.on_plan()
    begin(fresh)
    put_on_plan(without)
    assert begin(fresh)


def test_a_closed_community_sets_up_nothing(fresh: World) -> None:
    Tenant.objects.filter(pk=fresh.tenant_id).update(state=Tenant.State.SUSPENDED)
    with pytest.raises(NotOpenError):
        begin(fresh)
    with pytest.raises(NoPayoutAccountError):
        refresh_account(tenant_id=fresh.tenant_id)


def test_what_nobody_told_us_is_found_within_the_hour(fresh: World) -> None:
    begin(fresh)
    account = fresh.account().stripe_id or ""

    def enable(store: object) -> None:
        from ops.sandbox.stripe.resources.connect import enable_account

        enable_account(store, account)  # type: ignore[arg-type]

    fresh.server.write(enable)
    assert not fresh.account().can_sell
    seen = reconcile_billing()
    assert [one.kind for one in seen.findings] == ["account"]
    assert fresh.account().can_sell
    assert reconcile_billing().findings == []


def test_an_account_that_is_gone_at_stripe_s_takes_no_payments(world: World) -> None:
    account = world.account().stripe_id or ""
    world.stripe.v1.accounts.delete(account)
    reconcile_billing()
    row = world.account()
    assert (row.can_sell, row.disabled_reason) == (False, "gone")
    assert reconcile_billing().findings == []
