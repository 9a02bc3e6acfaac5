"""Retainers as EngageHub's staff agree them."""

from __future__ import annotations

from typing import Any

from billing.models import Retainer
from billing.retainers.agreeing import agree_retainer
from billing.retainers.terms import Terms
from tests.billing.shop import Shop


def agree(shop: Shop, company: str = "Agency Ltd", **more: Any) -> Retainer:
    """Growth for two communities at 40 dollars a month unless said otherwise."""
    terms = {"plan": "growth", "interval": "month", "currency": "usd", "amount": 4_000, "places": 2, **more}
    return agree_retainer(user=shop.owner, company=company, email="b@agency.example", terms=Terms(**terms))
