"""Whether a member may have a reward, and if not, why: pure, the same for the shop's words and the redemption's decision.

`Reward.eligibility` holds any of {"level": 5, "roles": ["80351…", …] (one of them is enough), "days": 30 (since they joined),
"figures": [{"name": "badges", "least": 3}], "types": [2]}; all that are there must hold. Empty: everybody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from saas.core.text import clean_line

from .errors import InvalidRewardError
from .models import LimitPeriod, RewardState

PARTS: Final = ("level", "roles", "days", "figures", "types")
_MOST: Final = 1_000_000_000
_PERIOD_WORDS: Final = {"ever": "", "day": " a day", "week": " a week", "month": " a month"}


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """What is known of a member at that moment. `taken`: how many of the reward they have in its `limit_period`, returned ones left
    out. `points` they can spend; None where nobody asked. `timezone` and `first_weekday` are the community's."""

    member_id: int
    level: int = 0
    role_ids: frozenset[str] = frozenset()
    joined_at: datetime | None = None
    type_id: int | None = None
    figures: Mapping[str, int] = field(default_factory=dict)
    taken: int = 0
    points: int | None = None
    timezone: str = "UTC"
    first_weekday: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """`code` for programs, `text` for people. `missing`: points they lack. `until`: from then on it may be another way."""

    code: str
    text: str
    missing: int = 0
    until: datetime | None = None


class Offered(Protocol):
    """What is asked of a reward; the model has it, and rows that were read by hand."""

    name: str
    price: int
    state: str
    stock: int | None
    reserved: int
    limit_count: int | None
    limit_period: str
    eligibility: dict[str, Any]
    starts_at: datetime | None
    ends_at: datetime | None


def check_eligible(reward: Offered, facts: MemberFacts, now: datetime) -> Refusal | None:
    """Whether it is on offer now and this member is one of those it is for, with room in their limit. Neither stock nor points:
    those are `check_supply`'s and `check_points`'."""
    return check_offer(reward, now) or _check_person(reward, facts, now) or _check_limit(reward, facts, now)


def check_offer(reward: Offered, now: datetime) -> Refusal | None:
    """State and window."""
    if reward.state != RewardState.ACTIVE:
        return Refusal(
            "not_on_offer", f"“{reward.name}” is not on offer now. Look for something else in the shop."
        )
    if reward.starts_at is not None and now < reward.starts_at:
        return Refusal("not_yet", f"“{reward.name}” is not on offer yet.", until=reward.starts_at)
    if reward.ends_at is not None and now >= reward.ends_at:
        return Refusal("offer_over", f"“{reward.name}” is no longer on offer: its time is over.")
    return None


def check_supply(reward: Offered) -> Refusal | None:
    """Whether one is free."""
    if reward.stock is not None and reward.stock - reward.reserved <= 0:
        return Refusal("sold_out", f"“{reward.name}” is gone: all of them were redeemed.")
    return None


def check_points(reward: Offered, facts: MemberFacts) -> Refusal | None:
    """Whether the balance covers the price. Nothing is said where the points are not known."""
    if facts.points is None or facts.points >= reward.price:
        return None
    missing = reward.price - facts.points
    return Refusal(
        "not_enough_points",
        f"“{reward.name}” costs {reward.price:,} and you have {facts.points:,}: {missing:,} more to go.",
        missing=missing,
    )


def find_refusal(reward: Offered, facts: MemberFacts, now: datetime) -> Refusal | None:
    """All of it, in the order in which a person would want to hear it; None when they can redeem it."""
    return check_eligible(reward, facts, now) or check_supply(reward) or check_points(reward, facts)


