"""What a member redeemed: the list, each kind's own part, taking back; nobody else's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engagement.audit.models import AuditEntry
from engagement.rewards.deciding import approve_redemption
from engagement.rewards.fulfilling import fulfil_redemption
from engagement.rewards.models import DropPlace, Redemption
from engagement.rewards.shipping import ship_redemption
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.cast import ACME as CAST
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.rewards import TEAM, offer, redeemed, state_of


@pytest.fixture
def mia(pages: Browser, acme: TenantContext) -> int:
    """She has 500 points and is signed in."""
    member_id = give(acme, CAST.discord_id("member"), "Mia", 500)
    pages.sign_in("acme-member", path="/earn/")
    return member_id


def text_of(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content
    return " ".join(answer.content.decode().split())


def fulfil(context: TenantContext, redemption_id: int) -> None:
    with enter_tenant(context):
        fulfil_redemption(redemption_id=redemption_id)


def test_ones_own_are_listed_the_newest_first_page_by_page(
    pages: Browser, acme: TenantContext, mia: int
) -> None:
    assert "Nothing redeemed yet" in text_of(pages.on(ACME).get("/redemptions/"))
    hat = offer(acme, "Hat", 1)
    ids = [redeemed(acme, mia, hat, f"k{n}") for n in range(21)]
    first = text_of(pages.on(ACME).get("/redemptions/"))
    assert f"/redemptions/{ids[-1]}/" in first
    assert f'/redemptions/{ids[0]}/"' not in first
    assert f'/redemptions/{ids[0]}/"' in text_of(pages.on(ACME).get(f"/redemptions/?before={ids[1]}"))


def test_another_members_is_a_404_and_a_stranger_signs_in(
    pages: Browser, acme: TenantContext, mia: int
) -> None:
    other = give(acme, 77, "Ada", 100)
    theirs = redeemed(acme, other, offer(acme, "Hat", 1, approval="moderator"))
    for path in ("", "cancel/"):
        assert pages.on(ACME).get(f"/redemptions/{theirs}/{path}").status_code == 404
    for path in ("cancel/", "code/", "download/", "address/", "arrived/"):
        assert pages.on(ACME).post(f"/redemptions/{theirs}/{path}").status_code == 404
    assert state_of(acme, theirs) == "requested"
    assert Browser().on(ACME).get(f"/redemptions/{theirs}/")["Location"].startswith("/login/?next=")


def test_it_is_taken_back_while_it_waits_and_not_once_it_was_given(
    pages: Browser, acme: TenantContext, mia: int
) -> None:
    one = redeemed(acme, mia, offer(acme, "Hat", 40, approval="moderator"))
    assert "You get 40 points back at once" in text_of(pages.on(ACME).get(f"/redemptions/{one}/cancel/"))
    pages.on(ACME).post(f"/redemptions/{one}/cancel/")
    assert state_of(acme, one) == "cancelled"
    assert "which you have back" in text_of(pages.on(ACME).get(f"/redemptions/{one}/"))

    given = redeemed(acme, mia, offer(acme, "Offer", 40, kind="partner"), "two")
    fulfil(acme, given)
    assert pages.on(ACME).post(f"/redemptions/{given}/cancel/")["Location"] == f"/redemptions/{given}/"
    assert state_of(acme, given) == "delivered"


def test_a_code_is_shown_on_request_and_each_showing_is_recorded(
    pages: Browser, acme: TenantContext, mia: int
) -> None:
    settings = {"source": "generated", "prefix": "ACME-"}
    one = redeemed(acme, mia, offer(acme, "Code", 40, kind="code", settings=settings))
    assert "It is being prepared" in text_of(pages.on(ACME).get(f"/redemptions/{one}/"))
    fulfil(acme, one)
    assert "ACME-" not in text_of(pages.on(ACME).get(f"/redemptions/{one}/"))

    for _ in range(2):
        answer = pages.on(ACME).post(f"/redemptions/{one}/code/")
        assert "ACME-" in text_of(answer)
        assert "no-store" in answer["Cache-Control"]

    with enter_tenant(acme):
        assert AuditEntry.objects.filter(action="redemption.code_shown").count() == 2


def test_what_each_kind_gave_stands_on_its_page(pages: Browser, acme: TenantContext, mia: int) -> None:
    offers = {
        "partner": {
            "url": "https://partner.example/x",
            "code": "HELLO",
            "instructions": "Show it at the till",
        },
        "raffle": {"draws_at": (clock.now() + timedelta(days=2)).isoformat(), "prize": "A <b>bike</b>"},
    }
    for number, (kind, settings) in enumerate(offers.items()):
        one = redeemed(acme, mia, offer(acme, kind, 10, kind=kind, settings=settings), f"k{number}")
        fulfil(acme, one)
        text = text_of(pages.on(ACME).get(f"/redemptions/{one}/"))
        assert "<b>bike" not in text
        wanted = (
            ("HELLO", "https://partner.example/x", "Show it at the till")
            if kind == "partner"
            else ("#1", "bike")
        )
        assert all(word in text for word in wanted), text


def test_a_parcel_asks_for_its_address_and_shows_its_way(
    pages: Browser, acme: TenantContext, mia: int
) -> None:
    one = redeemed(acme, mia, offer(acme, "Shirt", 10, kind="merchandise"))
    fulfil(acme, one)
    assert "Give your address" in text_of(pages.on(ACME).get(f"/redemptions/{one}/"))
    assert pages.on(ACME).post(f"/redemptions/{one}/address/")["Location"].startswith("/address/")
    with enter_tenant(acme):
        Redemption.objects.filter(pk=one).update(address="sealed")
        ship_redemption(redemption_id=one, actor=TEAM, tracking="https://track.example/1")
    text = text_of(pages.on(ACME).get(f"/redemptions/{one}/"))
    assert 'href="https://track.example/1"' in text

    pages.on(ACME).post(f"/redemptions/{one}/arrived/")

    assert state_of(acme, one) == "delivered"


def test_the_team_says_why(pages: Browser, acme: TenantContext, mia: int) -> None:
    one = redeemed(acme, mia, offer(acme, "Hat", 40, approval="moderator"))
    with enter_tenant(acme):
        approve_redemption(context=acme, redemption_id=one, actor=TEAM, reason="<i>Enjoy</i> it")
    text = text_of(pages.on(ACME).get(f"/redemptions/{one}/"))
    assert "Approved" in text
    assert "&lt;i&gt;Enjoy" in text


# --- a drop


def test_a_place_in_the_queue_is_joined_seen_and_left(pages: Browser, acme: TenantContext, mia: int) -> None:
    soon = clock.now() + timedelta(hours=2)
    drop = offer(acme, "Rare", 10, is_drop=True, starts_at=soon, stock=1)
    here = f"/shop/{drop}/queue/"
    assert "See the queue" in text_of(pages.on(ACME).get(f"/shop/{drop}/"))
    assert "the same chance as everybody" in text_of(pages.on(ACME).get(here))

    assert pages.on(ACME).post(here, {"act": "join"})["Location"] == here
    text = text_of(pages.on(ACME).get(here))
    assert "You are in." in text
    assert "SHA-256 of the seed" in text
    assert "The seed</dt>" not in text

    with enter_tenant(acme):
        DropPlace.objects.update(place=3)
    assert '<p class="queue-place">3</p>' in text_of(pages.on(ACME).get(here))
    with enter_tenant(acme):
        DropPlace.objects.update(place=1, offered_until=clock.now() + timedelta(minutes=5))
    part = text_of(pages.on(ACME).get(here, headers={"HX-Request": "true", "HX-Target": "place"}))
    assert part.startswith('<div id="place"')
    assert "It is your turn." in part

    pages.on(ACME).post(here, {"act": "leave"})
    assert "Join the queue" in text_of(pages.on(ACME).get(here))


def test_what_is_no_drop_has_no_queue(pages: Browser, acme: TenantContext, mia: int) -> None:
    assert pages.on(ACME).get(f"/shop/{offer(acme, 'Hat', 1)}/queue/").status_code == 404
