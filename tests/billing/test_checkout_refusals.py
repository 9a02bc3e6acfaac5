"""Buying a plan: what is refused before Stripe hears of it, whatever a browser sends."""

from __future__ import annotations

from typing import Any

import pytest

from billing.checkout import apply_session, begin_checkout
from billing.errors import (
    AlreadySubscribedError,
    BillingOffError,
    CheckoutNotFoundError,
    NotOpenError,
    PayerNotFoundError,
    PlanNotForSaleError,
    PlanNotFoundError,
    PromotionCodeError,
)
from billing.models import BillingAttempt, Payer
from tenants.models import Tenant
from tests.billing.making import attempted, owner_of, payer_of, subscribed, tenant_of
from tests.cast import GLOBEX
from tests.stripe import StripeServer

pytestmark = pytest.mark.usefixtures("db")


def begin(**changes: Any) -> str:
    wanted: dict[str, Any] = {"plan": "growth", "interval": "month", "currency": "usd", **changes}
    return begin_checkout(tenant_id=tenant_of().pk, user=owner_of(), **wanted)


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"plan": "gold"}, PlanNotFoundError, ""),
        ({"plan": "price_1ABC"}, PlanNotFoundError, ""),
        ({"plan": "<script>" * 10_000}, PlanNotFoundError, ""),
        ({"plan": "free"}, PlanNotForSaleError, "plan"),
        ({"plan": "scale"}, PlanNotForSaleError, "plan"),
        ({"plan": "course"}, PlanNotForSaleError, "plan"),
        ({"plan": "enterprise"}, PlanNotForSaleError, "plan"),
        ({"interval": "day"}, PlanNotForSaleError, "interval"),
        ({"currency": "xxx"}, PlanNotForSaleError, "currency"),
        ({"currency": ""}, PlanNotForSaleError, "currency"),
        ({"quantity": 2}, PlanNotForSaleError, "quantity"),
        ({"quantity": 0}, PlanNotForSaleError, "quantity"),
        ({"quantity": -1}, PlanNotForSaleError, "quantity"),
        ({"promotion_code": "NOSUCH"}, PromotionCodeError, "promotion_code"),
        ({"promotion_code": "x" * 100_000}, PromotionCodeError, "promotion_code"),
        ({"promotion_code": "\u202eEDOC"}, PromotionCodeError, "promotion_code"),
        ({"payer_key": "01NOBODY"}, PayerNotFoundError, ""),
    ],
)
def test_what_cannot_be_bought(
    stripe_server: StripeServer, changes: dict[str, Any], error: type[Exception], field: str
) -> None:
    with pytest.raises(error) as caught:
        begin(**changes)
    assert getattr(caught.value, "field", "") == field
    assert not BillingAttempt.objects.exists()
    assert not stripe_server.control.objects("customer")


def test_a_course_buys_some_cohorts_and_not_any_number(stripe_server: StripeServer) -> None:
    Tenant.objects.filter(pk=tenant_of().pk).update(kind="course")
    with pytest.raises(PlanNotForSaleError, match="1 to 500 cohorts"):
        begin(plan="course", quantity=501)
    with pytest.raises(PlanNotForSaleError):
        begin(plan="growth")


def test_one_payer_has_one_currency(stripe_server: StripeServer) -> None:
    payer_of(currency="eur")
    with pytest.raises(PlanNotForSaleError, match="EUR"):
        begin()


def test_nobody_buys_as_somebody_else(stripe_server: StripeServer) -> None:
    with pytest.raises(PayerNotFoundError):
        begin(payer_key=payer_of(GLOBEX).key)


def test_a_community_that_pays_already_is_sold_nothing(stripe_server: StripeServer) -> None:
    subscribed()
    with pytest.raises(AlreadySubscribedError, match="Growth"):
        begin(plan="pro")


@pytest.mark.parametrize("state", ["deleted", "suspended"])
def test_a_closed_community_is_sold_nothing(stripe_server: StripeServer, state: str) -> None:
    Tenant.objects.filter(pk=tenant_of().pk).update(state=state)
    with pytest.raises(NotOpenError):
        begin()


def test_a_code_counts_once_for_a_community(stripe_server: StripeServer) -> None:
    attempted(state="done", wanted={"promotion_code": "WELCOME"})
    with pytest.raises(PromotionCodeError, match="used it already"):
        begin(promotion_code=" welcome ")


def test_nothing_is_sold_without_a_key() -> None:
    with pytest.raises(BillingOffError):
        begin(promotion_code="")
    assert not BillingAttempt.objects.exists()
    assert not Payer.objects.exclude(stripe_id=None).exists()


@pytest.mark.parametrize("session", ["", "cs_unknown", "cs_" + "x" * 10_000, "cs_globex"])
def test_another_s_session_is_not_there(stripe_server: StripeServer, session: str) -> None:
    attempted(GLOBEX, stripe_id="cs_globex", wanted={"plan": "growth"})
    with pytest.raises(CheckoutNotFoundError):
        apply_session(tenant_id=tenant_of().pk, session_id=session)
