"""The catalogue's writes: what they store, refuse, record and tell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engagement.audit.models import AuditEntry
from engagement.files.models import FileUse, StoredFile
from engagement.files.services import store_file
from engagement.rewards import catalogue as services
from engagement.rewards.catalogue import (
    archive_reward,
    change_reward,
    copy_reward,
    create_reward,
    offer_reward,
    pause_reward,
    restock_reward,
    restore_reward,
)
from engagement.rewards.errors import (
    InvalidRewardError,
    RewardArchivedError,
    RewardChangedError,
    RewardKeyTakenError,
    RewardNotFoundError,
    StockPromisedError,
    TooManyRewardsError,
)
from engagement.rewards.models import Reward
from engagement.rewards.ordering import move_reward
from engagement.rewards.selectors import list_rewards
from saas.events.models import TenantEvent
from tenants.context import TenantContext, enter_tenant
from tenants.gates import LimitReachedError

from ...plans import put_on_plan
from ..files.pictures import picture
from .catalogues import ADA, make

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in_acme(db: None, acme: TenantContext) -> Iterator[None]:
    with enter_tenant(acme):
        yield


def told() -> list[str]:
    return list(TenantEvent.objects.order_by("pk").values_list("type", flat=True))


def recorded() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))


def test_a_reward_begins_as_a_draft_and_is_offered_paused_archived_and_restored(acme: TenantContext) -> None:
    reward = make(acme, name="Mug", offered=False)
    assert reward.state == "draft"

    assert offer_reward(context=acme, reward_id=reward.pk, actor=ADA).state == "active"
    offer_reward(context=acme, reward_id=reward.pk, actor=ADA)
    assert pause_reward(reward_id=reward.pk, actor=ADA).state == "paused"
    archived = archive_reward(reward_id=reward.pk, actor=ADA)
    assert (archived.state, archived.archived_at is not None) == ("archived", True)
    archive_reward(reward_id=reward.pk, actor=ADA)
    with pytest.raises(RewardArchivedError):
        offer_reward(context=acme, reward_id=reward.pk, actor=ADA)
    back = restore_reward(reward_id=reward.pk, actor=ADA)

    assert (back.state, back.archived_at) == ("paused", None)
    assert told() == ["RewardOffered", "RewardWithdrawn"]
    assert recorded() == [f"reward.{act}" for act in ("created", "offered", "paused", "archived", "restored")]


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"price": 0}, "price"),
        ({"price": -5}, "price"),
        ({"price": 1_000_000_001}, "price"),
        ({"price": 10**30}, "price"),
        ({"price": 1.5}, "price"),
        ({"price": True}, "price"),
        ({"price": "ten"}, "price"),
        ({"name": " \u202e "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": 7}, "name"),
        ({"description": "x" * 100_000}, "description"),
        ({"stock": -1}, "stock"),
        ({"limit_count": 0}, "limit_count"),
        ({"limit_period": "year"}, "limit_period"),
        ({"approval": "nobody"}, "approval"),
        ({"approval": "above"}, "approval_above"),
        ({"starts_at": "2026-05-04T12:00:00"}, "starts_at"),
        ({"starts_at": "soon"}, "starts_at"),
        ({"starts_at": NOW, "ends_at": NOW}, "ends_at"),
        ({"is_drop": True}, "starts_at"),
        ({"is_drop": "yes"}, "is_drop"),
        ({"eligibility": {"level": "x"}}, "eligibility.level"),
        ({"eligibility": {"luck": 3}}, "eligibility"),
        ({"eligibility": {"roles": ["admin"]}}, "eligibility.roles"),
        ({"settings": {"role_id": 1}}, "settings"),
        ({"settings": []}, "settings"),
        ({"picture_id": 999}, "picture_id"),
        ({"wings": 2}, "wings"),
    ],
)
def test_what_makes_no_sense_is_refused_and_names_the_field(
    acme: TenantContext, facts: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidRewardError) as refused:
        create_reward(context=acme, kind="custom", facts={"name": "Mug", "price": 5, **facts}, actor=ADA)

    assert refused.value.field == field
    assert not Reward.objects.exists()


@pytest.mark.parametrize(
    ("kind", "settings", "field"),
    [
        ("role", {}, "settings.role_id"),
        ("role", {"role_id": "@everyone"}, "settings.role_id"),
        ("role", {"role_id": "123456789012345678", "days": 0}, "settings.days"),
        ("download", {}, "settings.file_id"),
        ("code", {"source": "thin air"}, "settings.source"),
        ("code", {"source": "generated", "prefix": "a b"}, "settings.prefix"),
        ("partner", {"url": "javascript:alert(1)"}, "settings.url"),
        ("partner", {"url": "https://user:pw@example.com"}, "settings.url"),
        ("merchandise", {"countries": ["Germany"]}, "settings.countries"),
        ("credits", {"amount": 5}, "settings.type_id"),
        ("credits", {"type_id": 999, "amount": 5}, "settings.type_id"),
        ("raffle", {"draws_at": "tomorrow"}, "settings.draws_at"),
        ("raffle", {"draws_at": "2020-01-01T00:00:00+00:00", "prize": "A mug"}, "settings.draws_at"),
        ("custom", {}, "settings.instructions"),
    ],
)
def test_what_its_kind_needs_must_be_there_before_it_is_offered(
    acme: TenantContext, kind: str, settings: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidRewardError) as refused:
        make(acme, kind, settings=settings)

    assert refused.value.field == field


def test_a_change_says_only_what_changes_and_the_same_again_changes_nothing(acme: TenantContext) -> None:
    reward = make(acme, name="Mug", price=50, category="Merch")

    changed = change_reward(context=acme, reward_id=reward.pk, facts={"price": 60}, actor=ADA)
    again = change_reward(context=acme, reward_id=reward.pk, facts={"price": 60}, actor=ADA)

    assert (changed.price, changed.category, changed.version) == (60, "Merch", reward.version + 1)
    assert again.version == changed.version
    assert AuditEntry.objects.filter(action="reward.changed").get().after == {"price": 60}


def test_whoever_began_from_another_version_is_told_and_nothing_is_lost(acme: TenantContext) -> None:
    reward = make(acme)
    change_reward(context=acme, reward_id=reward.pk, facts={"name": "Theirs"}, actor=ADA)

    with pytest.raises(RewardChangedError):
        change_reward(
            context=acme,
            reward_id=reward.pk,
            facts={"name": "Mine"},
            actor=ADA,
            expected_version=reward.version,
        )

    assert Reward.objects.get().name == "Theirs"


def test_a_stock_that_was_seen_is_changed_by_its_difference(acme: TenantContext) -> None:
    reward = make(acme, stock=10)
    Reward.objects.update(
        stock=7, reserved=2
    )  # three were handed out and two are promised since the form was opened

    changed = change_reward(context=acme, reward_id=reward.pk, facts={"stock": 15}, stock_seen=10, actor=ADA)

    assert changed.stock == 12
    with pytest.raises(StockPromisedError):
        change_reward(context=acme, reward_id=reward.pk, facts={"stock": 1}, actor=ADA)
    with pytest.raises(StockPromisedError):
        restock_reward(reward_id=reward.pk, more=-11, actor=ADA)
    assert restock_reward(reward_id=reward.pk, more=-10, actor=ADA).stock == 2


def test_a_reward_on_offer_can_not_lose_what_its_kind_needs(acme: TenantContext) -> None:
    reward = make(acme, "partner", settings={"url": "https://example.com/offer"})

    with pytest.raises(InvalidRewardError):
        change_reward(context=acme, reward_id=reward.pk, facts={"settings": {}}, actor=ADA)


def test_a_key_is_taken_once_and_a_copy_is_a_draft_of_its_own(acme: TenantContext) -> None:
    reward = make(acme, name="Mug", key="mug", stock=4)
    with pytest.raises(RewardKeyTakenError):
        make(acme, key="mug")

    copy = copy_reward(context=acme, reward_id=reward.pk, actor=ADA, token="01ABC")
    same = copy_reward(context=acme, reward_id=reward.pk, actor=ADA, token="01ABC")

    assert (copy.pk == same.pk, copy.state, copy.name, copy.stock) == (True, "draft", "Mug (copy)", 4)
    assert copy.key != "mug"


def test_the_order_is_the_organisers(acme: TenantContext) -> None:
    one, two, three = (make(acme, name=name) for name in ("One", "Two", "Three"))

    move_reward(reward_id=three.pk, before_id=one.pk, actor=ADA)
    assert [reward.name for reward in list_rewards()] == ["Three", "One", "Two"]
    move_reward(reward_id=three.pk, before_id=None, actor=ADA)
    move_reward(reward_id=three.pk, before_id=None, actor=ADA)
    move_reward(reward_id=one.pk, before_id=three.pk, actor=ADA)

    assert [reward.name for reward in list_rewards()] == ["Two", "One", "Three"]
    with pytest.raises(RewardNotFoundError):
        move_reward(reward_id=two.pk, before_id=10**12, actor=ADA)


def test_a_picture_is_kept_while_something_shows_it(acme: TenantContext) -> None:
    first, second = (store_file(use=FileUse.PICTURE, name="x.png", data=picture()) for _ in range(2))
    reward = make(acme, picture_id=first.pk)
    copy = copy_reward(context=acme, reward_id=reward.pk, actor=ADA)

    change_reward(context=acme, reward_id=reward.pk, facts={"picture_id": second.pk}, actor=ADA)
    assert StoredFile.objects.get(pk=first.pk).kept, "the copy shows it still"
    change_reward(context=acme, reward_id=copy.pk, facts={"picture_id": None}, actor=ADA)

    assert not StoredFile.objects.get(pk=first.pk).kept
    assert StoredFile.objects.get(pk=second.pk).kept


def test_a_plan_without_room_offers_no_more_and_a_paused_one_makes_room(
    acme: TenantContext, settings: Any
) -> None:
    settings.BILLING_ON = True
    acme = put_on_plan(acme, rewards=2)
    first, _second = make(acme), make(acme)
    third = make(acme, offered=False)

    with pytest.raises(LimitReachedError):
        offer_reward(context=acme, reward_id=third.pk, actor=ADA)
    pause_reward(reward_id=first.pk, actor=ADA)

    assert offer_reward(context=acme, reward_id=third.pk, actor=ADA).state == "active"


def test_a_catalogue_does_not_grow_for_ever(acme: TenantContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MAX_REWARDS", 1)
    reward = make(acme)

    with pytest.raises(TooManyRewardsError):
        make(acme)
    archive_reward(reward_id=reward.pk, actor=ADA)
    make(acme)
    with pytest.raises(TooManyRewardsError):
        restore_reward(reward_id=reward.pk, actor=ADA)


def test_a_reward_of_another_community_does_not_exist(acme: TenantContext, globex: TenantContext) -> None:
    with enter_tenant(globex):
        theirs = make(globex)

    for act in (pause_reward, archive_reward, restore_reward):
        with pytest.raises(RewardNotFoundError):
            act(reward_id=theirs.pk + 10**6, actor=ADA)
    assert not Reward.objects.exists()


def test_times_are_moments_with_a_zone(acme: TenantContext) -> None:
    reward = make(acme, starts_at="2026-05-04T14:00:00+02:00", ends_at=NOW + timedelta(days=1))

    assert reward.starts_at == NOW
