"""Changes of feature flags. Every process hears of one within a second (tenants.routing)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import transaction

from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema

from .errors import BadFlagError, FlagChangedError, FlagNotFoundError
from .flag_settings import FlagSetting
from .flags import FLAGS, Flag, Rollout
from .models import Tenant
from .routing import announce_flags

KEPT: Final = 30  # changes
NAMED: Final = 500  # communities in one list


@dataclass(frozen=True, slots=True)
class FlagState:
    """A flag with its setting; `setting` None: it stands as declared."""

    flag: Flag
    setting: FlagSetting | None

    @property
    def version(self) -> int:
        return 0 if self.setting is None else self.setting.version

    @property
    def rollout(self) -> Rollout:
        return Rollout(self.flag.default) if self.setting is None else Rollout.of(self.setting)


def list_flags() -> list[FlagState]:
    """All that are declared. One query."""
    with enter_schema(PUBLIC):
        rows = {row.name: row for row in FlagSetting.objects.filter(version__gt=0)}
    return [FlagState(flag, rows.get(name)) for name, flag in FLAGS.items()]


def get_flag(*, name: str) -> FlagState:
    """Raises FlagNotFoundError."""
    if name not in FLAGS:
        raise FlagNotFoundError(name, list(FLAGS))
    with enter_schema(PUBLIC):
        return FlagState(FLAGS[name], FlagSetting.objects.filter(name=name, version__gt=0).first())


def change_flag(*, name: str, rollout: Rollout, by: str, version: int | None = None) -> FlagState:
    """Roll the flag out so. `version` is what the caller saw; where somebody changed it since, nothing is written.

    Locks the flag's row. Idempotent: the same again is no change and leaves no trace. Who did what is kept with the flag. Raises
    FlagNotFoundError, BadFlagError, FlagChangedError.
    """
    _check(rollout)
    get_flag(name=name)
    with enter_schema(PUBLIC), transaction.atomic():
        FlagSetting.objects.get_or_create(name=name, defaults={"enabled": FLAGS[name].default, "version": 0})
        row = FlagSetting.objects.select_for_update().get(name=name)
        before = Rollout.of(row)
        if before == rollout:
            return FlagState(FLAGS[name], row if row.version else None)
        if version is not None and version != row.version:
            raise FlagChangedError(name)
        told = {
            "by": by[:100],
            "at": clock.now().isoformat(),
            "before": before.to_data(),
            "after": rollout.to_data(),
        }
        for key, value in rollout.to_data().items():
            setattr(row, key, value)
        row.version, row.changed_at = row.version + 1, clock.now()
        row.history = [told, *row.history][:KEPT]
        row.save()
        announce_flags()
    return FlagState(FLAGS[name], row)


def _check(rollout: Rollout) -> None:
    if not 0 <= rollout.percentage <= 100:
        raise BadFlagError("Choose a percentage from 0 to 100.", field="percentage")
    unknown = sorted(rollout.kinds - set(Tenant.Kind.values))
    if unknown:
        raise BadFlagError(f"There is no kind of community “{unknown[0][:40]}”.", field="kinds")
    if len(rollout.always) > NAMED or len(rollout.never) > NAMED:
        raise BadFlagError(
            f"At most {NAMED} communities are named one by one. Use the percentage for more.", field="always"
        )
    both = rollout.always & rollout.never
    if both:
        raise BadFlagError("A community stands in both lists. Choose one of them.", field="never")
    named = rollout.always | rollout.never
    with enter_schema(PUBLIC):
        missing = named - set(Tenant.objects.filter(pk__in=named).values_list("pk", flat=True))
    if missing:
        raise BadFlagError(f"There is no community with the id {min(missing)}.", field="always")
