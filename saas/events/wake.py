"""Wake-ups: after a commit, one message on Redis tells every socket process to read a schema's log.

A wake-up may be lost or repeated: it carries no facts, and readers also poll. So a Redis that is away costs a log line.
"""

from __future__ import annotations

import logging

from redis import RedisError

from saas.core.redis_clients import cache_redis

logger = logging.getLogger(__name__)
PATTERN = "wake:*"


def channel_of(schema: str) -> str:
    return f"wake:{schema}"


def announce(schema: str, last_id: int) -> None:
    """Tell the sockets that the log of `schema` grew, up to the row `last_id`."""
    try:
        cache_redis().publish(channel_of(schema), str(last_id))
    except RedisError as error:
        logger.warning("No wake-up for %s (event %s): %s", schema, last_id, error)
