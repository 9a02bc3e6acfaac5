"""Tickets: single use, short-lived, bound to host, browser and tenant."""

from __future__ import annotations

import time

import pytest
from redis import Redis

from saas.core.crypto import BadSignatureError, digest_of, new_secret, sign
from saas.core.errors import UnavailableError
from tenants import tickets
from tenants.context import TenantContext
from tenants.tickets import BadTicketError, get_member_link, redeem_member_ticket, redeem_session_ticket

HOST = "acme.localhost:8000"


def issue(nonce: str, host: str = HOST) -> str:
    return tickets.issue_session_ticket(
        user_id=7, host=host, nonce_digest=digest_of(nonce), next_path="/dashboard/", parent_session="abc"
    )


def test_a_session_ticket_is_redeemed_once(redis_cache: Redis) -> None:
    nonce = new_secret()
    token = issue(nonce)
    ticket = redeem_session_ticket(token=token, host=HOST, nonce=nonce)
    assert (ticket.user_id, ticket.next_path, ticket.parent_session) == (7, "/dashboard/", "abc")
    with pytest.raises(BadTicketError, match="used already"):
        redeem_session_ticket(token=token, host=HOST, nonce=nonce)


@pytest.mark.parametrize(("host", "right_nonce"), [("globex.localhost:8000", True), (HOST, False)])
def test_a_ticket_in_the_wrong_place_is_refused_and_spent(
    redis_cache: Redis, host: str, right_nonce: bool
) -> None:
    nonce = new_secret()
    token = issue(nonce)
    with pytest.raises(BadTicketError, match="another browser"):
        redeem_session_ticket(token=token, host=host, nonce=nonce if right_nonce else new_secret())
    with pytest.raises(BadTicketError, match="used already"):
        redeem_session_ticket(token=token, host=HOST, nonce=nonce)


def test_no_nonce_is_no_nonce(redis_cache: Redis) -> None:
    with pytest.raises(BadTicketError):
        redeem_session_ticket(token=issue(""), host=HOST, nonce="")


def test_a_ticket_lives_for_sixty_seconds(redis_cache: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    nonce = new_secret()
    token = issue(nonce)
    (key,) = redis_cache.keys("ticket:session:*")
    assert 55 < redis_cache.ttl(key) <= 60
    later = time.time() + 61
    monkeypatch.setattr("time.time", lambda: later)
    with pytest.raises(BadSignatureError, match="too old"):
        redeem_session_ticket(token=token, host=HOST, nonce=nonce)


@pytest.mark.parametrize("token", ["", "x", "a:b:c"])
def test_a_text_that_we_did_not_sign_is_refused(redis_cache: Redis, token: str) -> None:
    with pytest.raises(BadSignatureError):
        redeem_session_ticket(token=token, host=HOST, nonce="n")


def test_a_signature_for_one_purpose_is_worthless_for_another(redis_cache: Redis) -> None:
    member_token = tickets.issue_member_ticket(schema="t_x", provider="discord", external_id="1")
    with pytest.raises(BadSignatureError):
        redeem_session_ticket(token=member_token, host=HOST, nonce="n")
    with pytest.raises(BadSignatureError):
        redeem_session_ticket(token=sign({"n": "x"}, purpose="other"), host=HOST, nonce="n")


def test_a_member_link_leads_to_the_tenants_host_and_works_there_only(
    redis_cache: Redis, acme: TenantContext, globex: TenantContext
) -> None:
    link = get_member_link(acme, provider="discord", external_id="800", next_path="/members/1/")
    assert "://acme." in link
    token = link.partition("ticket=")[2]
    tickets.check_member_ticket(token=token)
    ticket = redeem_member_ticket(token=token, schema=acme.schema)
    assert (ticket.provider, ticket.external_id, ticket.next_path) == ("discord", "800", "/members/1/")
    other = tickets.issue_member_ticket(schema=acme.schema, provider="discord", external_id="800")
    with pytest.raises(BadTicketError, match="another community"):
        redeem_member_ticket(token=other, schema=globex.schema)


def test_without_redis_the_answer_is_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    away = Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2)
    monkeypatch.setattr(tickets, "cache_redis", lambda: away)
    with pytest.raises(UnavailableError, match="Try again"):
        issue("n")
