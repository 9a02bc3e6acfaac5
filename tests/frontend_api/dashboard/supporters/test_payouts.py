"""The account for payouts and refunds, over the local Stripe; and what the pages say while it is away."""

from __future__ import annotations

import re
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tenants.context import TenantContext
from tenants.routing import get_routing
from tests.frontend_api.hosts import ACME, BASE, Browser
from tests.frontend_api.portal.test_shop import text_of

if TYPE_CHECKING:
    from tests.billing.income.world import World
    from tests.stripe import StripeServer

PAYOUTS = "/dashboard/supporters/payouts/"


@pytest.fixture
def world(pages: Browser, acme: TenantContext, stripe_server: StripeServer, settings: Any) -> World:
    """Acme on Growth, at an empty local Stripe; the owner is signed in."""
    from tests.billing.income.world import World

    settings.BILLING_ON = True
    made = World(stripe_server, acme).on_plan()
    get_routing().load()
    pages.sign_in("acme-owner", path="/earn/")
    return made


def answer_at_stripe(address: str, answer: str) -> None:
    from tests.billing.income.world import _Stay

    opener = urllib.request.build_opener(_Stay)
    opener.open(address, data=f"answer={answer}".encode()).read()


def test_an_account_is_connected_on_stripes_pages(pages: Browser, world: World) -> None:
    desk = pages.on(ACME)
    text = text_of(desk.get(PAYOUTS))
    assert "Connect an account" in text
    assert "taxes on what supporters pay are yours to declare" in text
    assert "Choose the country" in text_of(desk.post(f"{PAYOUTS}connect/"), 422)
    assert "Choose a country of the list" in text_of(desk.post(f"{PAYOUTS}connect/", {"country": "ZZ"}), 422)
    led = desk.post(f"{PAYOUTS}connect/", {"country": "DE"})
    assert urlsplit(led["Location"]).netloc == urlsplit(world.server.url).netloc
    answer_at_stripe(led["Location"], "no_bank")
    assert desk.get(f"{PAYOUTS}return/")["Location"] == PAYOUTS
    text = text_of(desk.get(PAYOUTS))
    assert "Stripe has not everything yet" in text
    assert "A bank account for payouts" in text
    assert "That page of Stripe’s was used already" in text_of(desk.get(f"{PAYOUTS}again/"))
    answer_at_stripe(desk.post(f"{PAYOUTS}connect/")["Location"], "complete")
    desk.get(f"{PAYOUTS}return/")
    text = text_of(desk.get(PAYOUTS))
    assert "The account is ready" in text
    opened = desk.post(f"{PAYOUTS}open/")
    assert urlsplit(opened["Location"]).netloc == urlsplit(world.server.url).netloc


def test_a_stripe_that_is_away_changes_nothing(pages: Browser, world: World) -> None:
    desk = pages.on(ACME)
    world.server.control.faults(status=503, times=100)
    assert desk.post(f"{PAYOUTS}connect/", {"country": "DE"})["Location"] == PAYOUTS
    text = text_of(desk.get(PAYOUTS))
    assert "did not answer" in text
    assert "Connect an account" in text
    world.server.control.clear_faults()
    world.onboard()
    world.server.control.faults(status=503, times=100)
    assert desk.get(f"{PAYOUTS}return/")["Location"] == PAYOUTS
    assert "Stripe does not answer at the moment" in text_of(desk.get(PAYOUTS))
    world.server.control.clear_faults()


@pytest.mark.parametrize("end", [False, True])
def test_a_payment_is_given_back_as_it_was_shown(pages: Browser, world: World, end: bool) -> None:
    desk = pages.on(ACME)
    world.onboard()
    member = world.member()
    world.support(member, world.tier(points=100))
    [payment] = world.payments()
    page = f"/dashboard/supporters/payments/{payment.key}/"
    assert "Refund and end now" in text_of(desk.get(page))
    address = f"{page}refund/"
    shown = text_of(desk.get(address + ("?end=1" if end else "")))
    for words in ("gets $5.00 back", "our fee of $0.40 goes back", "points of that period are taken back"):
        assert words in shown
    assert ("The support ends now" in shown) == end
    form = {"confirmed": "1", "end": "1" if end else ""}
    world.server.control.faults(status=503, times=100)
    assert "did not answer" in text_of(desk.post(address, form), 422)
    world.server.control.clear_faults()
    assert desk.post(address, form)["Location"] == page
    text = text_of(desk.get(page))
    assert "$5.00 went back to" in text
    assert "Refunded" in text
    assert (world.supporter(member).state == "ended") == end
    assert world.points(member) == 0
    assert desk.post(address, form)["Location"] == page  # once more gives nothing back
    assert [one.refunded for one in world.payments()] == [500]


def words_of(answer: Any) -> str:
    """The page without its tags."""
    return " ".join(re.sub(r"<[^>]+>", "", text_of(answer)).split())


def test_after_a_transfer_the_pages_say_whose_it_is_until_it_is_confirmed(
    pages: Browser, world: World
) -> None:
    from tests.billing.income.handing import hand_over, heir_of

    owner = f"{world.onboard().user}"
    world.support(world.member(), world.tier())
    assert "You connected it on" in words_of(pages.on(ACME).get(PAYOUTS))
    offer = words_of(pages.on(ACME).get("/dashboard/settings/community/hand-over/"))
    assert "1 supporter pays this community, and the money goes to your account at Stripe" in offer
    hand_over(world)
    for host in (ACME, BASE):
        pages.on(host).logout()
    pages.sign_in(heir_of(world).username, path="/dashboard/")
    desk = pages.on(ACME)
    for page in ("", "tiers/", "people/", "payments/"):
        text = words_of(desk.get(f"/dashboard/supporters/{page}"))
        assert f"Payouts go to {owner}’s account. Connect your own." in text, page
    text = words_of(desk.get(PAYOUTS))
    for words in (
        f"{owner} connected it on",
        "1 supporter goes on paying into it",
        "Connect your own account",
    ):
        assert words in text
    assert "Open payouts" not in text
    assert "bank details" in words_of(desk.get(desk.post(f"{PAYOUTS}open/")["Location"]))
    desk.post(f"{PAYOUTS}confirm/", {"account": "another"})
    assert "nothing was confirmed" in words_of(desk.get(PAYOUTS))
    desk.post(f"{PAYOUTS}confirm/", {"account": world.account().key})
    assert "You confirmed it" in words_of(desk.get(PAYOUTS))
    assert "Payouts go to" not in words_of(desk.get("/dashboard/supporters/"))


def test_another_account_is_connected_called_off_and_takes_over(pages: Browser, world: World) -> None:
    desk = pages.on(ACME)
    world.onboard()
    assert "Choose the country" in text_of(desk.post(f"{PAYOUTS}replace/"), 422)
    desk.post(f"{PAYOUTS}replace/", {"country": "DE"})
    assert "Being connected" in text_of(desk.get(PAYOUTS))
    desk.post(f"{PAYOUTS}call-off/")
    assert "Called off" in text_of(desk.get(PAYOUTS))
    desk.post(f"{PAYOUTS}call-off/")
    assert "nothing to call off" in text_of(desk.get(PAYOUTS))
    led = desk.post(f"{PAYOUTS}replace/", {"country": "FR"})
    assert urlsplit(led["Location"]).netloc == urlsplit(world.server.url).netloc
    answer_at_stripe(desk.post(f"{PAYOUTS}replace/")["Location"], "complete")
    desk.get(f"{PAYOUTS}return/")
    text = text_of(desk.get(PAYOUTS))
    for words in ("for France", "Accounts before", "The account is ready"):
        assert words in text
