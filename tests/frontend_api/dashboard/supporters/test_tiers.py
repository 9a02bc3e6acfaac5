"""Tiers at the desk: made, previewed, changed, ordered, put on sale, retired, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.audit.models import AuditEntry
from engagement.supporters.models import SupporterTier
from tenants.context import TenantContext, enter_tenant
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.portal.test_shop import text_of
from tests.frontend_api.supporting import fresh, support, tier

LIST = "/dashboard/supporters/tiers/"
NEW = f"{LIST}new/"
FORM = {
    "name": "Friends", "amount": "4.50", "currency": "eur", "interval": "month", "description": "For friends.",
    "perks": "A badge\n\n  Early sketches  ", "role_id": "", "points": "100",
}  # fmt: skip


@pytest.fixture
def desk(pages: Browser, acme: TenantContext) -> Any:
    pages.sign_in("acme-owner", path="/earn/")
    return pages.on(ACME)


def all_tiers(acme: TenantContext) -> list[SupporterTier]:
    with enter_tenant(acme):
        return list(SupporterTier.objects.order_by("position", "pk"))


def test_a_tier_is_made_and_put_on_sale_in_one_go(desk: Any, acme: TenantContext) -> None:
    assert "Make a tier" in text_of(desk.get(LIST))
    made = desk.post(NEW, FORM | {"offer": "1"})
    assert made["Location"] == LIST
    [one] = all_tiers(acme)
    assert (one.name, one.amount, one.currency, one.interval, one.points) == (
        "Friends",
        450,
        "eur",
        "month",
        100,
    )
    assert (one.perks, one.state) == (["A badge", "Early sketches"], "on_sale")
    text = text_of(desk.get(LIST))
    assert "is on sale: members find it on their page" in text
    assert "€4.50 a month" in text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"amount": "0.99"}, "Write an amount from 1 to 10,000"),
        ({"amount": "10000.01"}, "Write an amount from 1 to 10,000"),
        ({"amount": "4.505"}, "Write an amount from 1 to 10,000"),
        ({"amount": "NaN"}, "Write an amount from 1 to 10,000"),
        ({"amount": "five"}, "Write an amount from 1 to 10,000"),
        ({"currency": "chf"}, "Select a valid choice"),
        ({"interval": "day"}, "Select a valid choice"),
        ({"name": "\u202e"}, "needs"),
        ({"name": "x" * 61}, "at most 60"),
        ({"perks": "\n".join("abcdefg")}, "up to 6 perks"),
        ({"perks": "x" * 81}, "80"),
        ({"points": "100001"}, "whole number from 0 to 100,000"),
        ({"role_id": "12"}, "no Discord role"),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_is_lost(
    desk: Any, acme: TenantContext, wrong: dict[str, str], words: str
) -> None:
    answer = desk.post(NEW, FORM | wrong)
    text = text_of(answer, 422)
    assert words in text
    assert "For friends." in text
    assert all_tiers(acme) == []


def test_the_card_is_previewed_as_members_will_see_it_and_nothing_is_written(
    desk: Any, acme: TenantContext
) -> None:
    form = FORM | {"do": "preview", "name": "<script>alert(1)</script>"}
    text = desk.post(NEW, form).content.decode()
    assert "&lt;script&gt;" in text
    assert "<script>" not in text
    for words in ("€4.50", "a month", "Early sketches", "100 points every month"):
        assert words in text
    assert "The tier’s name" in desk.post(NEW, {"do": "preview"}).content.decode()
    assert all_tiers(acme) == []


def test_a_change_tells_what_holds_for_whom_and_meets_somebody_elses(desk: Any, acme: TenantContext) -> None:
    friends = tier(acme, "Friends", amount=450, currency="eur", points=0)
    address = f"{LIST}{friends.key}/"
    page = desk.get(address)
    assert "Who supports already goes on paying what they agreed" in text_of(page)
    opened = page.context["page"].opened
    assert desk.post(address, FORM | {"points": "5", "opened": opened})["Location"] == LIST
    assert fresh(acme, friends).points == 5
    other = desk.post(address, FORM | {"points": "7", "opened": opened})
    assert other.status_code == 409
    assert "changed meanwhile" in text_of(other, 409)
    assert fresh(acme, friends).points == 5


def test_tiers_are_moved_retired_and_brought_back(desk: Any, acme: TenantContext) -> None:
    first, second = tier(acme, "First"), tier(acme, "Second")
    desk.post(f"{LIST}{second.key}/move/", {"to": "1"})
    assert [one.name for one in all_tiers(acme)] == ["Second", "First"]
    assert desk.post(f"{LIST}{second.key}/move/", {"to": "x"}).status_code == 422
    desk.post(f"{LIST}{first.key}/switch/", {"to": "retired"})
    assert fresh(acme, first).state == "retired"
    assert "is sold no more" in text_of(desk.get(LIST))
    desk.post(f"{LIST}{first.key}/switch/", {"to": "on_sale"})
    assert fresh(acme, first).state == "on_sale"
    assert desk.post(f"{LIST}{first.key}/switch/", {"to": "draft"}).status_code == 422


def test_only_a_tier_that_was_never_on_sale_is_deleted_after_it_was_asked(
    desk: Any, acme: TenantContext
) -> None:
    draft, sold = tier(acme, "Draft", on_sale=False), tier(acme, "Sold")
    support(acme, sold)
    text = desk.get(LIST).content.decode()
    assert f"{draft.key}/delete/" in text
    assert f"{sold.key}/delete/" not in text
    address = f"{LIST}{draft.key}/delete/"
    assert "Nobody ever bought it" in text_of(desk.get(address))
    desk.post(address)
    assert len(all_tiers(acme)) == 2
    desk.post(address, {"confirmed": "1"})
    assert [one.name for one in all_tiers(acme)] == ["Sold"]
    desk.post(f"{LIST}{sold.key}/delete/", {"confirmed": "1"})
    assert [one.name for one in all_tiers(acme)] == ["Sold"]
    with enter_tenant(acme):
        assert AuditEntry.objects.filter(action="tier.deleted").count() == 1


def test_another_communitys_tier_is_not_there(desk: Any, acme: TenantContext, globex: TenantContext) -> None:
    theirs = tier(globex, "Theirs")
    for path in (f"{LIST}{theirs.key}/", f"{LIST}{theirs.key}/delete/"):
        assert desk.get(path).status_code == 404
    assert desk.post(f"{LIST}{theirs.key}/switch/", {"to": "retired"}).status_code == 404
    assert fresh(globex, theirs).state == "on_sale"
