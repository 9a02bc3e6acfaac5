"""Every write of rewards as they stand in the catalogue. Stock that is handed out is redemption's to count.

Each takes the reward's row; adding, offering and moving take the catalogue's lock before it (locks.py). `version` counts what
organisers change, so that two of them who edit at the same time see each other.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Max

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.files.services import keep_file
from saas.core import clock
from saas.core.ids import new_ulid
from saas.events import publish
from tenants.context import TenantContext

from .errors import (
    InvalidRewardError,
    RewardArchivedError,
    RewardChangedError,
    RewardKeyTakenError,
    RewardNotFoundError,
    StockPromisedError,
    TooManyRewardsError,
)
from .events import RewardChanged, RewardOffered, RewardWithdrawn
from .facts import FIELDS, check_facts, check_key, check_whole, whole_number
from .freezing import require_room_for_reward
from .kinds import check_settings, get_kind, is_pool
from .locks import lock_catalogue
from .models import Approval, LimitPeriod, Reward, RewardCode, RewardKind, RewardState
from .references import check_references, files_of, follow_files, possible_id

MAX_REWARDS: Final = 5_000
DEFAULTS: Final[Mapping[str, Any]] = {
    "description": "",
    "category": "",
    "picture_id": None,
    "sponsor_id": None,
    "stock": None,
    "low_stock": None,
    "limit_count": None,
    "limit_period": LimitPeriod.EVER.value,
    "eligibility": {},
    "starts_at": None,
    "ends_at": None,
    "is_drop": False,
    "approval": Approval.AUTOMATIC.value,
    "approval_above": None,
    "settings": {},
}


def key_of(name: str, token: str = "") -> str:
    """A key for a reward that a person named: the name in small letters, and a token that makes it one of its kind. The same form sent
    twice therefore asks for the same key."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = "-".join(re.findall(r"[a-z0-9]+", plain))[:24].strip("-") or "reward"
    return f"{words}-{re.sub('[^a-z0-9]', '', (token or new_ulid()).lower())[-12:]}".rstrip("-")


@transaction.atomic
def create_reward(
    *, context: TenantContext, kind: str, facts: Mapping[str, Any], actor: Actor, key: str = ""
) -> Reward:
    """Add a draft, last in the order; it is offered by `offer_reward`. A key is taken once, which makes a repeat harmless.

    `facts` as facts.FIELDS; name and price must be there. Takes the catalogue's lock. Raises InvalidRewardError, RewardKeyTakenError,
    TooManyRewardsError, SponsorNotFoundError, GateClosedError for a sponsor or a drop that the plan does not have.
    """
    get_kind(kind)
    for name in ("name", "price"):
        if name not in facts:
            raise InvalidRewardError(f"A reward needs its {name}.", field=name)
    values = {**DEFAULTS, **check_facts(facts)}
    check_whole(values)
    values["settings"] = check_settings(kind, values["settings"], complete=False)
    if is_pool(kind, values["settings"]):
        values["stock"] = 0  # its codes are counted when they come
    key = check_key(key or key_of(values["name"]))
    lock_catalogue()
    if Reward.objects.filter(key=key).exists():
        raise RewardKeyTakenError(key)
    if Reward.objects.exclude(state=RewardState.ARCHIVED).count() >= MAX_REWARDS:
        raise TooManyRewardsError(
            f"A catalogue has at most {MAX_REWARDS:,} rewards. Archive one that is no longer needed."
        )
    check_references(context, kind, values, before=DEFAULTS)
    last = Reward.objects.aggregate(last=Max("position"))["last"]
    now = clock.now()
    reward = Reward.objects.create(
        kind=kind,
        key=key,
        position=0 if last is None else last + 1,
        created_at=now,
        changed_at=now,
        **values,
    )
    for file_id in files_of(reward):
        keep_file(file_id=file_id)
    said = {
        name: value for name, value in describe_reward(reward).items() if value not in (None, "", False, {})
    }
    record_reward(actor, "reward.created", reward, after=said)
    return reward


