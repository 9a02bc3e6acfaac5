"""The API's token buckets at a moment of the test's choice: how long a test takes must not fill them."""

from __future__ import annotations

import pytest

from frontend_api.v1 import limits

_ASKED = "redis.call('TIME')"
_BEGIN = 1_700_000_000_000


def stand_still(monkeypatch: pytest.MonkeyPatch, *, after_ms: int = 0) -> None:
    """From now on Redis' clock says the same moment, `after_ms` later than the first one."""
    seconds, milliseconds = divmod(_BEGIN + after_ms, 1_000)
    script = limits._TAKE if _ASKED in limits._TAKE else _SCRIPT
    monkeypatch.setattr(limits, "_TAKE", script.replace(_ASKED, f"{{{seconds}, {milliseconds * 1_000}}}"))


_SCRIPT = limits._TAKE
assert _ASKED in _SCRIPT, "the script asks Redis for the time in another way"
