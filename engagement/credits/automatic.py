"""Requests that are granted by themselves: a type's rule, as {"most": 100, …}; an empty one grants nothing.

`most` must be there; every other condition that is named must hold as well. What is flagged always waits for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engagement.ledger.models import POINTS, LedgerBalance
from engagement.members.models import Member, MemberType

from .checks import MOST
from .errors import InvalidCreditsError
from .models import CreditRequest, CreditType, RequestState

MAX_DAYS: Final = 3_650
MAX_LEVEL: Final = 1_000  # as of any curve
_NUMBERS: Final = (
    ("most", 1, MOST, "The most that is granted by itself"),
    ("min_days", 1, MAX_DAYS, "The days that somebody has been a member"),
    ("min_points", 1, MOST, "The points ever earned"),
    ("min_level", 1, MAX_LEVEL, "The level"),
    ("min_granted", 1, 1_000, "The number of earlier requests that were granted"),
)
_LISTS: Final = ("member_types", "plans")
MAX_LISTED: Final = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a rule asks about. `days` since they joined, `points` ever earned, counts of this type's earlier requests."""

    amount: int
    days: int
    points: int
    granted: int
    rejected: int
    member_type: int | None
    plan: str
    level: int = 0


def check_automatic(rule: object) -> dict[str, Any]:
    """The rule as it is kept: only what is set. Raises InvalidCreditsError."""
    if not isinstance(rule, Mapping):
        raise InvalidCreditsError("The rule is an object, such as {“most”: 100}.", field="automatic")
    known = {name for name, *_ in _NUMBERS} | {*_LISTS, "no_rejections"}
    unknown = sorted(str(name) for name in rule if name not in known)
    if unknown:
        raise InvalidCreditsError(f"The rule knows nothing of {unknown[0]!r:.40}.", field="automatic")
    kept = _check_numbers(rule)
    for name in _LISTS:
        if rule.get(name):
            kept[name] = _check_list(name, rule[name])
    if rule.get("no_rejections"):
        kept["no_rejections"] = True
    if kept and "most" not in kept:
        raise InvalidCreditsError(
            "Say up to which amount requests are granted by themselves.", field="automatic_most"
        )
    return kept


def grants_itself(rule: Mapping[str, Any], facts: Candidate) -> bool:
    """Whether the rule grants it. Pure."""
    if "most" not in rule or facts.amount > rule["most"]:
        return False
    return (
        facts.days >= rule.get("min_days", 0)
        and facts.points >= rule.get("min_points", 0)
        and facts.level >= rule.get("min_level", 0)
        and facts.granted >= rule.get("min_granted", 0)
        and not (rule.get("no_rejections") and facts.rejected)
        and (not rule.get("member_types") or facts.member_type in rule["member_types"])
        and (not rule.get("plans") or facts.plan in rule["plans"])
    )


def gather_facts(
    credit_type: CreditType,
    member: Member,
    amount: int,
    *,
    plan: str,
    now: datetime,
    level_of: Callable[[int], int],
) -> Candidate:
    """What the rule may ask of this request. Two queries, and that of the level where the rule asks for one."""
    points = (
        LedgerBalance.objects.filter(member_id=member.pk, currency=POINTS)
        .values_list("lifetime", flat=True)
        .first()
    )
    states = list(
        CreditRequest.objects.filter(type=credit_type, member_id=member.pk).values_list("state", flat=True)
    )
    return Candidate(
        amount=amount,
        days=(now - (member.joined_at or member.created_at)).days,
        points=points or 0,
        granted=states.count(RequestState.APPROVED),
        rejected=states.count(RequestState.REJECTED),
        member_type=member.type_id,
        plan=plan,
        level=level_of(member.pk) if "min_level" in credit_type.automatic else 0,
    )


def describe_automatic(rule: Mapping[str, Any], unit: str) -> str:
    """“Up to 100 credits, for who has been here for 30 days”, or nothing."""
    if not rule:
        return ""
    asks = []
    if "min_days" in rule:
        asks.append(f"a member for {rule['min_days']:,} {'day' if rule['min_days'] == 1 else 'days'}")
    if "min_points" in rule:
        asks.append(f"{rule['min_points']:,} points ever earned")
    if "min_level" in rule:
        asks.append(f"level {rule['min_level']:,} or higher")
    if "min_granted" in rule:
        asks.append(f"{rule['min_granted']:,} granted before")
    if "no_rejections" in rule:
        asks.append("none rejected before")
    if "member_types" in rule:
        names = (
            MemberType.objects.filter(pk__in=rule["member_types"])
            .order_by("name")
            .values_list("name", flat=True)
        )
        asks.append("of type " + " or ".join(names))
    if "plans" in rule:
        asks.append("while the community's plan is " + " or ".join(rule["plans"]))
    return f"Up to {rule['most']:,} {unit}" + (": " + ", ".join(asks) if asks else "")


def _check_numbers(rule: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, lowest, highest, what in _NUMBERS:
        value = rule.get(name)
        if value is None:
            continue
        if type(value) is not int or not lowest <= value <= highest:
            raise InvalidCreditsError(
                f"{what}: a whole number from {lowest:,} to {highest:,}; this is {value!r:.30}.",
                field=f"automatic_{name}",
            )
        kept[name] = value
    return kept


def _check_list(name: str, value: object) -> list[Any]:
    wanted: type = int if name == "member_types" else str
    if (
        not isinstance(value, list | tuple)
        or len(value) > MAX_LISTED
        or not all(type(item) is wanted for item in value)
    ):
        raise InvalidCreditsError(f"{name} is a list of at most {MAX_LISTED}.", field=f"automatic_{name}")
    items = sorted(set(value))
    if wanted is str and not all(0 < len(item) <= 40 and item.isprintable() for item in items):
        raise InvalidCreditsError("A plan is named by its code, such as “pro”.", field="automatic_plans")
    if wanted is int and MemberType.objects.filter(
        pk__in=[item for item in items if 0 < item < 2**31]
    ).count() < len(items):
        raise InvalidCreditsError(
            "One of these member types is gone. Choose among those there are.", field="automatic_member_types"
        )
    return items
