"""A boost in words, for members and the team. Names of channels, roles and types are the caller's to give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from engagement.members.models import MemberType
from engagement.rules.models import Rule

_DEEDS: Final[Mapping[str, str]] = {
    "message": "messages",
    "reply": "answers",
    "thread": "new threads",
    "reaction_given": "reactions given",
    "reaction_received": "reactions received",
    "voice_minute": "minutes in voice",
    "joined": "joining",
    "daily_bonus": "the daily bonus",
}


@dataclass(frozen=True, slots=True)
class ScopeNames:
    """`places` are Discord's names by id: “#events”, “@Crew”. What is not known is left out, or called “certain channels”."""

    places: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[int, str] = field(default_factory=dict)
    member_types: Mapping[int, str] = field(default_factory=dict)


def read_scope_names(places: Mapping[str, str]) -> ScopeNames:
    """With the community's rules and member types. Two queries."""
    return ScopeNames(
        places,
        dict(Rule.objects.values_list("pk", "name")),
        dict(MemberType.objects.values_list("pk", "name")),
    )


def scope_text(scope: Mapping[str, Any], names: ScopeNames) -> str:
    """“messages and answers, in #events, for @Crew”; “everything”."""
    deeds = [_DEEDS.get(kind, f"“{kind}”") for kind in scope.get("types", ())]
    deeds += [f"“{names.rules[one]}”" for one in scope.get("rules", ()) if one in names.rules]
    places = _named(
        names.places, [*scope.get("channels", ()), *scope.get("categories", ())], "certain channels"
    )
    roles = _named(names.places, scope.get("roles", ()), "certain roles")
    types = _named(names.member_types, scope.get("member_types", ()), "that is gone")
    parts = [_listed(deeds, "and") if deeds else "everything"]
    if places:
        parts.append(f"in {_listed(places, 'or')}")
    if roles:
        parts.append(f"for {_listed(roles, 'or')}")
    if types:
        parts.append(f"for members of the type {_listed(types, 'or')}")
    return " ".join(parts)


def _named(names: Mapping[Any, str], ids: Sequence[Any], otherwise: str) -> list[str]:
    known = [names[one] for one in ids if one in names]
    return known or ([otherwise] if ids else [])


def _listed(words: list[str], joint: str) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {joint} {words[-1]}"
