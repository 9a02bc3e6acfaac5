"""Every write of tiers. Each locks all tiers in the order of their ids, so that two who change them wait for each other."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from saas.core import clock
from saas.events import publish
from tenants.context import TenantContext
from tenants.gatekeeping import require_gate

from .errors import TierInUseError, TierLimitError, TierNotFoundError, TierStateError
from .events import SupporterRoleChanged
from .forms import TierForm, check_form
from .models import Supporter, SupporterTier, TierState

MAX_ON_SALE: Final = 10
MAX_TIERS: Final = 100
_FIELDS: Final = ("name", "description", "perks", "amount", "currency", "interval", "role_id", "points")
# Where a tier can be switched to, by where it is.
_WAYS: Final = {
    TierState.DRAFT: (TierState.ON_SALE,),
    TierState.ON_SALE: (TierState.RETIRED,),
    TierState.RETIRED: (TierState.ON_SALE,),
}


@transaction.atomic
def create_tier(*, context: TenantContext, form: TierForm, actor: Actor) -> SupporterTier:
    """A draft, below all others. Not idempotent. Recorded. Raises InvalidTierFormError, TierLimitError."""
    checked = check_form(form)
    tiers = _lock_tiers()
    if len(tiers) >= MAX_TIERS:
        raise TierLimitError(
            f"A community keeps up to {MAX_TIERS} tiers, and all of them exist. Delete one that nobody bought."
        )
    last = max((tier.position for tier in tiers), default=0)
    tier = SupporterTier.objects.create(**_values(checked), position=last + 1)
    _record(actor, "tier.created", tier, after=_describe(tier))
    return tier


@transaction.atomic
def change_tier(*, context: TenantContext, key: str, form: TierForm, actor: Actor) -> SupporterTier:
    """Write what the form says. Amount, currency and interval hold for whoever begins from now on; the rest for everybody.

    Idempotent: the same form changes nothing. Recorded. Publishes SupporterRoleChanged where another role comes with it. Raises
    TierNotFoundError, InvalidTierFormError.
    """
    checked = check_form(form)
    tier = _find(_lock_tiers(), key)
    before = _describe(tier)
    former_role = tier.role_id
    for name, value in _values(checked).items():
        setattr(tier, name, value)
    if _describe(tier) == before:
        return tier
    tier.changed_at = clock.now()
    tier.save(update_fields=[*_FIELDS, "changed_at"])
    _record(actor, "tier.changed", tier, before=before, after=_describe(tier))
    if tier.role_id != former_role:
        publish(SupporterRoleChanged(tier.pk))
    return tier


@transaction.atomic
def switch_tier(*, context: TenantContext, key: str, state: str, actor: Actor) -> SupporterTier:
    """Put a tier on sale, or retire it: it is sold no more and goes on for who has it. Idempotent. Recorded.

    Raises TierNotFoundError, TierStateError; for a sale GateClosedError, TierLimitError.
    """
    tiers = _lock_tiers()
    tier = _find(tiers, key)
    if tier.state == state:
        return tier
    if state not in _WAYS[TierState(tier.state)]:
        raise TierStateError(
            f"“{tier.name}” was never on sale, so there is nothing to retire. Put it on sale, or delete it."
            if state == TierState.RETIRED
            else f"“{str(state)[:20]}” is nothing that a tier can be switched to. Choose on_sale or retired."
        )
    now = clock.now()
    if state == TierState.ON_SALE:
        require_gate("supporters", context)
        if sum(one.state == TierState.ON_SALE for one in tiers) >= MAX_ON_SALE:
            raise TierLimitError(
                f"Up to {MAX_ON_SALE} tiers are on sale at once, and so many are. Retire one first."
            )
        tier.offered_at, tier.retired_at = tier.offered_at or now, None
    else:
        tier.retired_at = now
    before, tier.state = tier.state, state
    tier.save(update_fields=["state", "offered_at", "retired_at"])
    action = "tier.offered" if state == TierState.ON_SALE else "tier.retired"
    _record(actor, action, tier, before={"state": before}, after={"state": state})
    return tier


@transaction.atomic
def move_tier(*, context: TenantContext, key: str, position: int, actor: Actor) -> None:
    """Make it the one at `position`, counted from 1; the others close up. Idempotent. Recorded. Raises TierNotFoundError."""
    tiers = sorted(_lock_tiers(), key=lambda tier: (tier.position, tier.pk))
    tier = _find(tiers, key)
    before = tiers.index(tier)
    after = min(max(position - 1, 0), len(tiers) - 1)
    tiers.insert(after, tiers.pop(before))
    for number, one in enumerate(tiers, start=1):
        if one.position != number:
            SupporterTier.objects.filter(pk=one.pk).update(position=number)
    if after != before:
        _record(actor, "tier.moved", tier, before={"position": before + 1}, after={"position": after + 1})


@transaction.atomic
def delete_tier(*, context: TenantContext, key: str, actor: Actor) -> None:
    """Only one that nobody ever bought and that is not on sale, so that nobody is paying for it at this moment. Recorded.

    Raises TierNotFoundError, TierInUseError.
    """
    tier = _find(_lock_tiers(), key)
    if Supporter.objects.filter(tier=tier).exists():
        raise TierInUseError(f"“{tier.name}” was bought, so it stays. Retire it: then it is sold no more.")
    if tier.offered_at is not None:
        raise TierInUseError(
            f"“{tier.name}” was on sale, and somebody may be paying for it just now. Retire it: then it is sold no more."
        )
    _record(actor, "tier.deleted", tier, before=_describe(tier))
    tier.delete()


def _lock_tiers() -> list[SupporterTier]:
    return list(SupporterTier.objects.select_for_update().order_by("pk"))


def _find(tiers: list[SupporterTier], key: str) -> SupporterTier:
    for tier in tiers:
        if tier.key == key:
            return tier
    raise TierNotFoundError


def _values(form: TierForm) -> dict[str, Any]:
    return {name: getattr(form, name) for name in _FIELDS} | {"perks": list(form.perks)}


def _describe(tier: SupporterTier) -> dict[str, Any]:
    return {name: getattr(tier, name) for name in _FIELDS}


def _record(actor: Actor, action: str, tier: SupporterTier, **changed: Any) -> None:
    record_audit(
        actor=actor,
        action=action,
        target_kind="supporter_tier",
        target_id=tier.key,
        target_name=tier.name,
        **changed,
    )
