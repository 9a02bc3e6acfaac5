"""News of what members are told."""

from __future__ import annotations

from dataclasses import dataclass

from saas.events import DomainEvent


@dataclass(frozen=True)
class MemberTold(DomainEvent):
    """A notice stands on a member's page. `kind` names its words; Discord follows where it can."""

    notice_id: int
    member_id: int
    kind: str
