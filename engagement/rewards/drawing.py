"""Drawing lots so that everybody can check it: a drop's queue, a raffle's winners.

Before anybody can join, a seed is drawn and its digest published; afterwards the seed itself. Whose SHA-256 of “seed:number” is the
smallest comes first, where the number is the member's (a drop) or the redemption's (a raffle). So nobody can choose the seed after
seeing who takes part, and everybody can count again. `Reward.draw` holds {digest, sealed} before, {digest, seed, drawn_at, …} after.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from saas.core.crypto import digest_of, new_secret, seal, unseal

from .models import Reward

_PURPOSE: Final = "seed of a draw"


@dataclass(frozen=True, slots=True)
class Draw:
    """What is published. `seed` and `drawn_at` only afterwards; `winners` are redemptions' ids in the order in which they were drawn,
    `entries` how many took part."""

    digest: str
    seed: str
    drawn_at: datetime | None
    entries: int
    winners: tuple[int, ...]


def draw_of(reward: Reward) -> Draw:
    """Empty texts where nothing is published yet."""
    kept = reward.draw
    drawn_at = kept.get("drawn_at")
    return Draw(
        kept.get("digest", ""),
        kept.get("seed", ""),
        None if drawn_at is None else datetime.fromisoformat(drawn_at),
        kept.get("entries", 0),
        tuple(kept.get("winners", ())),
    )


def commit_seed(reward_id: int) -> None:
    """Draw the seed and publish its digest, once: whoever comes second changes nothing."""
    seed = new_secret()
    Reward.objects.filter(pk=reward_id, draw={}).update(
        draw={"digest": digest_of(seed), "sealed": seal(seed, purpose=_PURPOSE)}
    )


def open_seed(draw: Mapping[str, Any]) -> str:
    return unseal(draw["sealed"], purpose=_PURPOSE)


def published(draw: Mapping[str, Any], *, seed: str, at: datetime, **results: Any) -> dict[str, Any]:
    """`Reward.draw` after it happened."""
    return {"digest": draw["digest"], "seed": seed, "drawn_at": at.isoformat(), **results}


def closes_at(settings: Mapping[str, Any]) -> datetime | None:
    """When the last ticket of a raffle is sold."""
    given = settings.get("draws_at")
    return datetime.fromisoformat(given) if isinstance(given, str) and given else None


def order_by_lot(seed: str, numbers: Iterable[int]) -> list[int]:
    """Pure: the same for everybody who counts again."""
    return sorted(numbers, key=lambda number: hashlib.sha256(f"{seed}:{number}".encode()).digest())
