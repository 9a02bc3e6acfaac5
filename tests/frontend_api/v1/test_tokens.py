"""Tokens of people: rotation, reuse, races, what ends them, and that they stay in their community."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.db import connections
from redis import Redis

from frontend_api.v1 import limits
from saas.core import clock
from saas.core.redis_clients import cache_redis
from tenants import tokens
from tenants.jobs import prune_token_families
from tenants.models import Tenant, TokenFamily, User
from tests.frontend_api.hosts import ACME, BASE, GLOBEX, PASSWORD
from tests.frontend_api.v1.asking import Api, code_of


def sign_in(api: Api, username: str = "acme-owner", host: str = BASE, **more: str) -> Any:
    return api.on(host).post("auth/login", {"name": username, "password": PASSWORD, **more})


def refresh(api: Api, pair: dict[str, Any], host: str = BASE) -> Any:
    return api.on(host).post("auth/refresh", {"refresh": pair["refresh"]})


def works(pair: dict[str, Any], host: str = ACME) -> bool:
    return bool(Api(pair["access"], host).get("me").status_code == 200)


def test_a_person_signs_in_by_name_or_mail_and_is_known_by_the_token(api: Api) -> None:
    for name in ("acme-owner", "acme-owner@example.org"):
        answer = sign_in(api, name)
        assert answer.status_code == 200
        assert answer["Cache-Control"] == "no-store"
        me = Api(answer.json()["access"]).get("me").json()
        assert (me["kind"], me["name"], me["role"]) == ("user", "Acme Owner", "owner")
        assert [place["slug"] for place in me["communities"]] == ["acme"]


def test_a_wrong_password_reads_as_on_the_page_and_tries_are_bounded(api: Api) -> None:
    bad = {"name": "acme-owner", "password": "wrong"}
    for _ in range(5):
        answer = api.on(BASE).post("auth/login", bad)
        assert (answer.status_code, code_of(answer)) == (403, "bad_sign_in")
    answer = sign_in(api)
    assert (answer.status_code, code_of(answer)) == (429, "rate_limited")
    assert int(answer["Retry-After"]) >= 1


def test_a_closed_login_gets_nothing(api: Api) -> None:
    User.objects.filter(username="acme-owner").update(is_active=False)
    assert code_of(sign_in(api)) == "bad_sign_in"


def test_a_login_with_an_authenticator_app_needs_its_code(api: Api, redis_cache: Redis) -> None:
    user = User.objects.get(username="acme-owner")
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    _before, now, _after = (
        yield_hotp_counters_from_time()
    )  # the one before may be too old by the time it is sent
    code = format_hotp_value(hotp_value(secret, now))
    assert code_of(sign_in(api)) == "code_needed"
    assert code_of(sign_in(api, code="000000" if code != "000000" else "111111")) == "bad_code"
    assert sign_in(api, code=code).status_code == 200
    assert code_of(sign_in(api, code=code)) == "bad_code"  # a code is good once
    redis_cache.flushdb()  # the limit of tries
    spare = Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()[0]
    answer = sign_in(api, "acme-owner@example.org", code=spare)
    assert answer.status_code == 200
    cache_redis().flushdb()  # the sixth try within a minute, whichever name was used
    assert code_of(sign_in(api, "acme-owner@example.org", code=spare)) == "bad_code"


def test_refreshing_gives_new_tokens(api: Api) -> None:
    first = sign_in(api).json()
    second = refresh(api, first).json()
    assert second["session"] == first["session"]
    assert second["refresh"] != first["refresh"]
    assert works(second)
    third = refresh(api, second)
    assert third.status_code == 200


def test_a_retry_within_seconds_gets_the_same_successor(api: Api) -> None:
    first = sign_in(api).json()
    second, again = refresh(api, first).json(), refresh(api, first).json()
    assert again["refresh"] == second["refresh"]
    assert refresh(api, again).status_code == 200


def test_reuse_ends_the_whole_family(api: Api) -> None:
    first = sign_in(api).json()
    other = sign_in(api).json()
    second = refresh(api, first).json()
    with clock.frozen_at(clock.now() + tokens.GRACE + timedelta(seconds=1)):
        answer = refresh(api, first)
        assert (answer.status_code, code_of(answer)) == (401, "token_reused")
        assert code_of(refresh(api, second)) == "bad_token"
        assert not works(second)
        assert works(other)
    family = TokenFamily.objects.get(key=first["session"])
    assert family.revoked_because == "reused"


def test_a_token_two_generations_old_ends_the_family_even_within_seconds(api: Api) -> None:
    first = sign_in(api).json()
    refresh(api, refresh(api, first).json())
    assert code_of(refresh(api, first)) == "token_reused"


def test_signing_out_ends_access_tokens_too_and_repeating_it_changes_nothing(api: Api) -> None:
    pair = sign_in(api).json()
    for _ in range(2):
        assert api.on(BASE).post("auth/logout", {"refresh": pair["refresh"]}).status_code == 204
        assert not works(pair)
    assert api.on(BASE).post("auth/logout", {"refresh": "nonsense"}).status_code == 204


def test_tokens_end_with_the_password_and_with_the_login(api: Api) -> None:
    pair = sign_in(api).json()
    user = User.objects.get(username="acme-owner")
    user.set_password("quite another one")
    user.save()
    assert not works(pair)
    assert code_of(refresh(api, pair)) == "bad_token"
    other = sign_in(api, "acme-moderator").json()
    User.objects.filter(username="acme-moderator").update(is_active=False)
    assert not works(other)
    assert code_of(refresh(api, other)) == "bad_token"


def test_tokens_expire(api: Api) -> None:
    with clock.frozen_at(clock.now() - tokens.ACCESS_LIFE - timedelta(seconds=1)):
        pair = sign_in(api).json()
    assert not works(pair)
    assert refresh(api, pair).status_code == 200
    with clock.frozen_at(clock.now() - tokens.REFRESH_LIFE - timedelta(seconds=1)):
        old = sign_in(api).json()
    assert code_of(refresh(api, old)) == "bad_token"


def test_the_two_kinds_are_not_taken_for_each_other(api: Api) -> None:
    pair = sign_in(api).json()
    assert Api(pair["refresh"]).get("me").status_code == 401
    assert code_of(refresh(api, {"refresh": pair["access"]})) == "bad_token"


def test_a_token_of_base_domain_has_in_each_community_the_role_there(api: Api) -> None:
    pair = sign_in(api).json()
    assert Api(pair["access"], ACME).get("me").json()["role"] == "owner"
    assert Api(pair["access"], GLOBEX).get("me").json()["role"] == "stranger"
    assert Api(pair["access"], BASE).get("me").json()["community"] is None


def test_a_token_of_a_community_is_good_there_alone(api: Api) -> None:
    pair = sign_in(api, host=ACME).json()
    assert works(pair, ACME)
    for host in (GLOBEX, BASE):
        assert Api(pair["access"], host).get("me").status_code == 401
        assert code_of(refresh(api, pair, host)) == "bad_token"
    assert refresh(api, pair, ACME).status_code == 200


def test_a_tampered_tenant_is_refused(api: Api) -> None:
    """The claim alone opens nothing: it must say what the family says."""
    pair = sign_in(api, host=ACME).json()
    globex = Tenant.objects.get(slug="globex")
    TokenFamily.objects.filter(key=pair["session"]).update(tenant=globex)
    assert not works(pair, GLOBEX)
    assert not works(pair, ACME)


def test_the_list_of_sign_ins_and_ending_one(api: Api, person: Callable[[str], Api]) -> None:
    mine, other = sign_in(api).json(), sign_in(api).json()
    asking = Api(mine["access"], BASE)
    listed = asking.get("auth/sessions").json()["items"]
    assert {line["id"] for line in listed} == {mine["session"], other["session"]}
    assert [line["id"] for line in listed if line["current"]] == [mine["session"]]
    stranger = person("globex-owner").on(BASE)
    assert code_of(stranger.delete(f"auth/sessions/{other['session']}")) == "session_not_found"
    for _ in range(2):
        assert asking.delete(f"auth/sessions/{other['session']}").status_code == 204
    assert not works(other)
    assert works(mine)


def test_a_key_has_no_sign_ins(key_of: Callable[..., Api]) -> None:
    assert code_of(key_of("members:read").get("auth/sessions")) == "people_only"


def test_the_oldest_sign_in_gives_way(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MAX_FAMILIES", 2)
    first, second, third = (sign_in(api).json() for _ in range(3))
    assert [works(pair) for pair in (first, second, third)] == [False, True, True]


def test_ended_sign_ins_are_forgotten_after_a_month(api: Api) -> None:
    kept, gone = sign_in(api).json(), sign_in(api).json()
    past = clock.now() - tokens.KEPT_AFTER_END - timedelta(minutes=1)
    TokenFamily.objects.filter(key=gone["session"]).update(revoked_at=past)
    prune_token_families(tenant="public", timestamp=0)
    assert set(TokenFamily.objects.values_list("key", flat=True)) == {kept["session"]}


@pytest.mark.race
@pytest.mark.parametrize("rounds", [3, pytest.param(100, marks=pytest.mark.faults)])
def test_two_refreshes_at_once_give_one_successor(
    committed_api: Api, monkeypatch: pytest.MonkeyPatch, rounds: int
) -> None:
    for kind in limits.POLICIES:  # Nobody refreshes as often as this.
        monkeypatch.setitem(limits.POLICIES, kind, limits.Policy(burst=1_000_000, per_second=100_000))
    pair = sign_in(committed_api).json()
    for _ in range(rounds):
        answers = _both(committed_api, pair)
        assert [answer.status_code for answer in answers] == [200, 200]
        assert len({answer.json()["refresh"] for answer in answers}) == 1
        pair = answers[0].json()
    assert works(pair)


@pytest.mark.race
def test_without_the_lock_two_refreshes_fork_the_family(
    committed_api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the test above can see the bug."""
    find, both_read = tokens._find, threading.Barrier(2)

    def unlocked(payload: dict[str, Any], tenant_id: int | None, *, lock: bool) -> TokenFamily:
        family = find(payload, tenant_id, lock=False)
        if lock:
            both_read.wait(timeout=30)
        return family

    pair = sign_in(committed_api).json()
    monkeypatch.setattr(tokens, "_find", unlocked)
    assert len({answer.json()["refresh"] for answer in _both(committed_api, pair)}) == 2


def _both(api: Api, pair: dict[str, Any]) -> list[Any]:
    answers: list[Any] = []

    def ask() -> None:
        try:
            answers.append(refresh(api, pair))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
