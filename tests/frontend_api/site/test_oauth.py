"""One callback for every journey to Discord: the state says whose answer it is."""

from __future__ import annotations

import pytest

from tests.frontend_api.hosts import ACME, BASE, Browser

CALLBACK = "/oauth/discord/callback"


@pytest.mark.parametrize("state", ["eh-forged", "eh-", "eh-" + "x" * 5000])
def test_a_forged_state_of_ours_is_refused_in_words(pages: Browser, state: str) -> None:
    answer = pages.on(BASE).get(CALLBACK, {"state": state, "code": "x", "guild_id": "900000000000000001"})
    assert answer.status_code == 403
    assert "used already, or it took longer than ten minutes" in answer.content.decode()


def test_an_answer_that_nobody_asked_for_is_refused(pages: Browser) -> None:
    assert pages.on(BASE).get(CALLBACK).status_code == 403
    assert pages.on(BASE).get(CALLBACK, {"code": "x", "state": "Zk3kPq0aSd9fGh2j"}).status_code == 403


def test_it_exists_on_base_domain_alone(pages: Browser) -> None:
    assert pages.on(ACME).get(CALLBACK).status_code == 404
    assert pages.on(BASE).post(CALLBACK).status_code in {403, 405}
