"""Home and the overview say what happened; who else hears of it is chosen on a page."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.notifications.models import NotificationSettings
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext, enter_tenant
from tenants.models import Membership
from tests.frontend_api.givers import give
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.portal.test_shop import text_of
from tests.frontend_api.supporting import connect, support, tier

PAGE = "/dashboard/supporters/news/"
CHANNEL = "900000000000000123"


@pytest.fixture
def desk(pages: Browser, acme: TenantContext) -> Any:
    pages.sign_in("acme-owner", path="/earn/")
    connect(acme)
    return pages.on(ACME)


def test_home_and_the_overview_say_who_began_and_home_is_switched_off(desk: Any, acme: TenantContext) -> None:
    support(acme, tier(acme), "<b>Grace</b>")
    for path in ("/dashboard/", "/dashboard/supporters/"):
        text = desk.get(path).content.decode()
        assert "&lt;b&gt;Grace" in text, path
        assert "supports with Friends now" in text, path
    desk.post(PAGE, {"news": "off", "thanks_channel_id": "", "thanks_text": ""})
    assert "supports with Friends now" not in text_of(desk.get("/dashboard/"))
    assert "supports with Friends now" in text_of(desk.get("/dashboard/supporters/"))


def test_who_may_not_see_supporters_hears_nothing_at_home(pages: Browser, acme: TenantContext) -> None:
    pages.sign_in("acme-moderator", path="/earn/")
    support(acme, tier(acme))
    assert "supports with Friends now" in text_of(pages.on(ACME).get("/dashboard/"))
    with enter_schema(PUBLIC):
        Membership.objects.filter(user__username="acme-moderator").update(taken=["view_supporters"])
    assert "supports with" not in text_of(pages.on(ACME).get("/dashboard/"))


def test_what_is_chosen_is_kept_previewed_and_wrong_words_are_named(desk: Any, acme: TenantContext) -> None:
    text = text_of(desk.get(PAGE))
    assert "No channel of the team is chosen yet" in text
    assert "Nobody is thanked in public" in text
    form = {"news": "channel", "thanks_channel_id": CHANNEL, "thanks_text": "Cheers, {member}: {tier}."}
    shown = text_of(desk.post(PAGE, form | {"do": "preview"}))
    assert "Cheers, Ada: Friends." in shown
    assert "Nobody is thanked" not in shown
    with enter_tenant(acme):
        assert not NotificationSettings.objects.exists()
    assert desk.post(PAGE, form | {"thanks_text": "{price}"}).status_code == 422
    assert desk.post(PAGE, form | {"thanks_channel_id": "general"}).status_code == 422
    assert desk.post(PAGE, form)["Location"] == PAGE
    with enter_tenant(acme):
        row = NotificationSettings.objects.get()
        assert (row.support_news, row.thanks_channel_id) == ("channel", int(CHANNEL))
    assert "Who changed it" in text_of(desk.get(PAGE))


def test_somebody_elses_change_is_shown_first(desk: Any, acme: TenantContext) -> None:
    shown = desk.get(PAGE)
    opened = shown.context["page"].opened
    form = {"news": "off", "thanks_channel_id": "", "thanks_text": ""}
    desk.post(PAGE, form)
    answer = desk.post(PAGE, form | {"news": "channel", "opened": opened})
    assert "This was changed meanwhile" in answer.content.decode()
    with enter_tenant(acme):
        assert NotificationSettings.objects.get().support_news == "off"


def test_a_member_says_no_to_thanks_only_where_there_are_some(pages: Browser, acme: TenantContext) -> None:
    from engagement.members.models import Member
    from tests.cast import ACME as CAST

    member_id = give(acme, CAST.discord_id("member"), "Mia", 0)
    connect(acme)
    friends = tier(acme)
    pages.sign_in("acme-member", path="/earn/")
    mia = pages.on(ACME)
    begin = f"/support/tiers/{friends.key}/"
    said = "Thanks for your support"
    assert said not in text_of(mia.get("/notices/"))
    assert "thanks you in its Discord server" not in text_of(mia.get(begin))
    with enter_tenant(acme):
        NotificationSettings.objects.create(pk=1, thanks_channel_id=int(CHANNEL))
    assert "thanks you in its Discord server" in text_of(mia.get(begin))
    assert said in text_of(mia.get("/notices/"))
    mia.post("/notices/choose/", {"wanted": ["dm", "affordable", "credits_low"]})
    with enter_tenant(acme):
        assert Member.objects.get(pk=member_id).quiet == ["support_thanks"]
        NotificationSettings.objects.update(thanks_channel_id=None)
    mia.post("/notices/choose/", {"wanted": ["dm", "affordable", "credits_low", "support_thanks"]})
    with enter_tenant(acme):
        assert Member.objects.get(pk=member_id).quiet == []
