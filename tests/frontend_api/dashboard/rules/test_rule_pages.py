"""The pages of rules: made from a starter, tried, changed against what stands, switched, archived and taken back."""

from __future__ import annotations

import re
from typing import Any

import pytest

from engagement.audit.actor import SYSTEM
from engagement.audit.models import AuditEntry
from engagement.rules import services
from engagement.rules.models import Rule, RuleVersion
from engagement.rules.selectors import get_rule, list_ways_to_earn
from tenants.context import TenantContext, enter_tenant
from tests.frontend_api.hosts import ACME, GLOBEX, Browser
from tests.frontend_api.portal.test_leaderboard import text_of

NEW = "/dashboard/rules/new/?from=message"
FORM = {
    "name": "Long messages",
    "triggers": ["message"],
    "amount": "10",
    "cooldown": "2",
    "cooldown_unit": "minutes",
    "condition_join": "all",
    "condition_field": ["length", "level", ""],
    "condition_operator": [">=", "<", ""],
    "condition_value": ["20", "5", ""],
    "token": "01ABCDEFGHJKMNPQRSTVWXYZ00",
}


@pytest.fixture
def organiser(pages: Browser, acme: TenantContext) -> Browser:
    """The owner, in a community with the default rules."""
    with enter_tenant(acme):
        services.seed_rules()
    pages.sign_in("acme-owner", path="/earn/")
    return pages


def post(browser: Browser, path: str, data: dict[str, Any], **headers: str) -> Any:
    return browser.on(ACME).post(path, data, headers=headers)


def rule(acme: TenantContext, key: str = "message") -> Rule:
    with enter_tenant(acme):
        return get_rule(key=key)


def opened(browser: Browser, path: str) -> str:
    found = re.search(r'name="opened" value="([^"]+)"', text_of(browser.open(f"http://{ACME}{path}")))
    assert found is not None
    return found[1]


def test_a_rule_is_made_with_its_condition_and_members_read_it(
    organiser: Browser, acme: TenantContext
) -> None:
    answer = post(organiser, NEW, FORM)

    assert answer.status_code == 302
    with enter_tenant(acme):
        made = Rule.objects.get(name="Long messages")
        assert made.latest is not None
        assert made.latest.definition == {
            "triggers": ["message"],
            "amount": 10,
            "cooldown_seconds": 120,
            "condition": {
                "all": [
                    {"field": "length", "is": ">=", "value": 20},
                    {"field": "level", "is": "<", "value": 5},
                ]
            },
        }
        assert made.latest.created_by == str(AuditEntry.objects.latest("pk").actor_name)
        assert any(way.title == "Long messages" for way in list_ways_to_earn())
    assert "Long messages" in text_of(organiser.open(f"http://{ACME}/earn/"))


def test_the_same_form_sent_twice_makes_one_rule(organiser: Browser, acme: TenantContext) -> None:
    assert [post(organiser, NEW, FORM).status_code for _ in range(2)] == [302, 302]
    with enter_tenant(acme):
        assert Rule.objects.filter(name="Long messages").count() == 1


def test_a_wrong_line_is_told_beside_it_and_nothing_is_made(organiser: Browser, acme: TenantContext) -> None:
    wrong = {**FORM, "condition_value": ["many", "5", ""], "amount_to": "3"}
    answer = post(organiser, NEW, wrong)

    text = answer.content.decode()
    assert answer.status_code == 422
    assert "“many” is no whole number" in text
    assert 'id="condition-1-error"' in text
    assert 'id="condition-2-error"' not in text
    assert "A range from 10 cannot end at 3" in text
    with enter_tenant(acme):
        assert not Rule.objects.filter(name="Long messages").exists()


def test_every_starter_opens_and_makes_what_it_says(organiser: Browser) -> None:
    text = text_of(organiser.open(f"http://{ACME}/dashboard/rules/new/"))
    keys = re.findall(r"\?from=(\w+)", text)
    assert len(keys) == 10
    for key in keys:
        assert organiser.on(ACME).get(f"/dashboard/rules/new/?from={key}").status_code == 200, key
    assert organiser.on(ACME).get("/dashboard/rules/new/?from=nothing").status_code == 404


def test_the_form_gives_back_every_default_rule_unchanged(organiser: Browser, acme: TenantContext) -> None:
    from frontend_api.dashboard.parts.conflicts import as_posted
    from frontend_api.dashboard.rules.forms import RuleForm, initial_of
    from integrations.discord.directory import Directory

    with enter_tenant(acme):
        rules = list(Rule.objects.select_related("latest"))
    for one in rules:
        assert one.latest is not None
        empty = Directory()
        shown = RuleForm(initial=initial_of(one.name, one.latest.definition, empty), directory=empty)
        path = f"/dashboard/rules/{one.pk}/"
        assert (
            post(organiser, path, {**as_posted(shown), "opened": opened(organiser, path)}).status_code == 302
        )
    with enter_tenant(acme):
        assert RuleVersion.objects.count() == len(rules)


