"""How a process that must stay small keeps its memory."""

from __future__ import annotations

import ctypes

_M_ARENA_MAX = -8  # malloc.h


def keep_one_heap() -> None:
    """Let every thread take its memory from one heap. glibc would give each its own, and what one returned no other could use: 9 MB of
    the bot, whose threads wait for each other anyway. Called before the first thread; nothing where the C library knows no such thing."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
