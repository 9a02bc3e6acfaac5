"""The pricing page: what billing declares, in the reader's currency; and a chosen plan that is kept until its community is made."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from billing.plans import CURRENCIES, PLANS, plans_for
from frontend_api.money import write_money
from frontend_api.site.pricing import FAMILIES
from tenants.gates import GATES, LIMITS
from tests.frontend_api.hosts import BASE, PASSWORD, Browser


def read(pages: Browser, query: str = "") -> str:
    answer = pages.on(BASE).get(f"/pricing/{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.parametrize("currency", CURRENCIES)
@pytest.mark.parametrize("interval", ["month", "year"])
@pytest.mark.parametrize("family", FAMILIES, ids=lambda one: one[0])
def test_every_plan_stands_there_with_its_price(
    pages: Browser, family: tuple[str, ...], interval: str, currency: str
) -> None:
    text = read(pages, f"?for={family[0]}&interval={interval}&currency={currency}")
    for plan in plans_for(family[2]):
        assert plan.name in text
        assert write_money(plan.price(interval, currency), currency) in text


def test_the_table_says_how_many_active_members_a_plan_without_a_limit_includes(pages: Browser) -> None:
    table = read(pages, "?for=products").partition("Side by side")[2]
    row = table.partition("Monthly active members")[2].partition("</tr>")[0]
    assert "newcomers wait" in row
    assert re.findall(r"<td>([\d,]+ members)</td>", row) == ["5,000 members", "100,000 members"]
    assert "Monthly active members" not in read(pages, "?for=servers")


def test_every_gate_and_limit_that_is_built_says_what_it_means(pages: Browser) -> None:
    text = read(pages)
    for one in (*GATES.values(), *LIMITS.values()):
        assert (one.what in text) == one.built, one.title


def test_a_choice_is_kept_when_another_is_made(pages: Browser) -> None:
    text = read(pages, "?for=courses&interval=year&currency=gbp")
    links = [parse_qs(urlsplit(href).query) for href in re.findall(r'href="(/pricing/\?[^"]+)"', text)]
    assert {"for": ["courses"], "interval": ["year"], "currency": ["eur"]} in [
        {key: [value.replace("amp;", "") for value in values] for key, values in link.items()}
        for link in ({key.replace("amp;", ""): values for key, values in link.items()} for link in links)
    ]


@pytest.mark.parametrize(
    "query", ["?for=<script>", "?interval=decade", "?currency=doge", "?currency=%00", "?for=" + "x" * 3000]
)
def test_what_makes_no_sense_is_the_page_as_it_is(pages: Browser, query: str) -> None:
    text = read(pages, query)
    assert "$10" in text
    assert "<script>alert" not in text


def test_no_query_is_needed(pages: Browser, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        read(pages)


def test_a_stranger_signs_up_and_the_plan_waits(pages: Browser) -> None:
    answer = pages.on(BASE).get("/pricing/start/?plan=growth&interval=year&currency=eur")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/signup/?next=%2Fnew%2F%3Fplan%3Dgrowth")
    assert "You chose Growth" in pages.on(BASE).get(answer["Location"]).content.decode()


def test_free_needs_no_choice(pages: Browser) -> None:
    answer = pages.on(BASE).get("/pricing/start/?plan=free")
    assert answer["Location"] == "/signup/?next=%2Fnew%2F"


def test_an_owner_says_which_community_it_is_for(pages: Browser) -> None:
    pages.on(BASE).post("/login/", {"name": "acme-owner", "password": PASSWORD})
    text = pages.on(BASE).get("/pricing/start/?plan=pro").content.decode()
    assert "Acme Makers" in text
    assert "Globex" not in text
    assert "%2Fdashboard%2Fbilling%2Fplans%2F%3Fplan%3Dpro" in text


def test_who_owns_nothing_makes_a_community(pages: Browser) -> None:
    pages.on(BASE).post("/login/", {"name": "acme-member", "password": PASSWORD})
    answer = pages.on(BASE).get("/pricing/start/?plan=course&currency=gbp")
    assert answer["Location"] == "/new/?plan=course&interval=month&currency=gbp"
    text = pages.on(BASE).get(answer["Location"]).content.decode()
    assert "You chose Course" in text
    assert re.search(r'value="course" checked', text)


@pytest.mark.parametrize("plan", ["free", "nope", "", "<script>"])
def test_what_is_no_plan_is_forgotten(pages: Browser, plan: str) -> None:
    pages.on(BASE).post("/login/", {"name": "acme-owner", "password": PASSWORD})
    assert pages.on(BASE).get("/pricing/start/", {"plan": plan})["Location"] == "/new/"
    assert "You chose" not in pages.on(BASE).get("/new/", {"plan": plan}).content.decode()
    assert PLANS["free"].is_free
