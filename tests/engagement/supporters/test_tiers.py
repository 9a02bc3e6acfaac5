"""Tiers: what they may say, where they can be switched to, what holds for newcomers and what for everybody."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engagement.audit.models import AuditEntry
from engagement.supporters.errors import (
    InvalidTierFormError,
    TierInUseError,
    TierLimitError,
    TierNotFoundError,
    TierStateError,
)
from engagement.supporters.models import Supporter, SupporterTier
from engagement.supporters.selectors import get_tier, list_tiers
from engagement.supporters.tiers import (
    MAX_ON_SALE,
    change_tier,
    create_tier,
    delete_tier,
    move_tier,
    switch_tier,
)
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant
from tests.engagement.rewards.spending import make_member
from tests.engagement.supporters.supporting import ADA, FORM, begin, make_tier

ROLE = "900000000000000123"
RLO = "\u202e"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "\u200b"),
        ("name", "x" * 61),
        ("name", "x" * 100_000),
        ("description", "y" * 501),
        ("perks", tuple(f"Perk {number}" for number in range(7))),
        ("perks", ("z" * 81,)),
        ("amount", 99),
        ("amount", 1_000_001),
        ("amount", True),
        ("currency", "xau"),
        ("interval", "week"),
        ("role_id", "VIP"),
        ("role_id", "12"),
        ("role_id", "9" * 40),
        ("points", -1),
        ("points", 100_001),
    ],
)
def test_a_wrong_part_is_named(here: TenantContext, field: str, value: Any) -> None:
    with pytest.raises(InvalidTierFormError) as told:
        create_tier(context=here, form=replace(FORM, **{field: value}), actor=ADA)
    assert told.value.field == field
    assert not SupporterTier.objects.exists()


def test_a_draft_keeps_what_was_written_and_is_made_safe(here: TenantContext) -> None:
    form = replace(FORM, name=f" <b>Gold</b>{RLO} ", perks=("One", " ", "Two"), role_id=f" {ROLE} ")
    tier = create_tier(context=here, form=form, actor=ADA)
    assert (tier.name, tier.perks, tier.role_id, tier.state) == ("<b>Gold</b>", ["One", "Two"], ROLE, "draft")
    entry = AuditEntry.objects.get(action="tier.created")
    assert (entry.target_id, (entry.after or {})["amount"]) == (tier.key, 500)


def test_a_draft_goes_on_sale_is_retired_and_comes_back(here: TenantContext) -> None:
    tier = make_tier(here)
    with pytest.raises(TierStateError, match="never on sale"):
        switch_tier(context=here, key=tier.key, state="retired", actor=ADA)
    for state in ("on_sale", "on_sale", "retired", "on_sale"):
        assert switch_tier(context=here, key=tier.key, state=state, actor=ADA).state == state
    with pytest.raises(TierStateError):
        switch_tier(context=here, key=tier.key, state="draft", actor=ADA)
    assert AuditEntry.objects.filter(action__in=("tier.offered", "tier.retired")).count() == 3


def test_so_many_are_on_sale_at_once(here: TenantContext) -> None:
    for _ in range(MAX_ON_SALE):
        tier = make_tier(here, on_sale=True)
    with pytest.raises(TierLimitError):
        make_tier(here, on_sale=True)
    switch_tier(context=here, key=tier.key, state="retired", actor=ADA)
    make_tier(here, on_sale=True)


def test_another_price_is_for_newcomers_and_another_role_for_everybody(here: TenantContext) -> None:
    tier = make_tier(here, on_sale=True)
    begin(here, make_member(here), tier)
    form = replace(FORM, amount=900, role_id=ROLE)
    for _ in range(2):
        change_tier(context=here, key=tier.key, form=form, actor=ADA)
    assert Supporter.objects.get().amount == 500
    assert get_tier(key=tier.key).amount == 900
    assert TenantEvent.objects.filter(type="SupporterRoleChanged").count() == 1
    assert AuditEntry.objects.filter(action="tier.changed").count() == 1


def test_they_stand_in_the_order_that_was_given(here: TenantContext) -> None:
    keys = [make_tier(here, name=name).key for name in ("One", "Two", "Three")]
    move_tier(context=here, key=keys[2], position=1, actor=ADA)
    move_tier(context=here, key=keys[0], position=99, actor=ADA)
    assert [line.tier.name for line in list_tiers()] == ["Three", "Two", "One"]


def test_only_what_nobody_could_buy_is_deleted(here: TenantContext) -> None:
    sold, offered, draft = make_tier(here, on_sale=True), make_tier(here, on_sale=True), make_tier(here)
    begin(here, make_member(here), sold)
    for tier in (sold, offered):
        with pytest.raises(TierInUseError):
            delete_tier(context=here, key=tier.key, actor=ADA)
    delete_tier(context=here, key=draft.key, actor=ADA)
    assert [line.supporters for line in list_tiers()] == [1, 0]


def test_another_community_s_tier_is_not_there(here: TenantContext, globex: TenantContext) -> None:
    tier = make_tier(here)
    with enter_tenant(globex):
        assert list_tiers() == []
        for act in (change_tier, switch_tier, move_tier, delete_tier):
            more: dict[str, Any] = {"form": FORM} if act is change_tier else {}
            more |= (
                {"state": "on_sale"} if act is switch_tier else {"position": 1} if act is move_tier else {}
            )
            with pytest.raises(TierNotFoundError):
                act(context=globex, key=tier.key, actor=ADA, **more)
