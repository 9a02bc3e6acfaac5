"""Each kind's pack is whole, and fits what the product can do."""

from __future__ import annotations

import pytest

from engagement.kinds.packs import UnknownPackError, get_pack, list_packs
from engagement.levels.curves import build_curve
from engagement.notifications.models import LevelUp
from engagement.rewards.facts import check_facts, check_key
from engagement.rewards.kinds import check_settings
from engagement.rules.definition import parse_definition
from engagement.rules.seeds import DEFAULT_RULES
from engagement.standings.seasons import LENGTHS
from engagement.submissions.templates import TEMPLATES
from tenants.models import Tenant

KINDS = list(Tenant.Kind.values)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pack_is_whole(kind: str) -> None:
    pack = get_pack(kind)
    assert pack.kind == kind
    assert len(pack.rules) >= 5
    assert len({rule.key for rule in pack.rules}) == len(pack.rules)
    for rule in pack.rules:
        parse_definition(rule.definition)
    curve = build_curve(pack.curve_kind, pack.curve_parameters)
    assert all(1 <= level <= curve.max_level and len(name) <= 60 for level, name in pack.level_names.items())
    assert all(
        role.level <= curve.max_level and role.keep in {"stack", "highest"} for role in pack.level_roles
    )
    assert pack.announce_level_up in LevelUp.values
    assert pack.season in LENGTHS
    assert pack.day
    triggers = {trigger for rule in pack.rules for trigger in rule.definition["triggers"]}
    assert {line.type for line in pack.day} <= triggers
    assert 3 <= len(pack.rewards) <= 5
    for idea in pack.rewards:
        check_facts(idea.facts)
        check_key(idea.key)
        check_settings(idea.kind, idea.facts.get("settings", {}), complete=False)
    assert 2 <= len(pack.submissions) <= 3
    assert set(pack.submissions) <= TEMPLATES.keys()


def test_no_two_packs_call_a_reward_the_same() -> None:
    keys = [idea.key for pack in list_packs() for idea in pack.rewards]
    assert len(keys) == len(set(keys))


def test_the_servers_rules_are_the_ones_that_people_know() -> None:
    assert [tuple(rule) for rule in get_pack("discord").rules] == [tuple(rule) for rule in DEFAULT_RULES]


def test_every_kind_has_one_and_no_other_exists() -> None:
    assert [pack.kind for pack in list_packs()] == KINDS
    with pytest.raises(UnknownPackError, match="discord, creator"):
        get_pack("club")
