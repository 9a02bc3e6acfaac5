"""How the economy is, over REST."""

from __future__ import annotations

from collections.abc import Callable

from tenants.context import TenantContext
from tests.frontend_api.dashboard.economy.test_economy_pages import NASTY, live
from tests.frontend_api.hosts import GLOBEX
from tests.frontend_api.v1.asking import Api, code_of


def test_rest_tells_the_same(acme: TenantContext, key_of: Callable[..., Api]) -> None:
    live(acme, rewards=4)
    api = key_of("economy:read")
    told = api.get("economy").json()
    assert (told["circulation"], told["liability"]["spendable"], told["liability"]["holders"]) == (
        1_050,
        1_050,
        2,
    )
    assert told["liability"]["median"] == {"price": 101, "rewards": 9, "members": 2}
    first = api.get("economy/stock?limit=1").json()
    assert first["items"][0]["name"] == NASTY
    assert 0 < first["items"][0]["outlook"]["low"] < first["items"][0]["outlook"]["high"]
    rest = api.get(f"economy/stock?limit=10&cursor={first['next_cursor']}").json()
    assert len(rest["items"]) == 3
    assert rest["next_cursor"] is None
    page = api.get("economy/rewards?limit=2").json()
    assert [item["steps"]["redeemed"] for item in page["items"]] == [6, 1]
    assert len(api.get(f"economy/rewards?cursor={page['next_cursor']}").json()["items"]) == 2
    (sponsor,) = api.get("economy/sponsors?days=90").json()["sponsors"]
    assert (sponsor["name"], sponsor["left"], sponsor["steps"]["delivered"]) == ("Roastery", 3, 6)
    assert code_of(api.get("economy/rewards?days=5")) == "invalid_input"
    assert api.get("economy/rewards?cursor=x").status_code == 422
    assert api.on(GLOBEX).get("economy").status_code in (401, 403)


def test_it_is_for_the_team_and_keys_with_the_scope(key_of: Callable[..., Api]) -> None:
    assert key_of("levels:read").get("economy").status_code == 403
    assert Api().get("economy").status_code == 401
    assert Api().as_person("acme-member").get("economy").status_code == 403
    assert Api().as_person("acme-moderator").get("economy").status_code == 200
