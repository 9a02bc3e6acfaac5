"""The organiser's home: today's figures, the week, what needs attention, the newest entries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from engagement.rules.models import Rule, RuleVersion
from engagement.rules.services import seed_rules
from saas.core import clock
from tenants.context import TenantContext, enter_tenant
from tests.frontend_api.givers import TEAM, give, hide, rename
from tests.frontend_api.hosts import ACME, GLOBEX, Browser
from tests.frontend_api.portal.test_leaderboard import text_of


def give_rules(*contexts: TenantContext) -> None:
    for context in contexts:
        with enter_tenant(context):
            seed_rules()


def test_a_quiet_home_says_why_it_is_quiet(pages: Browser, acme: TenantContext) -> None:
    give_rules(acme)
    text = text_of(pages.sign_in("acme-owner"))
    assert "Nothing has been earned yet" in text
    assert "Nobody took part since midnight" in text
    assert "All is well" in text
    assert "Nothing needs you" in text


def test_what_happened_today_stands_there(pages: Browser, acme: TenantContext) -> None:
    give(acme, 1, "Ada", 1_284)
    text = text_of(pages.sign_in("acme-owner"))
    assert "1,284" in text
    assert "Given by the team" in text
    assert "+1,284" in text
    assert "Today" in text


def test_the_team_sees_hidden_members_in_its_feed(pages: Browser, acme: TenantContext) -> None:
    hide(acme, give(acme, 1, "Hidden Henry", 10))
    assert "Hidden Henry" in text_of(pages.sign_in("acme-owner"))


def test_gaps_of_the_last_days_need_attention(pages: Browser, acme: TenantContext) -> None:
    from engagement.activity.models import HearingGap

    now = clock.now()
    with enter_tenant(acme):
        for days, minutes, reason in ((0, 3, "Discord ended the session."), (20, 9, "Long ago.")):
            ended = now - timedelta(days=days, minutes=1)
            HearingGap.objects.create(
                shard_id=0,
                started_at=ended - timedelta(minutes=minutes),
                ended_at=ended,
                reason=reason,
                key=reason,
            )
    text = text_of(pages.sign_in("acme-owner"))
    assert "The bot heard nothing for 3 minutes" in text
    assert "Discord ended the session." in text
    assert "Long ago." not in text
    other = Browser()
    assert "The bot heard nothing" not in text_of(other.sign_in("globex-owner", host=GLOBEX))


def test_activities_set_aside_are_counted_for_their_tenant(
    pages: Browser, acme: TenantContext, globex: TenantContext
) -> None:
    from tenants.models import PoisonActivity

    give_rules(acme, globex)
    for number in range(2):
        PoisonActivity.objects.create(
            key=f"activities:0/{number}-0", tenant_id=acme.tenant_id, raw=b"x", size=1, error="no JSON"
        )
    assert "2 activities set aside" in text_of(pages.sign_in("acme-owner"))
    other = Browser()
    assert "set aside." in text_of(other.sign_in("globex-owner", host=GLOBEX))


def test_the_poll_gets_the_body_alone(pages: Browser) -> None:
    pages.sign_in("acme-owner")
    part = pages.on(ACME).get("/dashboard/", headers={"HX-Request": "true", "HX-Target": "home"})
    assert "data-position" in text_of(part)
    assert "<html" not in text_of(part)


def test_the_week_is_cut_at_the_communitys_midnight(pages: Browser, acme: TenantContext) -> None:
    from dataclasses import replace

    from engagement.analytics.week import list_daily_points

    give(acme, 1, "Ada", 100)
    now = datetime.now(UTC)
    for zone in ("Pacific/Kiritimati", "Pacific/Niue", "Europe/Berlin"):
        with enter_tenant(acme):
            days = list_daily_points(now=now + timedelta(seconds=1), context=replace(acme, timezone=zone))
        assert len(days) == 7
        assert days[-1].is_today
        assert [day.points for day in days] == [0, 0, 0, 0, 0, 0, 100]


def test_what_discord_refused_stands_with_its_fix(pages: Browser, acme: TenantContext) -> None:
    from integrations.discord.problems import clear_problem, note_problem

    with enter_tenant(acme):
        note_problem(key="role:1", message="Drag “EngageHub” above “Gold”.")
        note_problem(key="channel:2", message="Give EngageHub View Channel.")
    browser = pages
    text = text_of(browser.sign_in("acme-owner"))
    assert "A level role cannot be given" in text
    assert "Drag “EngageHub” above “Gold”." in text
    assert "Level-ups cannot be announced" in text
    with enter_tenant(acme):
        clear_problem(key="role:1")
        clear_problem(key="channel:2")
    assert "cannot be given" not in text_of(browser.open(f"http://{ACME}/dashboard/"))
    assert "cannot be given" not in text_of(Browser().sign_in("globex-owner", host=GLOBEX))


def test_points_given_today_count_what_was_given_whatever_was_taken_back(
    acme: TenantContext, db: None
) -> None:
    from engagement.analytics.home import get_home_figures
    from engagement.analytics.week import list_daily_points
    from engagement.progression.services import adjust_points, undo_adjustment

    given = give(acme, 1, "Ada", 100)
    give(acme, 1, "Ada", -30)
    with enter_tenant(acme):
        adjustment = adjust_points(
            member_id=given, amount=50, reason="oops", actor=TEAM, idempotency_key="oops", context=acme
        )
        undo_adjustment(
            adjustment_id=adjustment.adjustment_id, actor=TEAM, idempotency_key="undo", context=acme
        )
        now = clock.now() + timedelta(seconds=1)
        assert get_home_figures(now=now, context=acme).points_today == 150
        assert list_daily_points(now=now, context=acme)[-1].points == 150
        assert list_daily_points(now=now, context=acme, member_id=given)[-1].points == 70


def test_the_feed_shows_faces_but_none_of_who_goes_by_an_alias(pages: Browser, acme: TenantContext) -> None:
    from engagement.members.models import Member

    ids = [give(acme, 1, "Ada", 10), give(acme, 2, "Bob", 10)]
    with enter_tenant(acme):
        for member_id in ids:
            Member.objects.filter(pk=member_id).update(avatar_url=f"https://cdn.example/{member_id}.png")
    rename(acme, ids[1], "Somebody")
    text = text_of(pages.sign_in("acme-owner"))
    assert f"https://cdn.example/{ids[0]}.png" in text
    assert f"https://cdn.example/{ids[1]}.png" not in text


def test_rules_that_reward_nothing_need_attention(pages: Browser, acme: TenantContext) -> None:
    give_rules(acme)
    assert "No rule is on" not in text_of(pages.sign_in("acme-owner"))
    with enter_tenant(acme):
        Rule.objects.update(enabled=False)
    assert "No rule is on" in text_of(pages.on(ACME).get("/dashboard/"))
    with enter_tenant(acme):
        Rule.objects.update(enabled=True)
    with enter_tenant(acme):
        RuleVersion.objects.filter(rule__key="thread").update(
            definition={"triggers": ["thread"], "amount": 0}
        )
        assert Rule.objects.filter(key="thread").exists()
    assert "A rule is left out" in text_of(pages.on(ACME).get("/dashboard/"))


def test_the_communitys_description_stands_on_its_board_as_text(pages: Browser, acme: TenantContext) -> None:
    from tenants.community import change_facts
    from tenants.routing import get_routing

    change_facts(tenant_id=acme.tenant_id, changes={"description": "We <b>make</b> things."})
    get_routing().load()
    text = text_of(pages.on(ACME).get("/"))
    assert "We &lt;b&gt;make&lt;/b&gt; things." in text