@transaction.atomic
def change_reward(
    *,
    context: TenantContext,
    reward_id: int,
    facts: Mapping[str, Any],
    actor: Actor,
    expected_version: int | None = None,
    stock_seen: int | None = None,
) -> Reward:
    """Change what `facts` name; the rest stays. Nothing happens where nothing differs. What was redeemed keeps what it was then.

    `stock_seen` is what the caller's stock was counted from: only the difference is applied, so that what was redeemed meanwhile is
    not undone. `expected_version` is that which the caller began from. Locks the row. Publishes RewardChanged. Raises
    RewardNotFoundError, RewardArchivedError, RewardChangedError, InvalidRewardError, StockPromisedError, and as create_reward.
    """
    checked = check_facts(facts)
    reward = lock_reward(reward_id)
    before = values_of(reward)
    if "settings" in checked:
        wanted = {**checked["settings"]} if isinstance(checked["settings"], Mapping) else checked["settings"]
        checked["settings"] = check_settings(reward.kind, wanted, complete=reward.state == RewardState.ACTIVE)
    values = {**before, **checked}
    if "stock" in checked:
        values["stock"] = _stock_wanted(reward, checked["stock"], stock_seen)
    if is_pool(reward.kind, values["settings"]):
        # Between a code that is handed out and the stock that follows it, the two differ; so it is counted once, as it becomes a pool.
        was_pool = is_pool(reward.kind, before["settings"])
        values["stock"] = before["stock"] if was_pool else _count_codes(reward)
    changed = [name for name, value in values.items() if value != before[name]]
    if not changed:
        return reward
    if reward.state == RewardState.ARCHIVED:
        raise RewardArchivedError(reward.name)
    if expected_version is not None and expected_version != reward.version:
        raise RewardChangedError(reward.name, reward.version)
    check_whole(values)
    check_references(context, reward.kind, values, before=before)
    if values["stock"] is not None and values["stock"] < reward.reserved:
        raise StockPromisedError(reward.reserved)
    files_before, described = files_of(reward), describe_reward(reward)
    for name in changed:
        setattr(reward, name, values[name])
    reward.version += 1
    reward.changed_at = clock.now()
    reward.save(update_fields=[*changed, "version", "changed_at"])
    follow_files(reward, files_before)
    publish(RewardChanged(reward.pk, reward.name, reward.price, changed))
    record_reward(actor, "reward.changed", reward, before=described, after=describe_reward(reward))
    return reward


@transaction.atomic
def offer_reward(*, context: TenantContext, reward_id: int, actor: Actor) -> Reward:
    """Put a draft or a paused reward into the shop. Repeating it changes nothing.

    Takes the catalogue's lock, then the row's. Publishes RewardOffered. Raises RewardNotFoundError, RewardArchivedError,
    InvalidRewardError where something that its kind needs is missing, LimitReachedError.
    """
    lock_catalogue()
    reward = lock_reward(reward_id)
    if reward.state == RewardState.ARCHIVED:
        raise RewardArchivedError(reward.name)
    if reward.state == RewardState.ACTIVE:
        return reward
    check_settings(reward.kind, reward.settings, complete=True)
    _refuse_drawn(reward)
    check_references(context, reward.kind, values_of(reward), before=DEFAULTS, promised=True)
    require_room_for_reward(context)
    _move_to(reward, RewardState.ACTIVE, actor, "reward.offered")
    publish(RewardOffered(reward.pk, reward.name, reward.price))
    return reward


@transaction.atomic
def pause_reward(*, reward_id: int, actor: Actor) -> Reward:
    """Take it out of the shop for now; what was redeemed goes its way. Repeating it, and pausing a draft, changes nothing.

    Locks the row. Publishes RewardWithdrawn. Raises RewardNotFoundError, RewardArchivedError.
    """
    reward = lock_reward(reward_id)
    if reward.state == RewardState.ARCHIVED:
        raise RewardArchivedError(reward.name)
    if reward.state == RewardState.ACTIVE:
        _move_to(reward, RewardState.PAUSED, actor, "reward.paused")
        publish(RewardWithdrawn(reward.pk, reward.name, reward.state))
    return reward


@transaction.atomic
def archive_reward(*, reward_id: int, actor: Actor) -> Reward:
    """Take it out of the catalogue; nothing is deleted, what was redeemed goes its way, and `restore_reward` brings it back.

    Repeating it changes nothing. Locks the row. Publishes RewardWithdrawn where it was on offer. Raises RewardNotFoundError.
    """
    reward = lock_reward(reward_id)
    if reward.state != RewardState.ARCHIVED:
        was_offered = reward.state == RewardState.ACTIVE
        reward.archived_at = clock.now()
        _move_to(reward, RewardState.ARCHIVED, actor, "reward.archived")
        if was_offered:
            publish(RewardWithdrawn(reward.pk, reward.name, reward.state))
    return reward


@transaction.atomic
def restore_reward(*, reward_id: int, actor: Actor) -> Reward:
    """Bring an archived reward back as a paused one. Repeating it changes nothing.

    Takes the catalogue's lock, then the row's. Raises RewardNotFoundError, TooManyRewardsError.
    """
    lock_catalogue()
    reward = lock_reward(reward_id)
    if reward.state == RewardState.ARCHIVED:
        if Reward.objects.exclude(state=RewardState.ARCHIVED).count() >= MAX_REWARDS:
            raise TooManyRewardsError(
                f"A catalogue has at most {MAX_REWARDS:,} rewards. Archive another one first."
            )
        reward.archived_at = None
        _move_to(reward, RewardState.PAUSED, actor, "reward.restored")
    return reward


