"""Insights: the economy, the funnel of rewards and the sponsor report, as pages and as files."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.ledger.models import Cause, Counter
from engagement.rewards.models import Sponsor
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.engagement.analytics.ledgers import entry, person
from tests.engagement.analytics.shop import redeemed, reward, shown
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.portal.test_leaderboard import text_of

ECONOMY, FUNNEL, SPONSORS = (f"/dashboard/insights/{name}/" for name in ("economy", "rewards", "sponsors"))
NASTY = '=cmd|"<script>alert(1)</script>\u202eevil'
DAY = timedelta(days=1)

pytestmark = pytest.mark.usefixtures("redis_cache")


def live(context: TenantContext, rewards: int = 1) -> None:
    """Two members, a sponsor, and rewards of which one runs out."""
    now = clock.now()
    with enter_tenant(context):
        ada, ben = person("Ada"), person("Ben")
        entry(ada, 900, now - 9 * DAY)
        entry(ben, 400, now - 9 * DAY)
        entry(ben, -250, now - 8 * DAY, cause=Cause.REDEMPTION, counter=Counter.SHOP)
        sponsor = Sponsor.objects.create(name="Roastery", budget=9)
        mug = reward(NASTY, 250, stock=2, sponsor=sponsor, created_at=now - 100 * DAY)
        shown(mug, now.date(), 40, 10)
        for number in range(6):
            redeemed(mug, ada, now - number * 3 * DAY)
        for number in range(rewards - 1):
            redeemed(reward(f"Reward {number}", 100 + number, stock=50), ben, now - DAY)


@pytest.fixture
def organiser(pages: Browser) -> Browser:
    pages.sign_in("acme-owner", path="/earn/")
    return pages


def show(browser: Browser, path: str) -> str:
    answer = browser.open(f"http://{ACME}{path}")
    assert answer.status_code == 200
    return text_of(answer)


def test_an_empty_community_is_told_what_comes_here(organiser: Browser) -> None:
    assert "There is no economy yet" in show(organiser, ECONOMY)
    assert "There is no reward yet" in show(organiser, FUNNEL)
    assert "There is no sponsor yet" in show(organiser, SPONSORS)


def test_the_page_says_what_is_owed_and_what_runs_out(organiser: Browser, acme: TenantContext) -> None:
    live(acme)
    answer = organiser.open(f"http://{ACME}{ECONOMY}")
    text = text_of(answer)
    assert "1,050" in text
    assert "held by 2 members" in text
    assert "enough for 3 ×" in text
    assert "2 left" in text
    assert "Awards without a rule" in text
    assert "<script>alert" not in answer.content.decode()
    assert "&lt;script&gt;" in answer.content.decode()


def test_nobody_elses_figures_are_in_it(organiser: Browser, globex: TenantContext) -> None:
    live(globex)
    assert "There is no economy yet" in show(organiser, ECONOMY)
    assert "There is no sponsor yet" in show(organiser, SPONSORS)


def test_the_funnel_shows_each_step_and_leaves_as_a_safe_file(
    organiser: Browser, acme: TenantContext
) -> None:
    live(acme)
    text = show(organiser, f"{FUNNEL}?days=90")
    assert "25 % of the step before" in text
    assert "Roastery" in text
    answer = organiser.open(f"http://{ACME}{FUNNEL}export.csv?days=90")
    body = b"".join(answer.streaming_content).decode("utf-8-sig")
    (head, line) = csv.reader(io.StringIO(body))
    assert head[:6] == ["Reward", "Seen", "Opened", "Redeemed", "Fulfilled", "Delivered"]
    assert line[0].startswith("'=cmd|")
    assert line[1:6] == ["40", "10", "6", "6", "6"]
    assert organiser.open(f"http://{ACME}{FUNNEL}export.xml").status_code == 404


def test_a_sponsors_report_names_no_member(organiser: Browser, acme: TenantContext) -> None:
    live(acme)
    assert "Roastery" in show(organiser, SPONSORS)
    answer = organiser.open(f"http://{ACME}{SPONSORS}export.json")
    body = b"".join(answer.streaming_content).decode()
    assert '"members":1,"left":3' in body
    assert "Ada" not in body


def test_the_pages_ask_as_much_for_a_hundred_rewards_as_for_one(
    organiser: Browser, acme: TenantContext
) -> None:
    counts: dict[str, list[int]] = {ECONOMY: [], FUNNEL: [], SPONSORS: []}
    for rewards in (1, 60):
        with enter_tenant(acme):
            Sponsor.objects.filter(name="Roastery").update(name="Former")
        live(acme, rewards)
        for path, found in counts.items():
            show(organiser, path)
            with CaptureQueriesContext(connection) as queries:
                show(organiser, path)
            found.append(len(queries))
    assert all(few == many for few, many in counts.values()), counts


def test_it_is_for_the_team(pages: Browser) -> None:
    pages.sign_in("acme-member", path="/earn/")
    assert pages.open(f"http://{ACME}{ECONOMY}").status_code == 403
