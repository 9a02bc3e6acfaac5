"""A claim's ticket: one guild, one Discord user, once, for fifteen minutes; the session keeps what it gave for an hour."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from redis import Redis

from saas.core import clock
from saas.core.crypto import BadSignatureError, sign
from saas.core.errors import UnavailableError
from tenants import claims
from tenants.claims import (
    WrongClaimantError,
    drop_claim,
    find_claim,
    get_claim_address,
    keep_claim,
    read_claim_ticket,
    redeem_claim_ticket,
)
from tenants.tickets import BadTicketError

pytestmark = pytest.mark.usefixtures("redis_cache")
GUILD, PERSON = 900_000_000_000_000_077, 800_000_000_000_000_077


def ticket(**change: Any) -> str:
    given = {"guild_id": GUILD, "guild_name": "My ‮server", "discord_id": PERSON} | change
    return parse_qs(urlsplit(get_claim_address(**given)).query)["ticket"][0]


def test_it_is_good_once_for_its_person() -> None:
    token = ticket()
    assert read_claim_ticket(token=token).guild_name == "My server"
    assert redeem_claim_ticket(token=token, discord_id=PERSON).guild_id == GUILD
    for look in (read_claim_ticket, lambda token: redeem_claim_ticket(token=token, discord_id=PERSON)):
        with pytest.raises(BadTicketError, match="used already"):
            look(token=token)


@pytest.mark.parametrize("somebody", [None, 5, GUILD])
def test_for_anybody_else_it_is_worth_nothing_and_stays_whole(somebody: int | None) -> None:
    token = ticket()
    with pytest.raises(WrongClaimantError):
        redeem_claim_ticket(token=token, discord_id=somebody)
    assert redeem_claim_ticket(token=token, discord_id=PERSON)


@pytest.mark.parametrize("token", ["", "forged", "a:b:c", "x" * 100_000, "‮\x00"])
def test_a_forged_one_is_refused(token: str) -> None:
    with pytest.raises(BadSignatureError):
        read_claim_ticket(token=token)


def test_one_signed_for_another_purpose_is_refused(redis_cache: Redis) -> None:
    redis_cache.set(claims._key("name"), b"{}")
    with pytest.raises(BadSignatureError):
        read_claim_ticket(token=sign({"n": "name"}, purpose="ticket:member"))


def test_it_ends_after_fifteen_minutes(redis_cache: Redis) -> None:
    ticket()
    (key,) = redis_cache.keys("ticket:claim:*")
    assert 890 <= int(redis_cache.ttl(key)) <= 900


def test_the_session_keeps_it_for_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    session: dict[str, Any] = {}
    keep_claim(session, read_claim_ticket(token=ticket()))
    kept = find_claim(session, discord_id=PERSON)
    assert kept is not None
    assert kept.guild_id == GUILD
    assert find_claim(session, discord_id=5) is None, "another login in the same browser"
    later = clock.now() + timedelta(minutes=61)
    monkeypatch.setattr(claims.clock, "now", lambda: later)
    assert find_claim(session, discord_id=PERSON) is None
    drop_claim(session)
    drop_claim(session)
    assert session == {}


def test_two_that_redeem_one_ticket_at_once() -> None:
    for _ in range(3):
        token = ticket()
        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(redeem, [token] * 2)) == ["refused", "taken"]


def test_the_race_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: reading and deleting in two steps lets both in."""
    real, barrier = claims.cache_redis(), threading.Barrier(2)

    class Slow:
        def get(self, key: str) -> Any:
            return real.get(key)

        def getdel(self, key: str) -> Any:
            found = real.get(key)
            barrier.wait(30)
            real.delete(key)
            return found

    token = ticket()
    monkeypatch.setattr(claims, "cache_redis", Slow)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(redeem, [token] * 2)) == ["taken", "taken"]


def redeem(token: str) -> str:
    try:
        redeem_claim_ticket(token=token, discord_id=PERSON)
    except BadTicketError:
        return "refused"
    return "taken"


def test_without_redis_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    token = ticket()
    monkeypatch.setattr(claims, "cache_redis", lambda: Redis(host="127.0.0.1", port=1))
    for act in (ticket, lambda: read_claim_ticket(token=token)):
        with pytest.raises(UnavailableError):
            act()
