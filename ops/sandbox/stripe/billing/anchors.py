"""The billing cycle's anchor as the API takes it where a subscription is there already: an object. Inside it is a word or a moment."""

from __future__ import annotations

from ..errors import invalid
from .saving import Given


def with_plain_anchor(given: Given, where: str = "billing_cycle_anchor") -> Given:
    """`{"type": "now"}` becomes `now`, a timestamp the moment itself. Raises a 400 for half of one."""
    anchor = given.get("billing_cycle_anchor")
    if not isinstance(anchor, dict):
        return given
    if (anchor["type"] == "timestamp") != ("timestamp" in anchor):
        raise invalid("`timestamp` is for a `type` of `timestamp`, which needs it.", f"{where}[timestamp]")
    return given | {"billing_cycle_anchor": anchor.get("timestamp", anchor["type"])}
