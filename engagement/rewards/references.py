"""What a reward names by id: its sponsor, its files, its credits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engagement.credits.models import CreditType
from engagement.files.models import FileUse, StoredFile
from engagement.files.services import keep_file, release_file
from tenants.context import TenantContext
from tenants.gatekeeping import require_gate

from .errors import InvalidRewardError, SponsorNotFoundError
from .models import Redemption, Reward, RewardKind, Sponsor


def check_references(
    context: TenantContext,
    kind: str,
    values: Mapping[str, Any],
    *,
    before: Mapping[str, Any],
    promised: bool = False,
) -> None:
    """What is named by id is there, is of the right kind, and is in the plan. Only what differs from `before` is asked of the plan."""
    if values["sponsor_id"] is not None and values["sponsor_id"] != before["sponsor_id"]:
        if not promised:
            require_gate("sponsors", context)
        if not Sponsor.objects.filter(pk=values["sponsor_id"]).exists():
            raise SponsorNotFoundError
    if values["is_drop"] and not before["is_drop"]:
        require_gate("drops", context)
    if values["picture_id"] is not None and values["picture_id"] != before["picture_id"]:
        _require_file(values["picture_id"], FileUse.PICTURE, "picture_id")
    settings, former = values["settings"], before["settings"]
    if kind == RewardKind.DOWNLOAD and settings.get("file_id") not in (None, former.get("file_id")):
        _require_file(settings["file_id"], FileUse.DOWNLOAD, "settings.file_id")
    if kind == RewardKind.CREDITS and settings.get("type_id") not in (None, former.get("type_id")):
        _require_credits(settings["type_id"])


def _require_file(file_id: int, use: FileUse, field: str) -> None:
    # Locked, so that the sweep does not take it before it is kept.
    if not StoredFile.objects.select_for_update().filter(pk=possible_id(file_id), use=use).exists():
        raise InvalidRewardError("The file is no longer there. Upload it again.", field=field)


def _require_credits(type_id: int) -> None:
    if not CreditType.objects.filter(pk=min(type_id, 2**15 - 1), archived_at=None).exists():
        raise InvalidRewardError(
            "Choose one of the credits that this community has.", field="settings.type_id"
        )


def files_of(reward: Reward) -> set[int]:
    files = {
        reward.picture_id,
        reward.settings.get("file_id") if reward.kind == RewardKind.DOWNLOAD else None,
    }
    return {file_id for file_id in files if file_id is not None}


def follow_files(reward: Reward, before: set[int]) -> None:
    """Keep what it names now; let go of what nobody names any more. A download that somebody redeemed stays theirs."""
    now = files_of(reward)
    for file_id in now - before:
        keep_file(file_id=file_id)
    for file_id in before - now:
        named = Reward.objects.filter(picture_id=file_id) | Reward.objects.filter(settings__file_id=file_id)
        is_download = StoredFile.objects.filter(pk=file_id, use=FileUse.DOWNLOAD).exists()
        if named.exists() or (is_download and Redemption.objects.filter(reward=reward).exists()):
            continue
        release_file(file_id=file_id)


def possible_id(given: int) -> int:
    """`given`, or 0, which no row has, where no row could have it."""
    return given if 0 < given < 2**31 else 0
