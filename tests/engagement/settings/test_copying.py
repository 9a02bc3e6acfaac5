"""Settings are copied from one community to another: what is chosen, as shown before, all of it or nothing, and taken back."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from engagement.audit.actor import SYSTEM, Actor
from engagement.audit.models import AuditEntry
from engagement.commands.selectors import get_command_policies
from engagement.commands.services import set_command_policy
from engagement.leaderboards.selectors import get_board_rules
from engagement.levels.selectors import get_curve_choice, list_level_names
from engagement.levels.services import set_level_name
from engagement.notifications.selectors import get_notification_settings
from engagement.notifications.services import set_level_announcements
from engagement.progression.boards import offer_periods
from engagement.progression.levelling import change_curve
from engagement.rules import services as rules
from engagement.rules.models import Rule
from engagement.rules.selectors import get_rule, get_rules_settings
from engagement.settings.carrying import KEEP, PARTS, Carried, carry_settings, names_places, plan_copy
from engagement.settings.copying import apply_copy, get_last_copy, record_lending, undo_copy
from engagement.settings.errors import CopyMovedError, NothingCopiedError, SameCommunityError
from engagement.settings.services import change_settings
from tenants.community import get_facts
from tenants.context import TenantContext, enter_tenant

ALL = tuple(PARTS)
ADA = Actor("user", 7, "Ada", "owner", "web")
FIVE: dict[str, Any] = {"triggers": ["message"], "amount": 5}
CHANNEL = 900_000_000_000_000_777


@pytest.fixture
def two(db: None, acme: TenantContext, globex: TenantContext) -> tuple[TenantContext, TenantContext]:
    """Acme has settings of its own; Globex is to get them and has a rule `talk` too."""
    with enter_tenant(acme):
        rules.create_rule(key="talk", name="Talking", definition=FIVE, actor=SYSTEM)
        rules.create_rule(
            key="quiz", name="Quiz", definition={"triggers": ["quiz.won"], "amount": 50}, actor=SYSTEM
        )
        rules.create_rule(
            key="stage", name="On stage", definition={**FIVE, "channels_in": [str(CHANNEL)]}, actor=SYSTEM
        )
        change_curve(kind="linear", parameters={"step": 500}, actor=SYSTEM)
        set_level_name(level=5, name="Maker", actor=SYSTEM)
        set_level_announcements(level_up="channel", channel_id=CHANNEL, text="{member} made it", actor=SYSTEM)
        offer_periods(periods=["all", "week"], actor=SYSTEM)
        set_command_policy(command="profile", uses=2, seconds=60, channel_ids=[CHANNEL], actor=SYSTEM)
        change_settings(context=acme, changes={"colour": "#2b8a3e", "points_name": "stars"}, actor=SYSTEM)
        rules.set_rules_settings(reversal_seconds=3_600, actor=SYSTEM)
    with enter_tenant(globex):
        rules.create_rule(key="talk", name="Talk", definition={**FIVE, "amount": 9}, actor=SYSTEM)
        rules.create_rule(key="own", name="Our own", definition=FIVE, actor=SYSTEM)
    return acme, globex


def read(context: TenantContext) -> dict[str, Any]:
    """Everything of a community that a copy could touch."""
    with enter_tenant(context):
        told = get_notification_settings()
        return {
            "rules": {
                rule.key: (
                    rule.name,
                    rule.enabled,
                    rule.archived_at is None,
                    rule.latest and rule.latest.definition,
                )
                for rule in Rule.objects.select_related("latest")
            },
            "reversal": get_rules_settings().reversal_seconds,
            "curve": get_curve_choice()[:2],
            "names": list_level_names(),
            "told": (told.level_up, told.channel_id, told.text),
            "periods": get_board_rules().periods,
            "commands": get_command_policies().by_command,
            "facts": get_facts(tenant_id=context.tenant_id),
        }


def copy(source: TenantContext, target: TenantContext, parts: tuple[str, ...] = ALL) -> Any:
    carried = carry_settings(context=source)
    plan = plan_copy(context=target, carried=carried, parts=parts)
    return apply_copy(context=target, carried=carried, parts=parts, expected=plan.digest, actor=ADA)


def test_everything_that_can_be_carried_is_written(two: tuple[TenantContext, TenantContext]) -> None:
    acme, globex = two
    source = read(acme)
    copy(acme, globex)
    after = read(globex)
    assert after["rules"]["talk"] == source["rules"]["talk"]
    assert after["rules"]["quiz"] == source["rules"]["quiz"]
    assert after["rules"]["own"][2]
    assert (after["curve"], after["names"][5], after["reversal"]) == (source["curve"], "Maker", 3_600)
    assert after["periods"] == source["periods"]
    assert (after["facts"]["colour"], after["facts"]["points_name"]) == ("#2b8a3e", "stars")
    assert (after["commands"]["profile"].uses, after["commands"]["profile"].seconds) == (2, 60)
    assert read(acme) == source


def test_nothing_of_the_other_server_is_carried(two: tuple[TenantContext, TenantContext]) -> None:
    acme, globex = two
    done = copy(acme, globex)
    after = read(globex)
    assert "stage" not in after["rules"]
    assert ("rules", KEEP, "On stage") in [(line.part, line.act, line.title) for line in done.lines]
    assert after["told"] == ("channel", None, "{member} made it")
    assert after["commands"]["profile"].channel_ids == frozenset()
    assert str(CHANNEL) not in repr(after)


@pytest.mark.parametrize(
    ("more", "bound"),
    [
        ({}, False),
        ({"roles_out": ["1"]}, True),
        ({"categories_in": ["1"]}, True),
        ({"condition": {"field": "length", "is": ">=", "value": 20}}, False),
        ({"condition": {"expression": "channel == '1'"}}, True),
        ({"condition": {"expression": "'1' in roles"}}, True),
    ],
)
def test_a_rule_that_names_places_is_known(more: dict[str, Any], bound: bool) -> None:
    assert names_places({**FIVE, **more}) is bound


@pytest.mark.parametrize("part", ALL)
def test_only_what_is_chosen_is_written(two: tuple[TenantContext, TenantContext], part: str) -> None:
    acme, globex = two
    before = read(globex)
    done = copy(acme, globex, (part,))
    after = read(globex)
    touched = {
        "look": {"facts"}, "rules": {"rules", "reversal"}, "levels": {"curve", "names"}, "announcements": {"told"},
        "boards": {"periods"}, "commands": {"commands"},
    }[part]  # fmt: skip
    assert {name for name in before if before[name] != after[name]} == touched
    assert {line.part for line in done.lines} == {part}


def test_the_difference_says_what_is_done_and_a_repeat_finds_none(
    two: tuple[TenantContext, TenantContext],
) -> None:
    acme, globex = two
    plan = plan_copy(context=globex, carried=carry_settings(context=acme), parts=ALL)
    told = {(line.act, line.title): (line.before, line.after) for line in plan.changes}
    assert told[("add", "Quiz")] == ("none", "on")
    assert told[("change", "Talking: Name")] == ("Talk", "Talking")
    assert told[("change", "Name of level 5")] == ("Regular", "Maker")
    copy(acme, globex)
    assert plan_copy(context=globex, carried=carry_settings(context=acme), parts=ALL).changes == []
    assert copy(acme, globex).changes == []


def test_an_undo_puts_everything_back(two: tuple[TenantContext, TenantContext]) -> None:
    acme, globex = two
    before = read(globex)
    copy(acme, globex)
    assert get_last_copy(tenant_id=globex.tenant_id).source == acme.name  # type: ignore[union-attr]
    undo_copy(context=globex, actor=ADA)
    after = read(globex)
    assert not after["rules"].pop("quiz")[2]
    assert after == before
    assert get_last_copy(tenant_id=globex.tenant_id) is None
    with pytest.raises(NothingCopiedError):
        undo_copy(context=globex, actor=ADA)


def test_an_undo_leaves_alone_what_somebody_changed_since(two: tuple[TenantContext, TenantContext]) -> None:
    acme, globex = two
    copy(acme, globex)
    with enter_tenant(globex):
        rules.revise_rule(key="talk", definition={**FIVE, "amount": 77}, actor=ADA)
        rules.revise_rule(key="quiz", definition={"triggers": ["quiz.won"], "amount": 60}, actor=ADA)
        set_level_name(level=5, name="Mine", actor=ADA)
        set_command_policy(command="profile", uses=9, seconds=9, actor=ADA)
    undo_copy(context=globex, actor=ADA)
    with enter_tenant(globex):
        latest = get_rule(key="talk").latest
        assert latest is not None
        assert latest.definition["amount"] == 77
        assert get_rule(key="quiz").archived_at is None
        assert list_level_names()[5] == "Mine"
        assert get_command_policies().by_command["profile"].uses == 9


def test_what_was_confirmed_must_still_stand(two: tuple[TenantContext, TenantContext]) -> None:
    acme, globex = two
    carried = carry_settings(context=acme)
    shown = plan_copy(context=globex, carried=carried, parts=ALL).digest
    with enter_tenant(globex):
        set_level_name(level=5, name="Mine", actor=ADA)
    before = read(globex)
    with pytest.raises(CopyMovedError):
        apply_copy(context=globex, carried=carried, parts=ALL, expected=shown, actor=ADA)
    assert read(globex) == before


def test_a_copy_that_fails_in_the_middle_leaves_nothing(
    two: tuple[TenantContext, TenantContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    acme, globex = two
    before = read(globex)
    carried = carry_settings(context=acme)
    with enter_tenant(globex):
        for number in range(rules.MAX_RULES - Rule.objects.filter(archived_at=None).count()):
            rules.create_rule(key=f"filler_{number}", name=f"Filler {number}", definition=FIVE, actor=SYSTEM)
    before = read(globex)
    plan = plan_copy(context=globex, carried=carried, parts=ALL)
    with pytest.raises(rules.TooManyRulesError), transaction.atomic():
        apply_copy(context=globex, carried=carried, parts=ALL, expected=plan.digest, actor=ADA)
    assert read(globex) == before
    assert get_last_copy(tenant_id=globex.tenant_id) is None


def test_both_logs_tell_of_it(two: tuple[TenantContext, TenantContext]) -> None:
    acme, globex = two
    copy(acme, globex, ("look",))
    record_lending(context=acme, receiver=globex.name, parts=("look",), actor=ADA)
    with enter_tenant(globex):
        entry = AuditEntry.objects.get(action="settings.copied")
        assert (entry.actor_name, entry.after) == ("Ada", {"from": acme.name, "parts": ["Look and words"]})
        assert AuditEntry.objects.filter(action="settings.changed", actor_name="Ada").exists()
    with enter_tenant(acme):
        assert AuditEntry.objects.get(action="settings.lent").after["to"] == globex.name


def test_a_community_is_not_copied_into_itself(db: None, acme: TenantContext) -> None:
    carried = carry_settings(context=acme)
    assert isinstance(carried, Carried)
    with pytest.raises(SameCommunityError):
        apply_copy(context=acme, carried=carried, parts=ALL, expected="", actor=ADA)


def test_a_rule_that_was_archived_here_stays_away(two: tuple[TenantContext, TenantContext]) -> None:
    acme, globex = two
    with enter_tenant(globex):
        rules.archive_rule(key="talk", actor=ADA)
    copy(acme, globex, ("rules",))
    with enter_tenant(globex):
        assert get_rule(key="talk").archived_at is not None


def test_reading_costs_the_same_whatever_is_there(
    two: tuple[TenantContext, TenantContext], django_assert_max_num_queries: Any
) -> None:
    acme, globex = two
    with enter_tenant(acme):
        for number in range(40):
            rules.create_rule(key=f"more_{number}", name=f"More {number}", definition=FIVE, actor=SYSTEM)
    with django_assert_max_num_queries(24):
        plan_copy(context=globex, carried=carry_settings(context=acme), parts=ALL)