def test_a_trial_writes_nothing_and_answers_htmx_with_its_part(
    organiser: Browser, acme: TenantContext
) -> None:
    part = post(organiser, NEW, {**FORM, "do": "run"}, **{"HX-Request": "true", "HX-Target": "trial"})
    text = text_of(part)
    assert "<html" not in text
    assert "Write a message: 10 points, once every 2 minutes" in text
    assert "Nothing of this kind happened" in text

    whole = post(organiser, NEW, {**FORM, "do": "one", "try_type": "message", "try_length": "25"})
    assert "It would earn 10 points" in text_of(whole)
    assert "<html" in text_of(whole)
    short = post(organiser, NEW, {**FORM, "do": "one", "try_length": "5"})
    assert "It would earn nothing: the condition does not hold" in text_of(short)
    bad = post(
        organiser, NEW, {**FORM, "amount": "0", "do": "run"}, **{"HX-Request": "true", "HX-Target": "trial"}
    )
    assert "cannot be tried yet" in text_of(bad)
    with enter_tenant(acme):
        assert not Rule.objects.filter(name="Long messages").exists()


def test_the_second_of_two_organisers_sees_the_difference_and_chooses(
    organiser: Browser, acme: TenantContext
) -> None:
    one = rule(acme, "thread")
    path = f"/dashboard/rules/{one.pk}/"
    mine = {"name": "Threads", "triggers": ["thread"], "amount": "25", "cooldown_unit": "seconds",
            "daily_count_cap": "3", "condition_join": "all", "opened": opened(organiser, path)}  # fmt: skip
    with enter_tenant(acme):
        services.revise_rule(key="thread", definition={"triggers": ["thread"], "amount": 30}, actor=SYSTEM)

    answer = post(organiser, path, mine)

    text = answer.content.decode()
    assert answer.status_code == 409
    assert "EngageHub changed this while you had it open" in text
    assert "Both changed it" in text
    seal = re.search(r'name="opened" value="([^"]+)"', text)
    assert seal is not None
    chosen = {
        **mine,
        "opened": seal[1],
        "choose-amount": "theirs",
        "choose-name": "mine",
        "choose-daily_count_cap": "mine",
    }
    assert post(organiser, path, chosen).status_code == 302
    latest = rule(acme, "thread").latest
    assert latest is not None
    assert (latest.name, latest.definition) == (
        "Threads",
        {"triggers": ["thread"], "amount": 30, "daily_count_cap": 3},
    )


def test_a_form_that_does_not_say_what_it_was_opened_at_overwrites_nothing(
    organiser: Browser, acme: TenantContext
) -> None:
    one = rule(acme, "thread")
    form = {
        "name": "X",
        "triggers": ["thread"],
        "amount": "1",
        "cooldown_unit": "seconds",
        "condition_join": "all",
    }
    for forged in ({}, {"opened": "forged"}):
        assert post(organiser, f"/dashboard/rules/{one.pk}/", {**form, **forged}).status_code == 409
    assert rule(acme, "thread").name == one.name


def test_switching_archiving_and_bringing_back(organiser: Browser, acme: TenantContext) -> None:
    one = rule(acme)
    post(organiser, f"/dashboard/rules/{one.pk}/switch/", {"on": "0"})
    text = text_of(organiser.open(f"http://{ACME}/dashboard/rules/"))
    assert "Switch on" in text
    assert "“Messages” is off" in text
    assert f"/dashboard/rules/{one.pk}/switch/?on=1" in text  # the way back
    post(organiser, f"/dashboard/rules/{one.pk}/switch/?on=1", {})
    assert rule(acme).enabled

    asked = post(organiser, f"/dashboard/rules/{one.pk}/archive/", {})
    assert "Archive “Messages”?" in text_of(asked)
    assert rule(acme).archived_at is None
    post(organiser, f"/dashboard/rules/{one.pk}/archive/", {"confirmed": "1"})
    assert rule(acme).archived_at is not None
    assert "Archived." in text_of(organiser.open(f"http://{ACME}/dashboard/rules/{one.pk}/"))
    post(organiser, f"/dashboard/rules/{one.pk}/restore/", {})
    assert (rule(acme).archived_at, rule(acme).enabled) == (None, False)
    with enter_tenant(acme):
        acts = set(
            AuditEntry.objects.filter(target_kind="rule", target_id="message").values_list(
                "action", flat=True
            )
        )
    assert {"rule.disabled", "rule.enabled", "rule.archived", "rule.restored"} <= acts


