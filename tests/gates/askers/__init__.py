"""How each declared surface is asked: `ASKERS["page dashboard-x"] = ask`, a file for each kind of thing.

`ask(world)` does there what the gate or limit is about, and answers whether the plan let it: True for open. What it wrote is
rolled back. A surface of a limit also stands in `USED`: how much of it is in use before `ask` adds one more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.test import Client

    from tenants.context import TenantContext


@dataclass(frozen=True)
class World:
    """Acme with one of everything (tests/permissions/scene.py), its owner's browser, and the context as it is now."""

    context: TenantContext
    things: dict[str, Any]
    owner: Client


Ask = Callable[[World], bool]
ASKERS: dict[str, Ask] = {}
USED: dict[str, Callable[[World], int]] = {}


def asks(surface: str, *, used: Callable[[World], int] | None = None) -> Callable[[Ask], Ask]:
    """Of a function that asks this surface."""

    def remember(ask: Ask) -> Ask:
        assert surface not in ASKERS, f"{surface} is asked twice"
        ASKERS[surface] = ask
        if used is not None:
            USED[surface] = used
        return ask

    return remember


def load_askers() -> dict[str, Ask]:
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return ASKERS


def is_open(answer: Any) -> bool:
    """Of a page's answer: let through, or refused with the words of a plan that lacks it."""
    if answer.status_code in {200, 201, 204, 302}:
        return True
    text = answer.content.decode()
    assert answer.status_code == 403, (answer.status_code, text[:2000])
    assert "not part of" in text or "all of them are in use" in text, text[:2000]
    return False
