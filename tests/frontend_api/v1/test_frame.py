"""What every request goes through: errors as problems, limits and their headers, request ids, methods, no cookies."""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import patch

import pytest
from redis import Redis

from frontend_api.v1 import limits
from frontend_api.v1.problems import list_problems
from tests.frontend_api.hosts import ACME, BASE, GLOBEX, Browser
from tests.frontend_api.v1.asking import PROBLEM, Api, code_of
from tests.frontend_api.v1.buckets import stand_still


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status", "code"),
    [
        ("GET", "nowhere", {}, None, 404, "not_found"),
        ("GET", "leaderboards/decade", {}, None, 404, "no_such_board"),
        ("DELETE", "leaderboards/week", {}, None, 405, "method_not_allowed"),
        ("GET", "leaderboards/week", {"accept": "text/csv"}, None, 406, "not_acceptable"),
        ("POST", "auth/login", {"content-type": "text/plain"}, "x", 415, "unsupported_media_type"),
        ("POST", "auth/login", {}, "{", 400, "malformed_json"),
        ("POST", "auth/login", {}, b'{"name": "\\ud800", "password": "x"}', 400, "malformed_json"),
        ("POST", "auth/login", {}, b"\xff", 400, "malformed_json"),
        ("POST", "auth/login", {}, "[" * 5000, 400, "malformed_json"),
        ("POST", "auth/login", {}, "[1]", 422, "invalid_input"),
        ("POST", "auth/login", {}, '{"name": "a\\u0000b", "password": "x"}', 422, "invalid_input"),
        ("POST", "auth/login", {}, '{"name": 1e400, "password": "x"}', 400, "malformed_json"),
        ("POST", "auth/login", {}, " " * (1024 * 1024 + 1), 413, "body_too_large"),
        ("GET", "leaderboards/week?limit=0", {}, None, 422, "invalid_input"),
        ("GET", "leaderboards/week?limit=101", {}, None, 422, "invalid_input"),
        ("GET", "leaderboards/week?limt=5", {}, None, 422, "invalid_input"),
        ("GET", "leaderboards/week?cursor=x", {}, None, 422, "bad_cursor"),
        ("GET", "leaderboards/week?cursor=WyJhIl0", {}, None, 422, "bad_cursor"),
        ("GET", "leaderboards/week?on=yesterday", {}, None, 422, "invalid_input"),
        ("GET", "me", {}, None, 401, "not_signed_in"),
        ("GET", "me", {"authorization": "Basic eA=="}, None, 401, "bad_token"),
        ("GET", "me", {"authorization": "Bearer x.y.z"}, None, 401, "bad_token"),
        ("GET", "me", {"authorization": "Bearer ehk_live_x"}, None, 401, "bad_api_key"),
        ("GET", "leaderboards", {"authorization": "Bearer nonsense"}, None, 401, "bad_token"),
    ],
)
def test_every_error_is_a_problem(
    api: Api, method: str, path: str, headers: dict[str, str], body: object, status: int, code: str
) -> None:
    answer = api.ask(method, path, body, **headers)  # checks the problem's shape
    assert (answer.status_code, code_of(answer)) == (status, code), answer.content
    assert code in list_problems()
    if status == 401:
        assert answer["WWW-Authenticate"].startswith("Bearer")


def test_a_wrong_field_is_named(api: Api) -> None:
    answer = api.post("auth/login", {"name": "x" * 300, "nmae": "x"})
    assert answer.json()["errors"] == [
        {"field": "nmae", "message": "There is no such field here. There are: name, password, code."}
    ]
    answer = api.post("auth/login", {"name": "x" * 300})
    assert [line["field"] for line in answer.json()["errors"]] == ["name", "password"]


def test_a_host_that_nobody_owns_answers_a_problem(api: Api) -> None:
    assert code_of(api.on("nobody.localhost").get("me")) == "not_found"


def test_what_is_a_communitys_is_not_on_base_domain(api: Api) -> None:
    assert api.on(BASE).get("leaderboards").status_code == 404


def test_a_failure_of_ours_has_a_reference_and_tells_nothing(api: Api) -> None:
    with patch("frontend_api.v1.leaderboards.get_board", side_effect=RuntimeError("the secret is 42")):
        answer = api.get("leaderboards/week")
    assert (answer.status_code, code_of(answer)) == (500, "internal_error")
    assert "42" not in answer.content.decode()


