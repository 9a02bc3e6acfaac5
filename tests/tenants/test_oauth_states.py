"""A state is good once, for ten minutes, in one browser, for one login."""

from __future__ import annotations

import base64
import hashlib
import threading
from typing import Any

import pytest
from redis import Redis

from saas.core.errors import UnavailableError
from tenants import oauth_states
from tenants.oauth_states import BadStateError, Journey, begin_journey, is_own_state, take_state

pytestmark = pytest.mark.usefixtures("redis_cache")


def begin(**change: Any) -> Journey:
    given = {
        "purpose": "bot",
        "session_key": "s1",
        "user_id": 7,
        "tenant_id": 3,
        "next_path": "/dashboard/bot/",
    }
    return begin_journey(**(given | change))


def test_what_was_begun_comes_back() -> None:
    journey = begin()
    state = take_state(text=journey.state, session_key="s1", user_id=7)
    assert (state.purpose, state.tenant_id, state.next_path) == ("bot", 3, "/dashboard/bot/")
    digest = hashlib.sha256(state.verifier.encode()).digest()
    assert journey.challenge == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert state.verifier not in journey.state


def test_it_is_good_once() -> None:
    journey = begin()
    take_state(text=journey.state, session_key="s1", user_id=7)
    with pytest.raises(BadStateError, match="used already"):
        take_state(text=journey.state, session_key="s1", user_id=7)


@pytest.mark.parametrize(("session_key", "user_id"), [("s2", 7), ("s1", 8), ("s1", None), ("", 7)])
def test_elsewhere_it_is_refused_and_spent(session_key: str, user_id: int | None) -> None:
    journey = begin()
    with pytest.raises(BadStateError, match="another browser"):
        take_state(text=journey.state, session_key=session_key, user_id=user_id)
    with pytest.raises(BadStateError, match="used already"):
        take_state(text=journey.state, session_key="s1", user_id=7)


@pytest.mark.parametrize("text", ["", "eh-", "eh-forged", "x" * 100_000, "eh-" + "\x00" * 50, "eh-‮é"])
def test_a_forged_one_is_refused(text: str) -> None:
    with pytest.raises(BadStateError):
        take_state(text=text, session_key="s1", user_id=7)


def test_it_ends_after_ten_minutes(redis_cache: Redis) -> None:
    begin()
    (key,) = redis_cache.keys("oauth:*")
    assert 590 <= int(redis_cache.ttl(key)) <= 600


def test_what_redis_holds_opens_nothing(redis_cache: Redis) -> None:
    journey = begin(session_key="a-secret-session")
    (key,) = redis_cache.keys("oauth:*")
    held = key + (redis_cache.get(key) or b"")
    assert journey.state.removeprefix("eh-").encode() not in held
    assert b"a-secret-session" not in held


def test_states_of_signing_in_are_not_ours() -> None:
    assert is_own_state(begin().state)
    for other in ("", "Zk3kPq0aSd9fGh2j", "bot", "Eh-x"):
        assert not is_own_state(other)


def test_two_that_show_one_state_at_once() -> None:
    for _ in range(3):
        journey = begin()
        assert sorted(_race(journey.state)) == ["refused", "taken"]


def test_the_race_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: reading and deleting in two steps lets both in."""
    barrier = threading.Barrier(2)

    class Slow:
        def getdel(self, key: str) -> Any:
            found = real.get(key)
            barrier.wait(30)
            real.delete(key)
            return found

    real = oauth_states.cache_redis()
    journey = begin()
    monkeypatch.setattr(oauth_states, "cache_redis", Slow)
    assert _race(journey.state) == ["taken", "taken"]


def _race(state: str) -> list[str]:
    outcomes: list[str] = []

    def show() -> None:
        try:
            take_state(text=state, session_key="s1", user_id=7)
            outcomes.append("taken")
        except BadStateError:
            outcomes.append("refused")

    threads = [threading.Thread(target=show) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
    return outcomes


def test_without_redis_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oauth_states, "cache_redis", lambda: Redis(host="127.0.0.1", port=1))
    with pytest.raises(UnavailableError):
        begin()
    with pytest.raises(UnavailableError):
        take_state(text="eh-x", session_key="s1", user_id=7)
