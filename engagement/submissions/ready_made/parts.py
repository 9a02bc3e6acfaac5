"""What ready-made types are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Template:
    """A type that can be installed. `key` is what it is called in `/submit` and in the API. `first`: of the twelve that are offered to
    everybody at once."""

    key: str
    name: str
    description: str
    icon: str
    fields: tuple[dict[str, Any], ...]
    award: dict[str, Any]
    rubric: tuple[dict[str, Any], ...] = ()
    unique_links: bool = True
    limit_count: int | None = None
    limit_period: str = "ever"
    sla_hours: int = 72
    first: bool = False

    def values(self) -> dict[str, Any]:
        """As types.create_type takes them."""
        return {
            "name": self.name,
            "description": self.description,
            "icon": self.icon,
            "fields": [dict(one) for one in self.fields],
            "rubric": [dict(one) for one in self.rubric],
            "award": dict(self.award),
            "unique_links": self.unique_links,
            "limit_count": self.limit_count,
            "limit_period": self.limit_period,
            "sla_hours": self.sla_hours,
        }


@dataclass(frozen=True, slots=True)
class Pack:
    key: str
    name: str
    description: str
    templates: tuple[Template, ...] = field(default=())


def ask(kind: str, key: str, label: str, help: str = "", **more: Any) -> dict[str, Any]:
    """A field that has to be answered; `optional` one that need not be."""
    return {"key": key, "label": label, "kind": kind} | ({"help": help} if help else {}) | more


def optional(kind: str, key: str, label: str, help: str = "", **more: Any) -> dict[str, Any]:
    return ask(kind, key, label, help, required=False, **more)


def judge(key: str, label: str, help: str, weight: int = 1, most: int = 5) -> dict[str, Any]:
    return {"key": key, "label": label, "help": help, "weight": weight, "most": most}


def fixed(points: int) -> dict[str, Any]:
    return {"kind": "fixed", "points": points}


def each(points: int, key: str, cap: int) -> dict[str, Any]:
    return {"kind": "per_unit", "points": points, "field": key, "cap": cap}


def by_score(points: int) -> dict[str, Any]:
    return {"kind": "rubric", "points": points}


WHEN: Final = ask("date", "day", "When was it", when="past")
PEOPLE: Final = ask(
    "number", "people", "How many people came", "Without yourself.", least=1, most=5000, unit="people"
)
PROOF: Final = optional("picture", "pictures", "Pictures", "Of the event; ask those who are on them.", most=4)
MINUTES: Final = ask("number", "minutes", "How long", least=10, most=600, unit="minutes")
