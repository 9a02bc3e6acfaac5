"""What applying a template would do to one thing, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ADD: Final = "add"
CHANGE: Final = "change"
ON: Final = "on"
OFF: Final = "off"
KEEP: Final = "keep"


@dataclass(frozen=True, slots=True)
class PlanLine:
    """`act` is add, change, on, off, or keep with the reason why it stays."""

    act: str
    title: str
    text: str