def test_versions_say_what_changed_and_lead_back(organiser: Browser, acme: TenantContext) -> None:
    one = rule(acme)
    with enter_tenant(acme):
        services.revise_rule(key="message", definition={"triggers": ["message"], "amount": 7}, actor=SYSTEM)
    path = f"/dashboard/rules/{one.pk}/versions/"
    text = text_of(organiser.open(f"http://{ACME}{path}"))
    assert "15–25" in text
    assert "Version 2" in text
    asked = text_of(organiser.open(f"http://{ACME}{path}1/revert/"))
    assert "Amount: 7 → 15–25" in asked

    with enter_tenant(acme):
        services.revise_rule(key="message", definition={"triggers": ["message"], "amount": 8}, actor=SYSTEM)
    stale = post(organiser, f"{path}1/revert/", {"confirmed": "1", "seen": "2"})
    assert "Amount: 8 → 15–25" in text_of(stale)  # asked anew, because something else stands
    post(organiser, f"{path}1/revert/", {"confirmed": "1", "seen": "3"})
    latest = rule(acme).latest
    assert latest is not None
    assert (latest.number, latest.definition["amount"]) == (4, {"from": 15, "to": 25})


def test_what_holds_for_all_rules(organiser: Browser, acme: TenantContext) -> None:
    from engagement.rules.selectors import get_rules_settings

    path = "/dashboard/rules/general/"
    form = {"reversal_hours": "24", "excluded_roles": ["5"], "opened": opened(organiser, path)}
    assert post(organiser, path, form).status_code == 302
    with enter_tenant(acme):
        settings = get_rules_settings()
    assert (settings.reversal_seconds, settings.excluded_roles) == (86_400, frozenset({"5"}))
    assert post(organiser, path, {**form, "reversal_hours": "48"}).status_code == 409
    bad = {"reversal_hours": "9999", "excluded_channels": ["<script>"], "opened": opened(organiser, path)}
    assert post(organiser, path, bad).status_code == 422


def test_hostile_names_are_shown_as_text(organiser: Browser) -> None:
    post(organiser, NEW, {**FORM, "name": "<script>alert(1)</script>", "token": "1"})
    for path in ("/dashboard/rules/", "/earn/"):
        text = text_of(organiser.open(f"http://{ACME}{path}"))
        assert "<script>alert(1)" not in text
        assert "&lt;script&gt;" in text
    assert post(organiser, NEW, {**FORM, "name": "a" * 100_000}).status_code == 422


@pytest.mark.parametrize("path", ["", "switch/", "archive/", "restore/", "versions/", "versions/1/revert/"])
def test_another_communitys_rule_is_not_there(organiser: Browser, globex: TenantContext, path: str) -> None:
    with enter_tenant(globex):
        services.seed_rules()
        for _ in range(3):
            services.archive_rule(key="joined", actor=SYSTEM)
        foreign = services.create_rule(
            key="only_globex", name="G", definition={"triggers": ["message"], "amount": 1}, actor=SYSTEM
        )
        Rule.objects.filter(pk=foreign.pk).update(id=foreign.pk)
    here = organiser.on(ACME)
    send = here.post if path in {"switch/", "restore/"} else here.get
    assert send(f"/dashboard/rules/{10**6}/{path}").status_code == 404
    assert send(f"/dashboard/rules/{2**70}/{path}").status_code == 404


def test_the_team_may_look_and_admins_change(organiser: Browser, acme: TenantContext) -> None:
    one = rule(acme)
    looker = Browser()
    looker.sign_in("acme-moderator", path="/earn/")
    here = looker.on(ACME)
    text = text_of(here.get("/dashboard/rules/"))
    assert "Messages" in text
    assert "Switch off" not in text
    assert "Admins can change it" in text_of(here.get(f"/dashboard/rules/{one.pk}/"))
    assert here.get(f"/dashboard/rules/{one.pk}/versions/").status_code == 200
    for path in ("", "switch/?on=0", "archive/", "restore/", "versions/1/revert/"):
        assert here.post(f"/dashboard/rules/{one.pk}/{path}", {"confirmed": "1"}).status_code == 403, path
    assert here.post(NEW, FORM).status_code == 403
    assert rule(acme).enabled
    for name in ("acme-member", "acme-stranger", "globex-owner"):
        other = Browser()
        other.sign_in(name, path="/earn/")
        assert other.on(ACME).get("/dashboard/rules/").status_code == 403
    assert Browser().on(GLOBEX).get("/dashboard/rules/").status_code == 302


def test_the_list_takes_the_same_queries_for_two_rules_and_for_a_hundred(
    organiser: Browser, acme: TenantContext, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    organiser.open(f"http://{ACME}/dashboard/rules/")  # the day's first visit is noted
    with CaptureQueriesContext(connection) as few:
        organiser.open(f"http://{ACME}/dashboard/rules/")
    with enter_tenant(acme):
        for number in range(90):
            services.create_rule(
                key=f"r{number}",
                name=f"R{number}",
                definition={"triggers": ["message"], "amount": 1},
                actor=SYSTEM,
            )
    with CaptureQueriesContext(connection) as many:
        assert "R89" in text_of(organiser.open(f"http://{ACME}/dashboard/rules/"))
    assert len(many) == len(few)
