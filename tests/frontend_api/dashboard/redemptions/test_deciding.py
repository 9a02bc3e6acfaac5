"""Redemptions on the dashboard: the queue, one of them, decided one by one and in bulk; the same number of queries for ten and ten
thousand."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.audit.models import AuditEntry
from engagement.ledger.models import POINTS
from engagement.ledger.moving import get_spendable
from engagement.rewards.models import Redemption, Reward
from engagement.submissions.models import ReasonTemplate
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.cast import ACME as CAST
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import ACME, GLOBEX, Browser
from tests.frontend_api.rewards import offer, redeemed, state_of

LIST = "/dashboard/redemptions/"


@pytest.fixture
def mug(acme: TenantContext, pages: Browser) -> int:
    return offer(acme, "Mug", 50, stock=9, approval="moderator")


@pytest.fixture
def mia(acme: TenantContext, pages: Browser) -> int:
    """She has 500 points; the moderator is signed in."""
    pages.sign_in("acme-moderator")
    return give(acme, CAST.discord_id("member"), "Mia", 500)


def text_of(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content
    return " ".join(answer.content.decode().split())


def points_of(context: TenantContext, member_id: int) -> int:
    with enter_tenant(context):
        return get_spendable(member_id=member_id, currency=POINTS)


def told(pages: Browser, answer: Any) -> str:
    """What the next page says."""
    assert answer.status_code == 302, answer.content
    return text_of(pages.on(ACME).get(answer["Location"]))


def test_what_waits_is_in_the_queue_on_home_and_at_the_tab(
    pages: Browser, acme: TenantContext, mug: int, mia: int
) -> None:
    assert "Nobody has redeemed anything yet" in text_of(pages.on(ACME).get(LIST))
    redeemed(acme, mia, mug, "a")
    redeemed(acme, mia, mug, "b")

    text = text_of(pages.on(ACME).get(LIST))
    assert "2 wait for the team" in text
    assert "Mia" in text
    assert text_of(pages.on(ACME).get(f"{LIST}?state=requested")).count("Waits for the team</span>") >= 2
    home = text_of(pages.on(ACME).get("/dashboard/"))
    assert "2 redemptions wait for you" in home


def test_it_is_narrowed_by_reward_member_and_day(
    pages: Browser, acme: TenantContext, mug: int, mia: int
) -> None:
    hat = offer(acme, "Hat", 20, approval="moderator")
    ada = give(acme, 77, "Ada", 100)
    redeemed(acme, mia, mug, "a")
    redeemed(acme, ada, hat, "b")
    for query, there, gone in (
        (f"reward={hat}", "Ada", "Mia"),
        ("q=mia", "Mia", "Ada"),
        ("q=Hat", "Ada", "Mia"),
        ("price_min=30", "Mia", "Ada"),
    ):
        text = text_of(pages.on(ACME).get(f"{LIST}?{query}"))
        rows = text[text.index('class="rows"') :]
        assert there in rows, query
        assert gone not in rows, query


def test_a_reward_beyond_those_to_tick_is_narrowed_to_by_its_address(
    pages: Browser, acme: TenantContext, mug: int, mia: int
) -> None:
    redeemed(acme, mia, mug, "a")
    with enter_tenant(acme):
        many = [Reward(kind="custom", key=f"a{n}", name=f"Apron {n:02}", price=5) for n in range(35)]
        gone = Reward(kind="custom", key="gone", name="Abacus", price=5, archived_at=clock.now())
        Reward.objects.bulk_create([*many, gone])

    text = text_of(pages.on(ACME).get(LIST))
    assert text.count('name="reward"') == 30
    assert "Search the list for the name of another" in text
    assert "Abacus" not in text
    text = text_of(pages.on(ACME).get(f"{LIST}?reward={mug}&reward=x&reward=99999"))
    assert f'name="reward" value="{mug}" checked' in text
    assert "Reward: Mug" in text
    assert "Mia" in text


def test_one_is_approved_and_the_page_tells_how_it_went(
    pages: Browser, acme: TenantContext, mug: int, mia: int
) -> None:
    one = redeemed(acme, mia, mug)
    page = text_of(pages.on(ACME).get(f"{LIST}{one}/"))
    assert "Approve" in page
    assert "50 points" in page

    answer = pages.on(ACME).post(f"{LIST}{one}/approve/")

    assert "is approved" in told(pages, answer)
    assert state_of(acme, one) == "approved"
    page = text_of(pages.on(ACME).get(f"{LIST}{one}/"))
    assert "Acme Moderator" in page[page.index("How it went") :]


def test_what_was_decided_meanwhile_is_said(pages: Browser, acme: TenantContext, mug: int, mia: int) -> None:
    one = redeemed(acme, mia, mug)
    pages.on(ACME).post(f"{LIST}{one}/reject/", {"reason": "Not this time"})
    text = told(pages, pages.on(ACME).post(f"{LIST}{one}/approve/"))
    assert "rejected" in text
    assert state_of(acme, one) == "rejected"


def test_it_is_rejected_with_a_reason_that_may_be_a_ready_one(
    pages: Browser, acme: TenantContext, mug: int, mia: int
) -> None:
    with enter_tenant(acme):
        ReasonTemplate.objects.create(text="We are out of mugs.", outcome="rejected")
    first, second = redeemed(acme, mia, mug, "a"), redeemed(acme, mia, mug, "b")
    assert points_of(acme, mia) == 400

    assert "Say why" in text_of(pages.on(ACME).post(f"{LIST}{first}/reject/", {"reason": " "}), 422)
    assert "We are out of mugs." in text_of(pages.on(ACME).get(f"{LIST}{first}/reject/"))
    pages.on(ACME).post(f"{LIST}{first}/reject/", {"ready": "We are out of mugs."})
    pages.on(ACME).post(f"{LIST}{second}/reject/", {"ready": "We are out of mugs.", "reason": "Mine"})

    assert points_of(acme, mia) == 500
    with enter_tenant(acme):
        reasons = dict(Redemption.objects.values_list("pk", "reason"))
        assert reasons == {first: "We are out of mugs.", second: "Mine"}
        assert Reward.objects.values_list("reserved", flat=True).get(pk=mug) == 0


def test_a_refund_says_what_it_does_and_gives_back(
    pages: Browser, acme: TenantContext, mug: int, mia: int
) -> None:
    one = redeemed(acme, mia, mug)
    pages.on(ACME).post(f"{LIST}{one}/approve/")
    assert "gets 50 points back" in text_of(pages.on(ACME).get(f"{LIST}{one}/refund/"))
    assert "Say why" in text_of(pages.on(ACME).post(f"{LIST}{one}/refund/", {"confirmed": "1"}), 422)
    assert state_of(acme, one) == "approved"

    answer = pages.on(ACME).post(f"{LIST}{one}/refund/", {"confirmed": "1", "reason": "Broken"})

    assert "50 points went back" in told(pages, answer)
    assert points_of(acme, mia) == 500


def test_many_are_decided_with_a_result_for_each(
    pages: Browser, acme: TenantContext, mug: int, mia: int
) -> None:
    """One's own is left to somebody else; what was decided before is said so."""
    own = give(acme, CAST.discord_id("moderator"), "Max", 100)
    ones = [redeemed(acme, mia, mug, f"m{n}") for n in range(3)]
    mine = redeemed(acme, own, mug, "own")
    pages.on(ACME).post(f"{LIST}{ones[0]}/approve/")
    form = {"act": "approve", "ids": ",".join(map(str, [*ones, mine]))}
    assert "You see a result for each" in text_of(pages.on(ACME).post(f"{LIST}bulk/", form))
    assert state_of(acme, ones[1]) == "requested"

    text = text_of(pages.on(ACME).post(f"{LIST}bulk/", form | {"confirmed": "1"}))

    assert "2 done. 1 were so already. 1 refused" in text
    assert "your own redemption" in text
    assert [state_of(acme, one) for one in [*ones, mine]] == ["approved"] * 3 + ["requested"]


