"""The owner's browser on the Billing pages, and the local Stripe behind them."""

from __future__ import annotations

from typing import Any

from tests.billing.shop import Shop
from tests.frontend_api.hosts import ACME, Browser
from tests.frontend_api.portal.test_leaderboard import text_of


class Till:
    def __init__(self, pages: Browser, store: Shop) -> None:
        self.pages = pages
        self.shop = store
        pages.sign_in("acme-owner", path="/earn/")

    def get(self, path: str, **headers: str) -> Any:
        return self.pages.on(ACME).get(f"/dashboard/billing/{path}", headers=headers)

    def post(self, path: str, data: dict[str, Any] | None = None) -> Any:
        return self.pages.on(ACME).post(f"/dashboard/billing/{path}", data or {})

    def text(self, path: str = "") -> str:
        return text_of(self.get(path))

    def hidden(self, path: str) -> dict[str, str]:
        """The hidden fields of the form on a page."""
        context = self.get(path).context
        found = context["hidden"] if "hidden" in context else context["page"].hidden
        return {str(name): str(value) for name, value in found}

    def follow(self, answer: Any) -> str:
        """The page that a POST leads to on this host."""
        assert answer.status_code == 302, answer.status_code
        return text_of(self.pages.on(ACME).get(answer["Location"]))
