"""What supporters bring, and the one next step where nothing comes in yet; who sees which of it."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.supporters.models import SupporterTier
from tenants.context import TenantContext, enter_tenant
from tenants.routing import get_routing
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.portal.test_shop import text_of
from tests.frontend_api.supporting import connect, paid, support, tier
from tests.plans import put_on_plan

PAGE = "/dashboard/supporters/"


@pytest.fixture
def desk(pages: Browser, acme: TenantContext) -> Any:
    pages.sign_in("acme-owner", path="/earn/")
    return pages.on(ACME)


def test_each_thing_that_is_missing_leads_on_to_the_next(desk: Any, acme: TenantContext) -> None:
    def page() -> str:
        return text_of(desk.get(PAGE))

    assert "Connect an account for payouts" in page()
    assert "/dashboard/supporters/payouts/" in page()
    connect(acme, ready=False)
    assert "The account for payouts is not ready" in page()
    connect(acme)
    assert "Make your first tier" in page()
    friends = tier(acme, on_sale=False)
    assert "Put a tier on sale" in page()
    with enter_tenant(acme):
        SupporterTier.objects.filter(pk=friends.pk).update(state="on_sale")
    assert "Nobody supports yet" in page()
    support(acme, friends)
    assert "Nobody supports yet" not in page()


def test_this_month_stands_in_figures_by_currency_and_in_a_chart_with_its_table(
    desk: Any, acme: TenantContext
) -> None:
    connect(acme)
    friends, patrons = tier(acme), tier(acme, "Patrons", currency="eur", amount=2_000)
    paid(acme, support(acme, friends), amount=500, fee=40)
    paid(acme, support(acme, patrons, "Ada", 77_002), amount=2_000, fee=160)

    answer = desk.get(PAGE)

    text = text_of(answer)
    for words in ("$5.00", "$0.40", "$4.60", "€20.00", "€1.60", "€18.40", "Show the figures as a table"):
        assert words in text
    assert [month.gross for month in answer.context["months"]][
        -1
    ] == 2_000  # what brought the most comes first
    assert len(answer.context["months"]) == 12
    assert [month.gross for month in desk.get(f"{PAGE}?currency=usd").context["months"]][-1] == 500
    assert desk.get(f"{PAGE}?currency=nonsense").context["currency"] == "eur"


def test_a_late_payment_asks_for_a_look_and_leads_to_who_it_is(desk: Any, acme: TenantContext) -> None:
    connect(acme)
    support(acme, tier(acme), state="late")
    assert "1 supporter has a late payment" in text_of(desk.get(PAGE))
    assert "Grace" in text_of(desk.get(f"{PAGE}people/?state=late"))
    assert "Grace" not in text_of(desk.get(f"{PAGE}people/?state=active"))


def test_a_closed_gate_says_which_plan_opens_it_and_hides_nothing(
    desk: Any, acme: TenantContext, settings: Any
) -> None:
    connect(acme)
    friends, draft = tier(acme), tier(acme, "Draft", on_sale=False)
    paid(acme, support(acme, friends), amount=500, fee=40)
    settings.BILLING_ON = True
    put_on_plan(acme)
    get_routing().load()
    text = text_of(desk.get(PAGE))
    assert "Supporters: part of Growth" in text
    assert "$4.60" in text
    assert "Supporters: part of Growth" in text_of(desk.get(f"{PAGE}tiers/"))
    refused = desk.post(f"{PAGE}tiers/{draft.key}/switch/", {"to": "on_sale"})
    assert refused.status_code == 403
    form = {"name": "Perks", "amount": "5", "currency": "usd", "interval": "month", "offer": "1"}
    assert desk.post(f"{PAGE}tiers/{friends.key}/", form)["Location"] == f"{PAGE}tiers/"  # it is sold already
    assert desk.post(f"{PAGE}tiers/{draft.key}/", form)["Location"] == f"{PAGE}tiers/"
    assert "is saved, and not on sale yet" in text_of(desk.get(f"{PAGE}tiers/"))


@pytest.mark.parametrize(
    ("username", "status", "sees_payouts"),
    [("acme-owner", 200, True), ("acme-moderator", 200, False), ("acme-member", 403, False)],
)
def test_moderators_see_what_comes_in_and_owners_where_it_goes(
    pages: Browser, acme: TenantContext, username: str, status: int, sees_payouts: bool
) -> None:
    pages.sign_in(username, path="/earn/")
    answer = pages.on(ACME).get(PAGE)
    assert answer.status_code == status
    if status == 200:
        assert ("/dashboard/supporters/payouts/" in answer.content.decode()) == sees_payouts
    assert (pages.on(ACME).get(f"{PAGE}payouts/").status_code == 200) == sees_payouts


def test_the_page_asks_as_often_for_many_as_for_few(
    desk: Any, acme: TenantContext, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    connect(acme)
    sold = [tier(acme, f"Tier {number}") for number in range(2)]
    paid(acme, support(acme, sold[0]))
    desk.get(PAGE)
    with CaptureQueriesContext(
        connection,
    ) as few:
        desk.get(PAGE)
    for number in range(12):
        made = tier(acme, f"More {number}", on_sale=False)
        for day in range(3):
            paid(acme, support(acme, made, f"M{number}-{day}", 78_000 + number * 10 + day), days_ago=day * 40)
    with django_assert_num_queries(len(few.captured_queries)):
        desk.get(PAGE)
