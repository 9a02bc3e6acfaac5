"""What a new rule can begin from: the deeds that people reward, each with amounts and limits that have proved themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .seeds import DEFAULT_RULES


@dataclass(frozen=True, slots=True)
class Starter:
    """`definition` is a whole one; `name` is what the rule is called at first."""

    key: str
    name: str
    help: str
    definition: Mapping[str, Any] = field(default_factory=dict)


_DEFAULTS: Final = {key: (name, definition) for key, name, definition, _ in DEFAULT_RULES}
_HELP: Final = {
    "message": "Some points for each message, at most once a minute.",
    "reply": "More for those who answer somebody.",
    "thread": "For starting a conversation of its own.",
    "reaction_given": "A little for showing that one has read.",
    "reaction_received": "For what others liked.",
    "voice": "For each minute in voice, not alone and not muted.",
    "joined": "Once, as a welcome.",
    "daily_bonus": "Once a day, for whatever else is rewarded.",
}
STARTERS: Final[Mapping[str, Starter]] = {
    starter.key: starter
    for starter in (
        *(Starter(key, _DEFAULTS[key][0], text, _DEFAULTS[key][1]) for key, text in _HELP.items()),
        Starter(
            "own",
            "From your own programs",
            "For anything that a connected program reports, such as a lesson completed or a purchase.",
            {"triggers": ["lesson.completed"], "amount": 50, "daily_count_cap": 10},
        ),
        Starter("scratch", "New rule", "An empty form.", {"triggers": ["message"], "amount": 5}),
    )
}
