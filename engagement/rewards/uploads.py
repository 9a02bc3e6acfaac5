"""Pictures of rewards and sponsors, and the file of a download, given as bytes: stored and named in one transaction.

What is stored already is not stored again: the same bytes under the same name change nothing.
"""

from __future__ import annotations

from django.db import transaction

from engagement.audit.actor import Actor
from engagement.files.models import FileUse, StoredFile
from engagement.files.services import store_file
from tenants.context import TenantContext
from tenants.gatekeeping import require_gate

from .catalogue import change_reward, lock_reward
from .errors import InvalidRewardError, RewardArchivedError, SponsorNotFoundError
from .locks import lock_catalogue
from .models import Reward, RewardKind, RewardState, Sponsor
from .sponsors import change_sponsor


@transaction.atomic
def set_reward_picture(
    *, context: TenantContext, reward_id: int, name: str, data: bytes, actor: Actor
) -> Reward:
    """The picture of a reward, in place of the one before. Locks the row; lock, news and errors as change_reward, and store_file's."""
    reward = _lock_open(reward_id)
    file_id = _store(FileUse.PICTURE, name, data, reward.picture_id)
    return change_reward(context=context, reward_id=reward_id, facts={"picture_id": file_id}, actor=actor)


def clear_reward_picture(*, context: TenantContext, reward_id: int, actor: Actor) -> Reward:
    """Repeating it changes nothing. Raises as change_reward."""
    return change_reward(context=context, reward_id=reward_id, facts={"picture_id": None}, actor=actor)


@transaction.atomic
def set_reward_file(
    *, context: TenantContext, reward_id: int, name: str, data: bytes, actor: Actor
) -> Reward:
    """What a download hands out from now on; what was redeemed keeps its file. Locks the row.

    Lock, news and errors as change_reward, and store_file's; InvalidRewardError for a reward of another kind.
    """
    reward = _lock_open(reward_id)
    _require_download(reward)
    file_id = _store(FileUse.DOWNLOAD, name, data, reward.settings.get("file_id"))
    facts = {"settings": {**reward.settings, "file_id": file_id}}
    return change_reward(context=context, reward_id=reward_id, facts=facts, actor=actor)


@transaction.atomic
def clear_reward_file(*, context: TenantContext, reward_id: int, actor: Actor) -> Reward:
    """Repeating it changes nothing. Raises as change_reward: a reward on offer needs its file, and keeps it."""
    reward = lock_reward(reward_id)
    _require_download(reward)
    rest = {name: value for name, value in reward.settings.items() if name != "file_id"}
    return change_reward(context=context, reward_id=reward_id, facts={"settings": rest}, actor=actor)


@transaction.atomic
def set_sponsor_picture(
    *, context: TenantContext, sponsor_id: int, name: str, data: bytes, actor: Actor
) -> Sponsor:
    """A sponsor's picture, in place of the one before. Takes the catalogue's lock. Raises as change_sponsor, and store_file's errors."""
    require_gate("sponsors", context)
    lock_catalogue()
    sponsor = Sponsor.objects.filter(pk=min(sponsor_id, 2**31 - 1)).first()
    if sponsor is None:
        raise SponsorNotFoundError
    file_id = _store(FileUse.PICTURE, name, data, sponsor.picture_id)
    return change_sponsor(context=context, sponsor_id=sponsor_id, facts={"picture_id": file_id}, actor=actor)


def clear_sponsor_picture(*, context: TenantContext, sponsor_id: int, actor: Actor) -> Sponsor:
    """Repeating it changes nothing. Raises as change_sponsor."""
    return change_sponsor(context=context, sponsor_id=sponsor_id, facts={"picture_id": None}, actor=actor)


def _lock_open(reward_id: int) -> Reward:
    reward = lock_reward(reward_id)
    if reward.state == RewardState.ARCHIVED:
        raise RewardArchivedError(reward.name)
    return reward


def _require_download(reward: Reward) -> None:
    if reward.kind != RewardKind.DOWNLOAD:
        raise InvalidRewardError(
            f"“{reward.name}” hands out no file. Only a download does; a picture goes to /picture.",
            field="file",
        )


def _store(use: FileUse, name: str, data: bytes, former_id: int | None) -> int:
    """The file's id: the former one's where the bytes and the name are the same."""
    made = store_file(use=use, name=name, data=data)
    former = None if former_id is None else StoredFile.objects.filter(pk=former_id).first()
    if former is not None and (former.sha256, former.name) == (made.sha256, made.name):
        made.delete()
        return int(former.pk)
    return int(made.pk)
