"""News about what a community may do, in the community's own log."""

from __future__ import annotations

from dataclasses import dataclass

from saas.events import DomainEvent


@dataclass(frozen=True)
class EntitlementsChanged(DomainEvent):
    """Something about the dated phases is different. `plan` and `why` are of the phase in force; that a later phase begins on its
    date is no news."""

    tenant_id: int
    version: int
    plan: str
    why: str
    former_plan: str
    former_why: str