def period_start(period: str, now: datetime, timezone: str, first_weekday: int) -> datetime | None:
    """Since when `limit_count` counts, on the community's clock; None: ever."""
    if period == LimitPeriod.EVER:
        return None
    day = now.astimezone(ZoneInfo(timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == LimitPeriod.WEEK:
        day -= timedelta(days=(day.weekday() - first_weekday) % 7)
    elif period == LimitPeriod.MONTH:
        day = day.replace(day=1)
    return day.astimezone(UTC)


def period_end(period: str, now: datetime, timezone: str, first_weekday: int) -> datetime | None:
    """When a new period begins; None: never."""
    start = period_start(period, now, timezone, first_weekday)
    if start is None:
        return None
    day = start.astimezone(ZoneInfo(timezone)).replace(tzinfo=None)
    if period == LimitPeriod.MONTH:
        following = (day + timedelta(days=31)).replace(day=1)
    else:
        following = day + timedelta(days=7 if period == LimitPeriod.WEEK else 1)
    return following.replace(tzinfo=ZoneInfo(timezone)).astimezone(UTC)


def check_eligibility(given: Any) -> dict[str, Any]:
    """`given` as it is stored: cleaned, what asks for nothing left out. Raises InvalidRewardError."""
    if not isinstance(given, Mapping):
        raise InvalidRewardError("Who it is for is an object of names and values.", field="eligibility")
    for name in given:
        if name not in PARTS:
            raise InvalidRewardError(
                f"{str(name)!r:.40} is nothing to ask of a member. It is one of {', '.join(PARTS)}.",
                field="eligibility",
            )
    checked = {
        "level": _number(given.get("level"), "level", "The level", 10_000),
        "roles": _ids(given.get("roles"), "roles", r"[0-9]{15,20}", str),
        "days": _number(given.get("days"), "days", "The days", 36_500),
        "figures": _figures(given.get("figures")),
        "types": _ids(given.get("types"), "types", r"[0-9]{1,9}", int),
    }
    return {name: value for name, value in checked.items() if value}


def eligibility_words(
    eligibility: Mapping[str, Any], *, roles: Mapping[str, str], types: Mapping[int, str]
) -> str:
    """“from level 5, with the role Veteran”: names for what is stored by id. Empty: for everybody."""
    parts = []
    if eligibility.get("level"):
        parts.append(f"from level {eligibility['level']:,}")
    if eligibility.get("roles"):
        parts.append(
            "with the role "
            + " or ".join(roles.get(str(one), "that is gone") for one in eligibility["roles"])
        )
    if eligibility.get("days"):
        parts.append(f"after {eligibility['days']:,} {'day' if eligibility['days'] == 1 else 'days'} here")
    parts += [f"with {one['least']:,} {one['name']} or more" for one in eligibility.get("figures", ())]
    if eligibility.get("types"):
        parts.append("for " + " or ".join(types.get(one, "a deleted type") for one in eligibility["types"]))
    return ", ".join(parts)


def _check_person(reward: Offered, facts: MemberFacts, now: datetime) -> Refusal | None:
    asks = reward.eligibility
    if not asks:
        return None
    if facts.level < asks.get("level", 0):
        return Refusal(
            "level_too_low",
            f"“{reward.name}” is for members from level {asks['level']:,}; you are at level {facts.level:,}.",
        )
    if asks.get("roles") and not facts.role_ids.intersection(str(one) for one in asks["roles"]):
        return Refusal("role_missing", f"“{reward.name}” is for members with a role that you don't have.")
    if asks.get("days"):
        since = facts.joined_at or now
        until = since + timedelta(days=asks["days"])
        if now < until:
            return Refusal(
                "too_new",
                f"“{reward.name}” is for members who have been here for {asks['days']:,} days.",
                until=until,
            )
    for one in asks.get("figures", ()):
        has = facts.figures.get(one["name"], 0)
        if has < one["least"]:
            return Refusal(
                "figure_too_low",
                f"“{reward.name}” asks for {one['least']:,} {one['name']}, and you have {has:,}.",
            )
    if asks.get("types") and facts.type_id not in asks["types"]:
        return Refusal("type_missing", f"“{reward.name}” is for another kind of members.")
    return None


def _check_limit(reward: Offered, facts: MemberFacts, now: datetime) -> Refusal | None:
    if reward.limit_count is None or facts.taken < reward.limit_count:
        return None
    often = "once" if reward.limit_count == 1 else f"{reward.limit_count:,} times"
    until = period_end(reward.limit_period, now, facts.timezone, facts.first_weekday)
    return Refusal(
        "limit_used_up",
        f"You can redeem “{reward.name}” {often}{_PERIOD_WORDS[reward.limit_period]}.",
        until=until,
    )


def _number(value: Any, name: str, what: str, most: int) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,12}", value.strip()):
        value = int(value)
    if type(value) is not int or not 0 <= value <= most:
        raise InvalidRewardError(
            f"{what} is a whole number from 1 to {most:,}; this is {str(value)!r:.40}.",
            field=f"eligibility.{name}",
        )
    return value


def _ids(value: Any, name: str, form: str, kind: type[str] | type[int]) -> list[Any] | None:
    if value is None or value == "":
        return None
    if not isinstance(value, list | tuple) or len(value) > 50:
        raise InvalidRewardError("A list of at most 50.", field=f"eligibility.{name}")
    texts = [str(one).strip() for one in value]
    if not all(re.fullmatch(form, text) for text in texts):
        raise InvalidRewardError("Choose from those that are there.", field=f"eligibility.{name}")
    return sorted({kind(text) for text in texts})


def _figures(value: Any) -> list[dict[str, Any]] | None:
    if value is None or value == "":
        return None
    if not isinstance(value, list | tuple) or len(value) > 10:
        raise InvalidRewardError("A list of at most ten figures.", field="eligibility.figures")
    figures = {}
    for one in value:
        if (
            not isinstance(one, Mapping)
            or set(one) - {"name", "least"}
            or not isinstance(one.get("name"), str)
        ):
            raise InvalidRewardError("Each figure has a name and a least value.", field="eligibility.figures")
        name = clean_line(one["name"], limit=60)
        least = _number(one.get("least"), "figures", "The least value", _MOST)
        if name and least:
            figures[name] = least
    return [{"name": name, "least": least} for name, least in sorted(figures.items())]
