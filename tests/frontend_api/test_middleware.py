"""What every answer carries, and what a failure looks like."""

from __future__ import annotations

import re

import pytest
from django.db import OperationalError

from frontend_api import errors
from frontend_api.colour import accent_of
from frontend_api.portal import earn
from tests.frontend_api.hosts import ACME, BASE, Browser


@pytest.mark.parametrize(("host", "path"), [(ACME, "/"), (ACME, "/earn/"), (BASE, "/"), (BASE, "/login/")])
def test_no_page_needs_an_inline_script_or_style(pages: Browser, host: str, path: str) -> None:
    answer = pages.on(host).get(path)
    policy = answer["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    text = answer.content.decode()
    assert not re.findall(r"<script(?![^>]*\bsrc=)", text)
    assert not re.findall(r"<style|\sstyle=|\son[a-z]+=", text)
    assert not re.findall(r'(?:src|href)="https?://(?!localhost)', text), "nothing from another host"


def test_pages_are_not_kept_and_accents_are_kept_for_ever(pages: Browser) -> None:
    assert pages.on(ACME).get("/")["Cache-Control"] == "private, no-cache"
    theme = pages.on(ACME).get("/theme/f5a524.css")
    assert "immutable" in theme["Cache-Control"]
    assert f"--accent:light-dark({accent_of('#f5a524').light},#f5a524)" in theme.content.decode()


def test_a_failure_is_a_page_with_the_reference_of_the_log(
    pages: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**_: object) -> list[object]:
        raise ZeroDivisionError

    monkeypatch.setattr(earn, "list_ways_to_earn", fail)
    pages.on(ACME).raise_request_exception = False
    answer = pages.on(ACME).get("/earn/")
    assert answer.status_code == 500
    reference = re.search(r"Ref <strong>(\w{4})</strong>", answer.content.decode())
    assert reference is not None
    assert reference.group(1) in caplog.text


def test_a_stranger_costs_no_query_for_who_they_are(
    pages: Browser, django_assert_num_queries: object
) -> None:
    # The schema, the rules, the boosts, whether support is sold.
    with django_assert_num_queries(4):  # type: ignore[operator]
        pages.on(ACME).get("/earn/")


def test_a_database_that_is_away_is_a_503_that_says_when_to_come_back(
    pages: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> list[object]:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(earn, "list_ways_to_earn", fail)
    answer = pages.on(ACME).get("/earn/")
    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert "cannot reach our database" in answer.content.decode()
    assert "server closed" not in answer.content.decode()


def test_an_error_page_that_cannot_be_made_is_still_an_answer(
    pages: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object, **named: object) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(errors, "render", fail)
    answer = pages.on(ACME).get("/nowhere/")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()
    assert "Ref " in answer.content.decode()


def test_an_htmx_request_is_told_the_error_in_a_header(pages: Browser) -> None:
    answer = pages.on(ACME).get("/visit/?ticket=x", headers={"HX-Request": "true"})
    assert answer.status_code == 403
    assert "not%20whole" in answer["X-Error"]
