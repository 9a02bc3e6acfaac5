"""The whole story of a plan as people walk it, in the local Stripe's own pages: prices, sign-up, a card that fails, 3-D Secure, the
portal, more, less, cancelled and kept; at a desk and on a phone. The web process, the worker and the local Stripe are the real ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections
from playwright.sync_api import Page, expect

from billing.entitling import write_entitlements
from billing.models import StripeEvent, Subscription
from engagement.audit.actor import SYSTEM
from engagement.levels.services import set_level_name
from ops.sandbox.discord import LocalDiscordThread
from saas.core import clock
from tenants.context import enter_tenant
from tenants.models import Membership, Tenant
from tests.billing.conftest import shop as shop
from tests.billing.making import owner_of, subscribed
from tests.browser.conftest import Opener, Site, serve
from tests.browser.people import acme_context
from tests.browser.test_entrance import read_mail
from tests.browser.test_founding import check
from tests.browser.test_pages import LOOKS
from tests.browser.test_stranger import meanwhile, sign_up, work
from tests.browser.test_weight import MOST_BYTES, weigh
from tests.frontend_api.hosts import PASSWORD
from tests.stack import TestStack
from tests.stripe import WEBHOOK_SECRET

if TYPE_CHECKING:
    from ops.sandbox.stripe.thread import LocalStripeThread
    from tests.billing.shop import Shop

pytestmark = pytest.mark.browser
HOST = "stellas-studio.localhost"
WALKS = [(1280, "light"), (360, "dark")]


@pytest.fixture(scope="module")
def site(
    django_db_setup: None,
    test_stack: TestStack,
    discord_server: LocalDiscordThread,
    _stripe_thread: LocalStripeThread,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """A web process that sells plans."""
    from ops.sandbox.stripe.config import LOCAL_KEY

    with serve(
        test_stack, discord_server, tmp_path_factory.mktemp("paying") / "log",
        DJANGO_SETTINGS_MODULE="tests.browser.paying_settings", STRIPE_SECRET_KEY=LOCAL_KEY,
        STRIPE_WEBHOOK_SECRET=WEBHOOK_SECRET, STRIPE_API_URL=_stripe_thread.url,
    ) as running:  # fmt: skip
        yield running


@pytest.fixture
def store(people: None, shop: Shop, site: Site, settings: Any) -> Shop:
    """The local Stripe with the declared plans, whose webhooks reach the site."""
    settings.BASE_URL = site.address("", host="localhost")
    shop.server.control.add_endpoint(site.address("/stripe/webhook/", host="localhost"), WEBHOOK_SECRET)
    return shop


def sign_in(page: Page, site: Site, username: str, path: str, host: str = "acme.localhost") -> None:
    page.goto(site.address(f"/login/?next={path}", host=host))
    page.get_by_label("Username or e-mail").fill(username)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(site.address(path, host=host))


@pytest.mark.parametrize(("width", "scheme"), WALKS)
def test_a_plan_from_the_price_to_the_end(
    open_page: Opener, site: Site, store: Shop, width: int, scheme: str
) -> None:
    page = open_page("/pricing/", host="localhost", width=width, scheme=scheme)

    def stop(name: str) -> None:
        check(page, f"plan-{name}-{width}-{scheme}")

    _choose_and_sign_up(page, open_page, site, stop)
    _pay(page, stop)
    _visit_the_portal(page, stop)
    _change_up(page, stop)
    _change_down_and_back(page, stop)
    _cancel_and_keep(page, stop)
    _work_off_what_stripe_told(store)
    row = Subscription.objects.get(ended_at=None)
    assert (row.plan, row.cancel_at, row.next_plan) == ("pro", None, "")
    connections.close_all()


def _choose_and_sign_up(page: Page, open_page: Opener, site: Site, stop: Callable[[str], None]) -> None:
    stop("pricing")
    page.get_by_role("link", name="Try Growth").click()
    expect(page.get_by_text("You chose Growth")).to_be_visible()
    stop("sign-up")
    sign_up(page, "Stella Stranger", "stella@example.org")
    open_page(read_mail("stella@example.org"), host="localhost", page=page)
    page.get_by_role("button", name="Confirm this address").click()
    page.wait_for_url(re.compile(r"/new/\?plan=growth"))
    expect(page.get_by_text("You chose Growth")).to_be_visible()
    page.get_by_label("Name", exact=True).press_sequentially("Stella's Studio")
    expect(page.get_by_text(f"{HOST} is free")).to_be_visible()
    stop("new")
    page.get_by_role("button", name="Make the community").click()
    expect(page.get_by_role("heading", name="Setting up Stella's Studio")).to_be_visible()
    there = re.compile(rf"{HOST}.*/dashboard/billing/begin/\?plan=growth")
    meanwhile(work, "provisioning", see=lambda: page.wait_for_url(there))


def _pay(page: Page, stop: Callable[[str], None]) -> None:
    """The first card fails, the second one's bank asks."""
    stop("begin")
    page.get_by_role("button", name=re.compile("Go to payment|Start the trial")).click()
    page.get_by_role("button", name="is declined").click()
    page.get_by_role("button", name=re.compile("^Subscribe and pay")).last.click()
    expect(page.get_by_text("Your card was declined.").first).to_be_visible()
    page.get_by_role("button", name="asks for 3-D Secure").click()
    page.get_by_role("button", name=re.compile("^Subscribe and pay")).last.click()
    expect(page.get_by_role("heading", name="Confirm with your bank")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Thank you. Growth is on, with everything in it.")).to_be_visible()
    expect(page.get_by_text("Growth, $25 a month. Next payment on")).to_be_visible()
    expect(page.get_by_role("cell", name="$25.00")).to_be_visible()
    stop("bought")


def _visit_the_portal(page: Page, stop: Callable[[str], None]) -> None:
    page.get_by_role("button", name="Cards and invoices").click()
    expect(page.get_by_role("heading", name="Your plan and your invoices")).to_be_visible()
    page.get_by_role("link", name="Change card").click()
    page.get_by_role("button", name="pays").first.click()
    page.get_by_role("button", name="Save card").click()
    page.get_by_role("link", name="Back to where you came from").click()
    page.wait_for_url(re.compile("/dashboard/billing/$"))


def _change_up(page: Page, stop: Callable[[str], None]) -> None:
    page.get_by_role("link", name="Change plan").click()
    expect(page.get_by_role("heading", name="Plans", exact=True)).to_be_visible()
    stop("plans")
    page.get_by_role("link", name="Change to Pro").click()
    expect(page.get_by_role("heading", name="Change to Pro")).to_be_visible()
    stop("more")
    page.get_by_role("button", name=re.compile(r"^Change and pay \$")).click()
    expect(page.get_by_text("Done. This community is on Pro now.")).to_be_visible()


def _change_down_and_back(page: Page, stop: Callable[[str], None]) -> None:
    page.get_by_role("link", name="Change plan").click()
    page.get_by_role("link", name="Change to Starter").click()
    expect(page.get_by_role("heading", name="What will wait or be off")).to_be_visible()
    stop("less")
    page.get_by_role("button", name="Plan the change").click()
    expect(page.get_by_text("Planned. Starter begins on")).to_be_visible()
    stop("planned")
    page.get_by_role("button", name="Take the change back").click()
    expect(page.get_by_text("Pro stays. The planned change is taken back.")).to_be_visible()


def _cancel_and_keep(page: Page, stop: Callable[[str], None]) -> None:
    page.get_by_role("link", name="Cancel the plan").click()
    expect(page.get_by_text("Nothing more is charged")).to_be_visible()
    stop("cancel")
    page.get_by_role("button", name="Cancel the plan").click()
    expect(page.get_by_text("Cancelled. Everything works until")).to_be_visible()
    page.goto(re.sub("/dashboard/.*", "/dashboard/", page.url))
    expect(page.get_by_text("Pro ends soon")).to_be_visible()
    stop("banner")
    page.get_by_role("button", name="Put this away").click()
    expect(page.get_by_text("Pro ends soon")).not_to_be_visible()
    page.goto(re.sub("/dashboard/.*", "/dashboard/billing/", page.url))
    page.get_by_role("button", name="Keep the plan").click()
    expect(page.get_by_text("Pro goes on. The cancellation is taken back.")).to_be_visible()
    stop("kept")


def _work_off_what_stripe_told(store: Shop) -> None:
    """The webhooks were stored as they came; the worker finds that everything is right already."""
    assert store.server.control.settle()
    assert StripeEvent.objects.exists()
    before = Subscription.objects.values("plan", "cancel_at", "next_plan", "status").get(ended_at=None)
    meanwhile(work, "billing", see=lambda: None)
    assert not StripeEvent.objects.exclude(state__in=("processed", "ignored")).exists()
    assert (
        Subscription.objects.values("plan", "cancel_at", "next_plan", "status").get(ended_at=None) == before
    )


STATES: dict[str, dict[str, Any]] = {
    "paid": {},
    "trial": {"status": "trialing", "trial_end": timedelta(days=2)},
    "overdue": {"status": "past_due", "unpaid_since": -timedelta(days=2)},
    "ending": {"cancel_at": timedelta(days=12)},
    "changing": {"next_plan": "starter", "next_interval": "month", "next_quantity": 1},
}


def stand(**facts: Any) -> None:
    """Acme on Growth, in this state."""
    now = clock.now()
    moments = {name: now + value if isinstance(value, timedelta) else value for name, value in facts.items()}
    row = subscribed(
        **{"period_end": now + timedelta(days=20), "created_at": now - timedelta(days=10), **moments}
    )
    write_entitlements(tenant_id=row.tenant_id)
    connections.close_all()


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_billing_pages_have_no_barriers_and_fit(
    open_page: Opener, site: Site, store: Shop, width: int, scheme: str
) -> None:
    page = open_page("/", host="localhost", width=width, scheme=scheme)
    sign_in(page, site, "acme-owner", "/dashboard/billing/")
    check(page, f"billing-free-{width}-{scheme}")
    for name, facts in STATES.items():
        Subscription.objects.all().delete()
        stand(**facts)
        page.goto(site.address("/dashboard/billing/"))
        expect(page.locator("#invoices .btn, #invoices table, #invoices p").first).to_be_visible()
        check(page, f"billing-{name}-{width}-{scheme}")
        page.goto(site.address("/dashboard/"))
        check(page, f"billing-home-{name}-{width}-{scheme}")
    for path in ("plans/?left=1", "payer/", "cap/", "invoices/", "cancel/"):
        page.goto(site.address(f"/dashboard/billing/{path}"))
        check(page, f"billing-{path.strip('/?=1')}-{width}-{scheme}")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_console_has_no_barriers_and_fits(
    open_page: Opener, site: Site, store: Shop, width: int, scheme: str
) -> None:
    page = open_page("/", host="localhost", width=width, scheme=scheme)
    sign_in(page, site, "acme-member", "/billing/", host="localhost")
    check(page, f"console-nothing-{width}-{scheme}")
    page.context.clear_cookies()
    stand()
    globex = Tenant.objects.get(slug="globex")
    Membership.objects.create(tenant=globex, user=owner_of(), role="admin")
    Tenant.objects.filter(slug="acme").update(colour="#2b8a3e", points_name="stars <b>and more</b>")
    with enter_tenant(acme_context()):
        set_level_name(level=5, name="An unbroken and rather long name of a level", actor=SYSTEM)
    connections.close_all()
    sign_in(page, site, "acme-owner", "/billing/", host="localhost")
    expect(page.locator(".console-usage meter").first).to_be_visible()
    check(page, f"console-{width}-{scheme}")
    acme = Tenant.objects.get(slug="acme").pk
    key = Subscription.objects.select_related("payer").get().payer.key
    connections.close_all()
    for path in (
        f"payers/{key}/", f"payers/{key}/costs/", "payers/new/", f"communities/{acme}/usage/",
        f"copy/?from={acme}&to={globex.pk}&part=look&part=rules&part=levels", "copy/",
    ):  # fmt: skip
        page.goto(site.address(f"/billing/{path}", host="localhost"))
        check(page, f"console-{re.sub('[^a-z]+', '-', path)}-{width}-{scheme}")
    page.goto(site.address(f"/billing/communities/{acme}/hand-over/", host="localhost"))
    check(page, f"console-hand-over-{width}-{scheme}")


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_prices_have_no_barriers_and_fit(
    open_page: Opener, site: Site, store: Shop, width: int, scheme: str
) -> None:
    page = open_page("/pricing/", host="localhost", width=width, scheme=scheme)
    for query in ("", "?for=products&interval=year&currency=eur", "?for=courses&currency=gbp"):
        page.goto(site.address(f"/pricing/{query}", host="localhost"))
        for one in page.locator("details summary").all():
            if one.is_visible():
                one.click()
        check(page, f"pricing-{re.sub('[^a-z]+', '-', query)}-{width}-{scheme}")


def test_the_pages_are_light(open_page: Opener, site: Site, store: Shop) -> None:
    stand()
    page = open_page("/pricing/", host="localhost")
    weights = {"pricing": weigh(page, site.address("/pricing/", host="localhost"))}
    sign_in(page, site, "acme-owner", "/dashboard/billing/")
    weights["billing"] = weigh(page, site.address("/dashboard/billing/"))
    weights["plans"] = weigh(page, site.address("/dashboard/billing/plans/"))
    assert {name: size for name, size in weights.items() if size >= MOST_BYTES} == {}


def test_everything_is_reached_with_the_keyboard(open_page: Opener, site: Site, store: Shop) -> None:
    page = open_page("/pricing/", host="localhost")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    for _ in range(60):
        if page.evaluate("document.activeElement.textContent.includes('Try Growth')"):
            break
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Try Growth")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/signup/"))
