"""A test activity: an organiser's own deed, sent through the stream as a program would send it.

It earns like any other, for the organiser themself, so that what they see is what a member would see.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from redis import RedisError

from engagement.rules.definition import DAILY_BONUS
from engagement.rules.selectors import load_rule_set
from engagement.rules.words import deed_text
from saas.core import clock
from saas.core.errors import InvalidInputError, UnavailableError
from saas.core.ids import new_ulid
from saas.core.redis_clients import stream_redis
from tenants.context import TenantContext
from tenants.models import User

from .messages import TRIAL, TYPES, Activity, is_own_type
from .stream import append_activities

MOST_TYPES: Final = 20


def list_trial_types() -> list[tuple[str, str]]:
    """What can be tried: the types that a live rule rewards, each with its words."""
    found = [
        kind
        for kind in load_rule_set().by_type
        if kind != DAILY_BONUS and (kind in TYPES or is_own_type(kind))
    ]
    return [(kind, deed_text(kind)) for kind in found[:MOST_TYPES]]


def send_trial_activity(*, context: TenantContext, user: User, type_: str) -> str:
    """Append one activity of `user`'s own to the stream; answers its source id. Each call is another activity.

    Raises InvalidInputError for a type that no live rule rewards, UnavailableError while the stream is away.
    """
    if type_ not in {kind for kind, _ in list_trial_types()}:
        raise InvalidInputError(
            f"No live rule rewards {type_!r:.40}, so there is nothing to try. Choose one from the list.",
            field="type",
        )
    source_id = f"{TRIAL}{new_ulid()}"
    subject = f"discord:{user.discord_id}" if user.discord_id is not None else f"user:{user.pk}"
    activity = Activity(
        source_id=source_id,
        source=f"tenant:{context.tenant_id}",
        subject=subject,
        type=type_,
        occurred_ms=int(clock.now().timestamp() * 1000),
        attributes={"name": str(user), "avatar": user.avatar_url},
    )
    try:
        append_activities(stream_redis(), [activity], partitions=settings.ACTIVITY_PARTITIONS)
    except RedisError as error:
        raise UnavailableError(
            "The test activity could not be sent: our queue is away for a moment. Nothing is lost; try again."
        ) from error
    return source_id
