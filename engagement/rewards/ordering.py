"""The order of the catalogue, which is the organiser's."""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models import F, Max, Q

from engagement.audit.actor import Actor

from .catalogue import lock_reward, record_reward
from .errors import InvalidRewardError, RewardNotFoundError
from .locks import lock_catalogue
from .models import Reward, RewardState


@transaction.atomic
def move_reward(*, reward_id: int, before_id: int | None, actor: Actor) -> Reward:
    """Stand it right before another one in the order; None: at the end. Repeating it changes nothing.

    A few statements whatever the catalogue's size. Takes the catalogue's lock. Raises RewardNotFoundError.
    """
    lock_catalogue()
    reward = lock_reward(reward_id)
    if before_id == reward_id:
        return reward
    with connection.cursor() as cursor:
        # Dense first, because rewards of one position have their order by id alone.
        cursor.execute(
            "UPDATE reward SET position = placed.place FROM (SELECT id, row_number() OVER (ORDER BY position, id) AS place FROM reward) "
            "AS placed WHERE placed.id = reward.id AND reward.position <> placed.place"
        )
    reward.refresh_from_db(fields=["position"])
    if before_id is None:
        wanted = (Reward.objects.aggregate(last=Max("position"))["last"] or 0) + 1
    else:
        other = Reward.objects.filter(pk=min(before_id, 2**31 - 1)).values_list("position", flat=True).first()
        if other is None:
            raise RewardNotFoundError
        wanted = other
    if wanted - 1 == reward.position:
        return reward
    Reward.objects.filter(position__gte=wanted).update(position=F("position") + 1)
    Reward.objects.filter(pk=reward.pk).update(position=wanted)
    reward.position = wanted
    record_reward(actor, "reward.moved", reward)
    return reward


@transaction.atomic
def shift_reward(*, reward_id: int, to: str, actor: Actor) -> Reward:
    """Move it `up` or `down` by one, or to be `first` or `last`, among those that are not archived. At the end of the order nothing
    happens. Takes the catalogue's lock. Raises RewardNotFoundError, InvalidRewardError."""
    lock_catalogue()
    reward = lock_reward(reward_id)
    others = Reward.objects.exclude(state=RewardState.ARCHIVED).exclude(pk=reward.pk)
    before = others.filter(Q(position__lt=reward.position) | Q(position=reward.position, pk__lt=reward.pk))
    after = others.filter(Q(position__gt=reward.position) | Q(position=reward.position, pk__gt=reward.pk))
    if to == "up":
        target = before.order_by("-position", "-pk").first()
    elif to == "first":
        target = before.order_by("position", "pk").first()
    elif to == "down":
        following = list(after.order_by("position", "pk")[:2])
        if len(following) == 1:
            return move_reward(reward_id=reward_id, before_id=None, actor=actor)
        target = following[1] if following else None
    elif to == "last":
        return move_reward(reward_id=reward_id, before_id=None, actor=actor)
    else:
        raise InvalidRewardError("A reward moves up, down, first or last.", field="to")
    if target is None:
        return reward
    return move_reward(reward_id=reward_id, before_id=target.pk, actor=actor)
