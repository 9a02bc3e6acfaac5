"""Codes as they are kept: sealed, and known again by a keyed digest, so that a copy of the database shows none."""

from __future__ import annotations

import secrets
from typing import Final

from django.db import IntegrityError, transaction

from saas.core.crypto import keyed_digest, seal, unseal

from .codes import PURPOSE
from .models import Redemption, Reward, RewardCode

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: nothing looks like something else
_GROUPS, _EACH = 4, 4  # 16 characters of 5 bits: 80 bits
_TRIES: Final = 5


def seal_code(code: str) -> str:
    return seal(code, purpose=PURPOSE)


def open_code(row: RewardCode) -> str:
    """Raises BadSealError."""
    return unseal(row.sealed, purpose=PURPOSE)


def digest_code(code: str) -> bytes:
    return keyed_digest(code, purpose=PURPOSE)


def new_code(prefix: str = "") -> str:
    """80 random bits, such as ACME-7F3K-0Q9Z-M2TB-XE4D."""
    groups = ["".join(secrets.choice(_ALPHABET) for _ in range(_EACH)) for _ in range(_GROUPS)]
    return f"{prefix.rstrip('-')}-{'-'.join(groups)}" if prefix else "-".join(groups)


def make_code(*, reward: Reward, redemption: Redemption, prefix: str = "") -> RewardCode:
    """A code of its own for a redemption, in the caller's transaction; the one that it has, where it has one."""
    known = RewardCode.objects.filter(redemption=redemption).first()
    for _ in range(_TRIES):
        if known is not None:
            return known
        code = new_code(prefix)
        try:
            with transaction.atomic():
                known = RewardCode.objects.create(
                    reward=reward, sealed=seal_code(code), digest=digest_code(code), redemption=redemption
                )
        except IntegrityError:
            continue  # 80 bits met by chance, or somebody imported just this one
    assert known is not None
    return known