def test_every_problem_is_described_on_a_page(api: Api, pages: Browser) -> None:
    everything = pages.on(ACME).get("/api/v1/problems").content.decode()
    for code in list_problems():
        assert f"<code>{code}</code>" in everything
    problem = api.get("me").json()
    page = pages.open(problem["type"])
    assert page.status_code == 200
    assert problem["title"] in page.content.decode()


def test_a_request_id_comes_back(api: Api) -> None:
    assert api.get("leaderboards", x_request_id="shop-1.2:3")["X-Request-ID"] == "shop-1.2:3"
    for wrong in ("x" * 101, "a b", "ü"):
        assert len(api.get("leaderboards", x_request_id=wrong)["X-Request-ID"]) == 26
    assert len(api.get("me")["X-Request-ID"]) == 26


def test_head_and_options(api: Api) -> None:
    full, bare = api.get("leaderboards/week"), api.ask("HEAD", "leaderboards/week")
    assert bare.status_code == full.status_code == 200
    assert not bare.content
    answer = api.ask("OPTIONS", "me")  # asks nobody who they are
    assert (answer.status_code, answer["Allow"]) == (204, "GET, HEAD, OPTIONS")


def test_other_sites_may_not_read(api: Api) -> None:
    answer = api.get("leaderboards", origin="https://evil.example")
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_a_browsers_session_reads_and_writes_only_with_its_csrf_token(pages: Browser) -> None:
    from django.test import Client

    pages.sign_in("acme-owner")
    assert pages.on(ACME).get("/api/v1/me").json()["name"] == "Acme Owner"
    strict = Client(headers={"host": ACME}, enforce_csrf_checks=True)
    strict.cookies = pages.on(ACME).cookies
    answer = strict.delete("/api/v1/auth/sessions/nothing")
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    page = strict.get("/leaderboard/")
    token = page.context["csrf_token"]
    answer = strict.delete("/api/v1/auth/sessions/nothing", headers={"X-CSRFToken": str(token)})
    assert (answer.status_code, answer.json()["code"]) == (404, "session_not_found")


def test_limits_are_told_and_kept(key_of: Callable[..., Api], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.POLICIES, "key", limits.Policy(burst=3, per_second=1))
    stand_still(monkeypatch)
    program, other = key_of("members:read"), key_of("members:read")
    for left in (2, 1, 0):
        answer = program.get("me")
        assert answer.status_code == 200
        assert answer["RateLimit-Limit"] == "3"
        assert answer["RateLimit-Remaining"] == str(left)
        assert answer["RateLimit-Policy"] == "3;w=3"
        assert answer["RateLimit-Reset"] == str(3 - left)
    refused = program.get("me")
    assert (refused.status_code, code_of(refused), refused["Retry-After"]) == (429, "rate_limited", "1")
    assert other.get("me").status_code == 200


def test_guessing_keys_is_limited_by_address(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.POLICIES, "nobody", limits.Policy(burst=2, per_second=1))
    stand_still(monkeypatch)
    statuses = [Api("ehk_live_guess").get("me").status_code for _ in range(3)]
    assert statuses == [401, 401, 429]


def test_a_bucket_fills_again(redis_cache: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    from frontend_api.v1.callers import NOBODY

    monkeypatch.setitem(limits.POLICIES, "nobody", limits.Policy(burst=1, per_second=20))
    stand_still(monkeypatch)

    def take() -> bool:
        usage = limits.take(tenant="t", caller=NOBODY, address="192.0.2.1")
        assert usage is not None
        return usage.allowed

    assert [take(), take()] == [True, False]
    stand_still(monkeypatch, after_ms=49)
    assert not take()
    stand_still(monkeypatch, after_ms=50)
    assert take()
    assert redis_cache.keys("rate:*")
    assert not [key for key in redis_cache.keys("*") if b"192.0.2.1" in key]


def test_nobody_is_refused_while_redis_is_away(
    api: Api, settings: object, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    away = Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.2)
    monkeypatch.setattr(limits, "cache_redis", lambda: away)
    answer = api.get("leaderboards")
    assert answer.status_code == 200
    assert "RateLimit-Limit" not in answer
    assert "not counted" in caplog.text


def test_answers_say_whom_they_depend_on(api: Api) -> None:
    answer = api.get("leaderboards")
    assert "Authorization" in answer["Vary"]
    assert answer["Cache-Control"] == "private, no-cache"
    assert answer["Content-Type"] == "application/json"


def test_the_same_host_serves_nobody_elses_problem_type(api: Api) -> None:
    for host in (ACME, GLOBEX, BASE):
        problem = api.on(host).get("nowhere").json()
        assert problem["type"] == "http://localhost/api/v1/problems/not_found"
        assert PROBLEM.endswith("problem+json")