def test_all_that_match_are_rejected_with_one_reason(
    pages: Browser, acme: TenantContext, mug: int, mia: int
) -> None:
    ones = [redeemed(acme, mia, mug, f"m{n}") for n in range(3)]
    form = {"act": "reject", "scope": "all", "query": "state=requested", "confirmed": "1"}
    assert "Say why" in text_of(pages.on(ACME).post(f"{LIST}bulk/", form), 422)
    text = text_of(pages.on(ACME).post(f"{LIST}bulk/", form | {"reason": "Out of stock"}))
    assert "3 done" in text
    assert {state_of(acme, one) for one in ones} == {"rejected"}


def test_an_export_holds_no_formulas_and_is_recorded(pages: Browser, acme: TenantContext, mia: int) -> None:
    evil = offer(acme, "=HYPERLINK(1)", 5)
    redeemed(acme, mia, evil)
    answer = pages.on(ACME).get(f"{LIST}export.csv")
    body = b"".join(answer.streaming_content).decode()
    assert "'=HYPERLINK(1)" in body
    with enter_tenant(acme):
        assert AuditEntry.objects.filter(action="redemption.exported").count() == 1


def test_another_communitys_redemption_is_not_there(
    pages: Browser, acme: TenantContext, mug: int, mia: int
) -> None:
    one = redeemed(acme, mia, mug)
    other = Browser()
    other.sign_in("globex-owner", host=GLOBEX)
    for path in (f"{LIST}{one}/", f"{LIST}{one}/reject/", f"{LIST}{one}/refund/"):
        assert other.on(GLOBEX).get(path).status_code == 404
