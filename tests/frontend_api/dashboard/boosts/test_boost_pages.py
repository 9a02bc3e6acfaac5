"""The pages of boosts: listed, counted and tried before they are planned, stopped and taken back; told on Home and Ways to earn."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from engagement.audit.actor import SYSTEM
from engagement.boosts.models import Boost
from engagement.boosts.services import BoostDraft, plan_boost
from engagement.rules import services
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tenants.models import Tenant
from tenants.routing import get_routing
from tests.frontend_api.hosts import ACME, GLOBEX, Browser
from tests.frontend_api.portal.test_leaderboard import text_of

LIST, NEW = "/dashboard/boosts/", "/dashboard/boosts/new/"
TOKEN = "01ABCDEFGHJKMNPQRSTVWXYZ00"
HOUR = timedelta(hours=1)


@pytest.fixture
def organiser(pages: Browser, acme: TenantContext) -> Browser:
    with enter_tenant(acme):
        services.seed_rules()
    pages.sign_in("acme-owner", path="/earn/")
    return pages


def form(context: TenantContext, **changed: Any) -> dict[str, Any]:
    begin = (clock.now() + 24 * HOUR).astimezone(ZoneInfo(context.timezone))
    return {
        "name": "Double day",
        "multiplier": "1.5",
        "begins": "later",
        "starts_at": f"{begin:%Y-%m-%dT%H:%M}",
        "ends_at": f"{begin + 3 * HOUR:%Y-%m-%dT%H:%M}",
        "types": ["message"],
        "channels": ["900000000000000077"],
        "token": TOKEN,
        **changed,
    }


def post(browser: Browser, path: str, data: dict[str, Any] | None = None, **headers: str) -> Any:
    return browser.on(ACME).post(path, data or {}, headers=headers)


def show(browser: Browser, path: str, host: str = ACME) -> str:
    return text_of(browser.open(f"http://{host}{path}"))


def start(context: TenantContext, name: str = "Happy hours", **more: Any) -> Boost:
    with enter_tenant(context):
        draft = BoostDraft(name, 200, {}, lasts=2 * HOUR, **more)
        return plan_boost(context=context, draft=draft, actor=SYSTEM, key=f"test:{name}", allowances=())


def sell(context: TenantContext, hours: int | None) -> None:
    """A plan with so many hours; None: one without boosts."""
    features = [] if hours is None else ["boosts"]
    phase = {
        "starts_at": "2020-01-01T00:00:00+00:00",
        "plan": "starter",
        "features": features,
        "limits": {"boost_hours": hours or 0},
    }
    Tenant.objects.filter(pk=context.tenant_id).update(entitlements={"phases": [phase]})
    get_routing().load_tenants({context.tenant_id})


def test_a_boost_is_planned_once_however_often_the_form_is_sent(
    organiser: Browser, acme: TenantContext
) -> None:
    answers = [post(organiser, NEW, form(acme)) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    with enter_tenant(acme):
        boost = Boost.objects.get()
    assert (boost.percent, boost.created_by) == (150, "Acme Owner")
    assert boost.scope == {"types": ["message"], "channels": ["900000000000000077"]}
    text = show(organiser, LIST)
    assert "Double day" in text
    assert "×1.5" in text
    assert "Planned" in text


def test_the_reading_is_of_the_communitys_clock(organiser: Browser, acme: TenantContext) -> None:
    Tenant.objects.filter(pk=acme.tenant_id).update(timezone="Asia/Kathmandu")
    get_routing().load_tenants({acme.tenant_id})
    day = (clock.now() + 48 * HOUR).date()

    post(organiser, NEW, form(acme, starts_at=f"{day}T18:00", ends_at=f"{day}T20:00"))

    with enter_tenant(acme):
        boost = Boost.objects.get()
    assert boost.starts_at == datetime(day.year, day.month, day.day, 12, 15, tzinfo=ZoneInfo("UTC"))
    assert boost.timezone == "Asia/Kathmandu"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": ""}, "This field is required"),
        ({"multiplier": "11"}, "from 1.1 to 10"),
        ({"multiplier": "<script>"}, "from 1.1 to 10"),
        ({"starts_at": ""}, "Say when it begins"),
        ({"starts_at": "tomorrow"}, "no date and time"),
        ({"ends_at": ""}, "Say when it ends"),
        ({"starts_at": "2020-01-01T10:00"}, "in the past"),
        ({"ends_at": "2020-01-01T10:00"}, "ends before it begins"),
        ({"repeats_until": "2020-01-01"}, "after its first"),
        ({"types": ["left"]}, "left"),
        ({"rules": ["999999"]}, "999999"),
        ({"channels": ["<b>"]}, "&lt;b&gt;"),
    ],
)
def test_what_is_wrong_stands_in_the_form_and_nothing_is_planned(
    organiser: Browser, acme: TenantContext, changed: dict[str, Any], words: str
) -> None:
    answer = post(organiser, NEW, form(acme, **changed))

    assert answer.status_code == 422
    assert words in answer.content.decode()
    with enter_tenant(acme):
        assert not Boost.objects.exists()


def test_hours_cost_and_what_it_would_have_given_are_seen_before(
    organiser: Browser, acme: TenantContext
) -> None:
    sell(acme, 2)

    part = post(organiser, NEW, form(acme, do="preview", name=""), hx_request="true", hx_target="boost-quote")

    text = text_of(part)
    assert part.status_code == 200
    assert "<form" not in text
    assert "$0.10 at $0.10 an hour" in text  # three hours, of which two are included
    assert "more than the plan includes" in text
    assert "Nothing happened then" in text
    with enter_tenant(acme):
        assert not Boost.objects.exists()


def test_above_the_plan_it_is_refused_with_what_is_left(organiser: Browser, acme: TenantContext) -> None:
    sell(acme, 2)

    answer = post(organiser, NEW, form(acme))

    assert answer.status_code == 422
    assert "and 2 are left" in answer.content.decode()


def test_without_boosts_in_the_plan_the_page_says_what_opens_them(
    organiser: Browser, acme: TenantContext, settings: Any
) -> None:
    start(acme)
    settings.BILLING_ON = True
    sell(acme, None)

    text = show(organiser, LIST)

    assert "Boosts: part of" in text
    assert NEW not in text
    assert post(organiser, NEW, form(acme)).status_code == 403
    assert "What was planned before runs to its end" in text
    assert "Happy hours" in show(organiser, "/earn/"), "members were told of it"


def test_a_stop_is_offered_back(organiser: Browser, acme: TenantContext) -> None:
    boost = start(acme)

    answer = post(organiser, f"{LIST}{boost.pk}/stop/")
    text = show(organiser, LIST)

    assert answer.status_code == 302
    assert "is stopped; what it gave stays" in text
    assert (
        text.count(f"{LIST}{boost.pk}/resume/") == 2
    )  # beside what was done, and for ten minutes in the list
    assert f"{LIST}{boost.pk}/resume/" in show(organiser, LIST)
    post(organiser, f"{LIST}{boost.pk}/resume/")
    assert "Running" in show(organiser, LIST)


def test_another_communitys_boost_is_not_found(
    organiser: Browser, acme: TenantContext, globex: TenantContext
) -> None:
    theirs = start(globex)

    assert post(organiser, f"{LIST}{theirs.pk}/stop/").status_code == 404
    assert post(organiser, f"{LIST}{10**15}/stop/").status_code == 404


def test_home_and_the_ways_to_earn_tell_of_it(organiser: Browser, acme: TenantContext) -> None:
    start(acme, "<b>Happy</b> hours")

    for path in ("/dashboard/", "/earn/"):
        text = show(organiser, path)
        assert "×2" in text
        assert "&lt;b&gt;Happy&lt;/b&gt; hours" in text
        assert "until" in text
    assert "Happy" not in show(organiser, "/earn/", GLOBEX)


def test_the_list_costs_the_same_at_any_length(organiser: Browser, acme: TenantContext) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            assert show(organiser, LIST)
        return len(found)

    start(acme, "First")
    queries()
    few = queries()
    for number in range(30):
        start(acme, f"Boost {number}")

    assert queries() == few
    assert "Older" in show(organiser, LIST)
    assert "First" in show(organiser, f"{LIST}?page=2")


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999", "10000000000", "²"])
def test_a_page_that_is_none_is_harmless(organiser: Browser, page: str) -> None:
    assert organiser.open(f"http://{ACME}{LIST}?page={page}").status_code == 200
