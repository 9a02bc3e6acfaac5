"""A member supports on Stripe's page, comes back, changes, cancels, goes on: the pages over the local Stripe, and what they say while it
is away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tenants.context import TenantContext, enter_tenant
from tenants.routing import get_routing
from tests.cast import ACME as CAST
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.portal.test_shop import text_of

if TYPE_CHECKING:
    from engagement.members.models import Member
    from tests.billing.income.world import World
    from tests.stripe import StripeServer


@pytest.fixture
def world(pages: Browser, acme: TenantContext, stripe_server: StripeServer, settings: Any) -> World:
    """Acme on Growth with an account that works, at an empty local Stripe."""
    from tests.billing.income.world import World

    settings.BILLING_ON = True
    made = World(stripe_server, acme).on_plan()
    made.onboard()
    get_routing().load()
    return made


@pytest.fixture
def mia(pages: Browser, acme: TenantContext) -> Member:
    """Mia, who is signed in."""
    from engagement.members.models import Member

    member_id = give(acme, CAST.discord_id("member"), "Mia", 0)
    pages.sign_in("acme-member", path="/earn/")
    with enter_tenant(acme):
        return Member.objects.get(pk=member_id)


def begin(pages: Browser, world: World, mia: Member, key: str) -> str:
    """Press the button; the session to which it led."""
    answer = pages.on(ACME).post(f"/support/tiers/{key}/")
    assert answer.status_code == 302, answer.content
    session = world.session(mia)
    assert session in answer["Location"]
    assert urlsplit(answer["Location"]).netloc == urlsplit(world.server.url).netloc
    return session


def test_who_pays_comes_back_to_a_page_that_is_right_at_once(
    pages: Browser, world: World, mia: Member
) -> None:
    friends = world.tier(points=100)
    session = begin(pages, world, mia, friends.key)
    assert begin(pages, world, mia, friends.key) == session  # the same choice leads to the same page
    back = f"/support/return/?session_id={session}"
    assert "The payment is not confirmed yet" in text_of(pages.on(ACME).get(back))
    world.pay(session)

    assert pages.on(ACME).get(back)["Location"] == "/support/"
    text = text_of(pages.on(ACME).get("/support/"))

    assert "Thank you. You support Acme Makers with “Friends” now." in text
    assert "Next payment on" in text
    assert world.points(mia) == 100
    assert pages.on(ACME).get(back)["Location"] == "/support/"  # once more changes nothing
    assert len(world.payments()) == 1


def test_a_payment_of_somebody_else_is_not_there(pages: Browser, world: World, mia: Member) -> None:
    other = world.member()
    session = world.begin(other, world.tier())
    world.pay(session)
    for asked in (session, "cs_test_nobodys", ""):
        assert pages.on(ACME).get(f"/support/return/?session_id={asked}").status_code == 404
    assert "You support with" not in text_of(pages.on(ACME).get("/support/"))


def test_a_dearer_tier_is_shown_with_stripes_figures_and_taken_as_shown(
    pages: Browser, world: World, mia: Member
) -> None:
    friends, patrons = world.tier(), world.tier(name="Patrons", amount=2_000)
    world.support(mia, friends)
    address = f"/support/tiers/{patrons.key}/"
    shown = pages.on(ACME).get(address)
    text = text_of(shown)
    assert "You pay now" in text
    assert "$15.00" in text  # on the first day: the whole difference
    assert "$20.00" in text
    form = {"proration_date": shown.context["preview"].proration_date}
    assert pages.on(ACME).post(address, form)["Location"] == "/support/"
    assert "You support with “Patrons” now" in text_of(pages.on(ACME).get("/support/"))
    assert world.supporter(mia).tier.key == patrons.key
    yearly = world.tier(name="Yearly", amount=9_000, interval="year")
    assert pages.on(ACME).get(f"/support/tiers/{yearly.key}/")["Location"] == "/support/"
    assert "only a tier with the same currency and period" in text_of(pages.on(ACME).get("/support/"))


def test_a_cheaper_tier_comes_with_the_next_payment_and_is_taken_back_until_then(
    pages: Browser, world: World, mia: Member
) -> None:
    patrons = world.tier(name="Patrons", amount=2_000, points=300, perks=("A vote", "A badge"))
    friends = world.tier(points=100, perks=("A badge",))
    world.support(mia, patrons)
    address = f"/support/tiers/{friends.key}/"
    assert "From the next payment" in text_of(pages.on(ACME).get("/support/"))
    text = text_of(pages.on(ACME).get(address))
    for words in ("nothing", "What you no longer get then", "200 points of each month", "A vote", "$5.00"):
        assert words in text, words
    assert pages.on(ACME).post(address)["Location"] == "/support/"
    text = text_of(pages.on(ACME).get("/support/"))
    for words in (
        "from your next payment on",
        "Yours with the next payment",
        "Stay with Patrons",
        "until then everything stays",
    ):
        assert words in text, words
    assert len(world.payments()) == 1
    stay = f"/support/tiers/{patrons.key}/"
    assert pages.on(ACME).get(stay)["Location"] == "/support/"
    assert world.supporter(mia).next_tier_id is not None  # looking changes nothing
    assert pages.on(ACME).post(stay)["Location"] == "/support/"
    assert "You stay with “Patrons”" in text_of(pages.on(ACME).get("/support/"))
    assert world.supporter(mia).next_tier_id is None


def test_cancelling_is_asked_dated_and_taken_back(pages: Browser, world: World, mia: Member) -> None:
    world.support(mia, world.tier())
    assert "stays yours until" in text_of(pages.on(ACME).get("/support/cancel/"))
    assert world.supporter(mia).cancel_at is None
    assert pages.on(ACME).post("/support/cancel/")["Location"] == "/support/"
    assert world.supporter(mia).cancel_at is not None
    assert "Go on supporting" in text_of(pages.on(ACME).get("/support/"))
    pages.on(ACME).post("/support/resume/")
    assert world.supporter(mia).cancel_at is None
    assert "Your support goes on" in text_of(pages.on(ACME).get("/support/"))
    card = pages.on(ACME).post("/support/card/")
    assert urlsplit(card["Location"]).netloc == urlsplit(world.server.url).netloc


def test_a_stripe_that_is_away_is_said_and_nothing_is_half_done(
    pages: Browser, world: World, mia: Member
) -> None:
    friends, patrons = world.tier(), world.tier(name="Patrons", amount=2_000)
    session = world.begin(mia, friends)
    world.pay(session)
    world.server.control.faults(status=503, times=100)
    waiting = text_of(pages.on(ACME).get(f"/support/return/?session_id={session}"))
    assert "What you paid is safe" in waiting
    world.server.control.clear_faults()
    pages.on(ACME).get(f"/support/return/?session_id={session}")
    pages.on(ACME).get("/support/")
    world.server.control.faults(status=503, times=100)
    away = "did not answer, so nothing was changed and nothing was charged"
    assert pages.on(ACME).get(f"/support/tiers/{patrons.key}/")["Location"] == "/support/"
    assert away in text_of(pages.on(ACME).get("/support/"))
    assert pages.on(ACME).post("/support/card/")["Location"] == "/support/"
    assert away in text_of(pages.on(ACME).get("/support/"))
    cancelled = pages.on(ACME).post("/support/cancel/")
    assert cancelled.status_code == 503
    assert "Ref " in cancelled.content.decode()
    world.server.control.clear_faults()
    assert world.supporter(mia).cancel_at is None


def test_over_rest_it_begins_changes_and_ends_likewise(pages: Browser, world: World, mia: Member) -> None:
    from tests.frontend_api.v1.asking import Api

    api = Api().as_person("acme-member")
    friends, patrons = world.tier(), world.tier(name="Patrons", amount=2_000)
    begun = api.post("me/support", {"tier": friends.key})
    assert begun.status_code == 200, begun.content
    session = world.session(mia)
    assert session in begun.json()["url"]
    world.pay(session)
    world.apply(mia, session)
    again = api.post("me/support", {"tier": patrons.key})
    assert (again.status_code, again.json()["code"]) == (409, "already_supporting")
    preview = api.post("me/support/preview", {"tier": patrons.key}).json()
    assert (preview["due_now"], preview["next_amount"]) == (1_500, 2_000)
    assert api.post("me/support/change", {"tier": patrons.key}).json()["tier_name"] == "Patrons"
    cheaper = api.post("me/support/preview", {"tier": friends.key}).json()
    assert (cheaper["later"], cheaper["due_now"], cheaper["next_amount"]) == (True, 0, 500)
    planned = api.post("me/support/change", {"tier": friends.key}).json()
    assert (planned["tier"], planned["next_tier"], planned["next_amount"]) == (patrons.key, friends.key, 500)
    assert api.post("me/support/change", {"tier": patrons.key}).json()["next_tier"] is None
    assert api.post("me/support/cancel").json()["cancel_at"] is not None
    assert api.post("me/support/resume").json()["cancel_at"] is None
