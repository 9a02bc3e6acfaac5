"""An event's payload as EngageHub's staff see it: ids, states, amounts and moments; nothing that tells who somebody is or opens
anything.

What may be seen is named by its form and not by a list of fields, so that a field which Stripe adds stays unseen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

CUT: Final = "[not shown]"
MOST_ITEMS: Final = 50
DEEPEST: Final = 12
_WORD: Final = re.compile(r"[A-Za-z0-9_.:-]{1,255}")
# Texts of one word, and numbers, that are personal or open something all the same.
_PERSONAL: Final = re.compile(
    r"name|email|phone|address|line[12]|city|state_province|postal|zip|country|^ip|_ip$|birth|^dob$|last4|fingerprint|iban|bic"
    r"|routing|account_number|tax_id|^value$|details$|shipping|verification|secret|token|password|url|pdf|description|note|memo"
    r"|footer|custom_fields|collected|individual|owner|card$|network|authorization"
)
# Ends with one of those, and is what an engineer looks for.
_PLAIN: Final = frozenset(
    {"subscription_details", "period_details", "pricing", "price_details", "subscription_item_details"}
)


def cut_payload(payload: Any, *, depth: int = 0) -> Any:
    """A copy without personal data and secrets."""
    if depth > DEEPEST:
        return CUT
    if isinstance(payload, Mapping):
        shown = list(payload.items())[: 4 * MOST_ITEMS]
        return {_key(name): _cut_field(str(name), value, depth) for name, value in shown}
    if isinstance(payload, list):
        cut = [cut_payload(one, depth=depth + 1) for one in payload[:MOST_ITEMS]]
        return [*cut, CUT] if len(payload) > MOST_ITEMS else cut
    if isinstance(payload, str) and payload and not _WORD.fullmatch(payload):
        return CUT
    return payload


def _cut_field(name: str, value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if name not in _PLAIN and _PERSONAL.search(name.lower()):
        return CUT
    return cut_payload(value, depth=depth + 1)


def _key(name: Any) -> str:
    return str(name) if _WORD.fullmatch(str(name)) else CUT
