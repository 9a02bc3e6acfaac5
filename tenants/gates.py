"""Gates: which parts of the product a plan opens. Each is declared here once, by name.

The page's lock, the bot's reply, the REST permission and the documentation come from the declaration. A gate asks whether
the plan allows something; whether this person may do it is tenants.permissions.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from saas.core.errors import NotAllowedError

from .entitlements import Entitlements


@dataclass(frozen=True, slots=True)
class Gate:
    """`feature` is what a plan's entitlements list."""

    feature: str
    title: str


_DECLARED = (
    Gate("level_roles", "Roles for levels"),
    Gate("announcements", "Announcements"),
)
GATES = {gate.feature: gate for gate in _DECLARED}


class GateClosedError(NotAllowedError):
    """The tenant's plan does not have it."""

    code = "not_in_plan"

    def __init__(self, gate: Gate) -> None:
        super().__init__(
            f"{gate.title} are not part of this community's plan. Its owner can change the plan under Billing."
        )


def is_open(name: str, entitlements: Entitlements, moment: datetime) -> bool:
    """Whether the plan in force at `moment` opens the gate. Raises KeyError for a gate that was never declared."""
    return entitlements.has_feature(GATES[name].feature, moment)


def require_open(name: str, entitlements: Entitlements, moment: datetime) -> None:
    """Raises GateClosedError."""
    if not is_open(name, entitlements, moment):
        raise GateClosedError(GATES[name])
