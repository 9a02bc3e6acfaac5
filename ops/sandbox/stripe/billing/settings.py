"""What an account sets in Stripe's dashboard and no API call does: retries, and what becomes of who never pays."""

from __future__ import annotations

from typing import Final

from ..engine.dunning import RETRY_DAYS
from ..errors import invalid
from ..store import Json, Store

_KIND: Final = "_billing_settings"
_ENDS: Final = ("canceled", "unpaid", "past_due")
DEFAULTS: Final[Json] = {"retry_days": list(RETRY_DAYS), "end_of_retries": "canceled"}


def settings_of(store: Store) -> Json:
    return DEFAULTS | (store.find(_KIND, "settings") or {})


def change_settings(store: Store, given: Json) -> Json:
    """Set `retry_days` (days after the attempt before) and `end_of_retries` (canceled, unpaid, past_due)."""
    wrong = given.keys() - DEFAULTS.keys()
    if wrong:
        raise invalid(f"The billing settings know {', '.join(DEFAULTS)}; not {', '.join(sorted(wrong))}.")
    if given.get("end_of_retries", "canceled") not in _ENDS:
        raise invalid(f"end_of_retries must be one of {', '.join(_ENDS)}.", "end_of_retries")
    days = given.get("retry_days", [])
    if not isinstance(days, list) or not all(isinstance(one, int) and 1 <= one <= 60 for one in days):
        raise invalid("retry_days must be a list of days, each from 1 to 60.", "retry_days")
    settings = settings_of(store) | given | {"object": _KIND, "id": "settings"}
    store.put(settings)
    return {name: settings[name] for name in DEFAULTS}
