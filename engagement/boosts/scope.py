"""What a boost is for: the stored form, checked, and its words.

    {"types": ["message"], "rules": [3],                 activity types, or ids of rules: either
     "channels": ["77"], "categories": ["78"],           Discord's ids as texts: either; a thread counts as its parent channel
     "roles": ["5"],                                     any of them
     "member_types": [2]}                                ids of the community's member types: any of them

What is left out does not narrow it; what is given must all fit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engagement.members.models import MemberType
from engagement.rules.boosting import LiveBoost
from engagement.rules.definition import MAX_TYPE, is_trigger
from engagement.rules.models import Rule

from .errors import InvalidBoostError

PARTS: Final = ("types", "rules", "channels", "categories", "roles", "member_types")
MAX_ITEMS: Final = 50
_NUMBERED: Final = ("rules", "member_types")


def check_scope(scope: Mapping[str, Any]) -> dict[str, list[Any]]:
    """As it is stored: only what narrows it, each part sorted and without repeats. Reads the rules and member types that it names.

    Raises InvalidBoostError, whose `field` names the part.
    """
    unknown = sorted(str(key) for key in scope.keys() - set(PARTS))
    if unknown:
        raise InvalidBoostError(
            f"A boost's scope has no {unknown[0]!r:.40}. It has: {', '.join(PARTS)}.", field="scope"
        )
    checked = {part: _check_part(part, scope.get(part)) for part in PARTS}
    for trigger in checked["types"]:
        if not is_trigger(trigger):
            raise InvalidBoostError(
                f"No rule rewards {trigger!r:.60}. Name activity types such as message, of at most {MAX_TYPE} small letters.",
                field="types",
            )
    _require(
        checked["rules"],
        set(Rule.objects.filter(pk__in=checked["rules"]).values_list("pk", flat=True)),
        "rules",
    )
    known_types = MemberType.objects.filter(pk__in=checked["member_types"])
    _require(checked["member_types"], set(known_types.values_list("pk", flat=True)), "member_types")
    return {part: items for part, items in checked.items() if items}


def compile_boost(boost_id: int, name: str, percent: int, scope: Mapping[str, Any]) -> LiveBoost:
    """As evaluation asks it."""
    return LiveBoost(
        boost_id=boost_id,
        name=name,
        percent=percent,
        triggers=frozenset(scope.get("types", ())),
        rule_ids=frozenset(scope.get("rules", ())),
        channels=frozenset(scope.get("channels", ())),
        categories=frozenset(scope.get("categories", ())),
        roles=frozenset(scope.get("roles", ())),
        member_types=frozenset(scope.get("member_types", ())),
    )


def _check_part(part: str, value: object) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list | tuple) or len(value) > MAX_ITEMS:
        raise InvalidBoostError(f"{part} is a list of at most {MAX_ITEMS}; got {value!r:.80}.", field=part)
    if part in _NUMBERED:
        if not all(type(item) is int and 0 < item < 2**31 for item in value):
            raise InvalidBoostError(f"{part} are named by their numbers; got {value!r:.80}.", field=part)
    elif part == "types":
        if not all(isinstance(item, str) for item in value):
            raise InvalidBoostError(f"{part} are texts; got {value!r:.80}.", field=part)
    elif not all(
        isinstance(item, str) and item.isascii() and item.isdecimal() and len(item) <= 20 for item in value
    ):
        raise InvalidBoostError(f"{part} are Discord's ids, as texts; got {value!r:.80}.", field=part)
    return sorted(set(value))


def _require(wanted: list[int], known: set[int], part: str) -> None:
    missing = [item for item in wanted if item not in known]
    if missing:
        words = "rule" if part == "rules" else "member type"
        raise InvalidBoostError(
            f"There is no {words} {missing[0]} in this community. Choose from the list.", field=part
        )
