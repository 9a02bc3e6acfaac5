"""Two operators change one flag at the same moment: the second is told, and nothing of the first is lost."""

from __future__ import annotations

import threading

import pytest

from tenants import flagging
from tenants.errors import FlagChangedError
from tenants.flagging import change_flag, get_flag
from tenants.flags import Rollout
from tests.limits.racing import ROUNDS, at_once, meet, row_locks_off

NAME = "drawn_cards"


def race(patch: pytest.MonkeyPatch) -> tuple[int, int]:
    """How many were told that somebody was faster, and how many changes stand in the history."""
    version = get_flag(name=NAME).version
    between = meet(threading.Barrier(2))
    of, looked = Rollout.of, set()

    def paused(row: flagging.FlagSetting) -> Rollout:
        if threading.get_ident() not in looked:  # not when it tells of the change
            looked.add(threading.get_ident())
            between()
        return of(row)

    with patch.context() as inner:
        inner.setattr(flagging.Rollout, "of", staticmethod(paused))
        refused = at_once(
            *(
                lambda percentage=percentage: change_flag(  # type: ignore[misc]
                    name=NAME, rollout=Rollout(True, percentage), by="Ada", version=version
                )
                for percentage in (version % 50, version % 50 + 50)
            )
        )
    state = get_flag(name=NAME)
    assert state.setting is not None
    return len([one for one in refused if isinstance(one, FlagChangedError)]), state.version - version


@pytest.mark.parametrize("rounds", ROUNDS)
def test_the_second_is_told(committed_db: None, monkeypatch: pytest.MonkeyPatch, rounds: int) -> None:
    for _ in range(rounds):
        assert race(monkeypatch) == (1, 1)


def test_the_race_can_be_seen(committed_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with row_locks_off(monkeypatch):
        assert (0, 1) in [race(monkeypatch) for _ in range(5)]