@transaction.atomic
def copy_reward(*, context: TenantContext, reward_id: int, actor: Actor, token: str = "") -> Reward:
    """A draft with all that another one says, but its codes. Idempotent on `token`, where one is given.

    Takes the catalogue's lock. Raises RewardNotFoundError, TooManyRewardsError, GateClosedError.
    """
    original = Reward.objects.filter(pk=possible_id(reward_id)).first()
    if original is None:
        raise RewardNotFoundError
    key = key_of(original.name, token)
    made = Reward.objects.filter(key=key).first() if token else None
    if made is not None:
        return made
    facts = {**values_of(original), "name": f"{original.name[:73]} (copy)"}
    return create_reward(context=context, kind=original.kind, facts=facts, actor=actor, key=key)


@transaction.atomic
def restock_reward(*, reward_id: int, more: int, actor: Actor) -> Reward:
    """Add `more` pieces to a counted stock, or take some away with a negative number. Not idempotent.

    Locks the row. Publishes RewardChanged. Raises RewardNotFoundError, RewardArchivedError, InvalidRewardError, StockPromisedError.
    """
    reward = lock_reward(reward_id)
    if reward.state == RewardState.ARCHIVED:
        raise RewardArchivedError(reward.name)
    if reward.stock is None or is_pool(reward.kind, reward.settings):
        raise InvalidRewardError(
            f"The stock of “{reward.name}” is its codes. Bring more of them, or withdraw some."
            if reward.stock is not None
            else f"“{reward.name}” has no counted stock. Set one first.",
            field="stock",
        )
    if type(more) is not int or more == 0:
        raise InvalidRewardError(
            "Say how many more there are, as a whole number; less with a minus.", field="stock"
        )
    before = reward.stock
    wanted = whole_number("stock", before + more, least=0)
    if wanted < reward.reserved:
        raise StockPromisedError(reward.reserved)
    reward.stock, reward.version, reward.changed_at = wanted, reward.version + 1, clock.now()
    reward.save(update_fields=["stock", "version", "changed_at"])
    publish(RewardChanged(reward.pk, reward.name, reward.price, ["stock"]))
    record_reward(actor, "reward.changed", reward, before={"stock": before}, after={"stock": wanted})
    return reward


def values_of(reward: Reward) -> dict[str, Any]:
    """What organisers write about it, by the names of facts.FIELDS."""
    return {name: getattr(reward, name) for name in FIELDS}


def describe_reward(reward: Reward) -> dict[str, Any]:
    """For the audit log."""
    described = {"kind": reward.kind, "state": reward.state, **values_of(reward)}
    for name in ("starts_at", "ends_at"):
        described[name] = described[name].isoformat() if described[name] else None
    return described


def _stock_wanted(reward: Reward, wanted: int | None, seen: int | None) -> int | None:
    if wanted is None or seen is None or reward.stock is None:
        return wanted
    return whole_number("stock", max(reward.stock + wanted - seen, 0), least=0)


def _refuse_drawn(reward: Reward) -> None:
    if (
        reward.kind == RewardKind.RAFFLE
        and datetime.fromisoformat(reward.settings["draws_at"]) <= clock.now()
    ):
        raise InvalidRewardError(
            "The winners would be drawn in the past. Choose a later moment.", field="settings.draws_at"
        )


def _move_to(reward: Reward, state: RewardState, actor: Actor, action: str) -> None:
    before = reward.state
    reward.state, reward.changed_at = state, clock.now()
    reward.version += 1
    reward.save(update_fields=["state", "changed_at", "version", "archived_at"])
    record_reward(actor, action, reward, before={"state": before}, after={"state": state.value})


def _count_codes(reward: Reward) -> int:
    return RewardCode.objects.filter(reward=reward, redemption=None, withdrawn_at=None).count()


def lock_reward(reward_id: int) -> Reward:
    """Its row, to the end of the transaction. Raises RewardNotFoundError."""
    reward = Reward.objects.select_for_update().filter(pk=possible_id(reward_id)).first()
    if reward is None:
        raise RewardNotFoundError
    return reward


def record_reward(
    actor: Actor,
    action: str,
    reward: Reward,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """In the audit log."""
    record_audit(
        actor=actor,
        action=action,
        target_kind="reward",
        target_id=reward.pk,
        target_name=reward.name,
        before=before,
        after=after,
    )
