"""What roles and actions are called on the team's pages. Everything else comes from the table itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tenants.permissions import GRANTABLE, PERMISSIONS, Rights, Role

ROLE_WORDS: Final = {
    Role.STRANGER: "anybody, without a login",
    Role.PARTNER: "kept for businesses that give rewards; nobody is one yet",
    Role.MEMBER: "who is in the community",
    Role.ANALYST: "sees everything, changes nothing",
    Role.MODERATOR: "looks after members and their points",
    Role.ADMIN: "sets everything up",
    Role.OWNER: "decides about the community itself; exactly one",
}
SHOWN_ROLES: Final = tuple(ROLE_WORDS)


@dataclass(frozen=True, slots=True)
class ActionLine:
    """One action of the table as a line of a page. `by_role`: the role says so; `mine`: the one who looks may change it."""

    action: str
    text: str
    checked: bool
    by_role: bool
    mine: bool


@dataclass(frozen=True, slots=True)
class TableLine:
    """One action, and which of SHOWN_ROLES may do it."""

    text: str
    cells: tuple[bool, ...]


def list_role_table() -> list[TableLine]:
    """What each role may do, from the one table that every door asks."""
    return [
        TableLine(_sentence(row.asks), tuple(role >= row.role for role in SHOWN_ROLES))
        for row in PERMISSIONS.values()
        if row.role <= Role.OWNER
    ]


def list_actions(rights: Rights, by: Rights, *, may_add: bool = True) -> list[ActionLine]:
    """Every action that can be given to or taken from one person, as it stands for them. Without `may_add`, which the plan decides,
    an exception can only be taken back."""
    return [
        ActionLine(
            action,
            _sentence(PERMISSIONS[action].asks),
            rights.may(action),
            rights.role >= PERMISSIONS[action].role,
            by.may(action) and (may_add or action in rights.given or action in rights.taken),
        )
        for action in GRANTABLE
    ]


def read_ticks(
    rights: Rights, by: Rights, ticked: Iterable[str], *, may_add: bool = True
) -> tuple[list[str], list[str]]:
    """(given, taken) that make of the ticked lines what the page showed; what the one who looks could not change there stays."""
    chosen = set(ticked)
    given, taken = [], []
    for line in list_actions(rights, by, may_add=may_add):
        wanted = line.action in chosen if line.mine else line.checked
        if wanted and not line.by_role:
            given.append(line.action)
        elif line.by_role and not wanted:
            taken.append(line.action)
    return given, taken


def describe_exceptions(rights: Rights) -> str:
    """“may also change the rules; may not export the audit log”, or nothing."""
    parts = []
    if rights.given:
        parts.append("may also " + ", ".join(PERMISSIONS[one].asks for one in sorted(rights.given)))
    if rights.taken:
        parts.append("may not " + ", ".join(PERMISSIONS[one].asks for one in sorted(rights.taken)))
    return "; ".join(parts)


def _sentence(asks: str) -> str:
    return asks[:1].upper() + asks[1:]
