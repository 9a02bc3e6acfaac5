"""The one clock. Tests freeze it; nothing else in the house asks the system for the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_frozen: ContextVar[datetime | None] = ContextVar("frozen_now", default=None)


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return _frozen.get() or datetime.now(UTC)


def local_day(moment: datetime, timezone: str) -> date:
    """The calendar day of `moment` in an IANA zone."""
    return moment.astimezone(ZoneInfo(timezone)).date()


@contextmanager
def frozen_at(moment: datetime) -> Iterator[None]:
    """For tests: `now()` answers `moment` inside this block, in this thread and its coroutines."""
    token = _frozen.set(moment)
    try:
        yield
    finally:
        _frozen.reset(token)
