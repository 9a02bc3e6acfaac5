"""Reads of the log: searched, of one thing, of one entry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Q, QuerySet

from .actions import ACTIONS, GROUPS
from .errors import AuditEntryNotFoundError
from .models import AuditEntry, AuditSeal, Outcome

PAGE: Final = 50
MOST: Final = 200


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """What to look for; what is empty does not narrow. `before_id` is the last entry that was seen."""

    text: str = ""
    actor_kind: str = ""
    actor_id: int | None = None
    groups: tuple[str, ...] = ()  # nouns of actions
    action: str = ""
    target_kind: str = ""
    target_id: str = ""
    outcome: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before_id: int | None = None


def search_entries(search: AuditSearch) -> QuerySet[AuditEntry]:
    """The entries that fit, newest first. Lazy: sliced or streamed by the caller, inside the tenant."""
    found = AuditEntry.objects.filter(**_exact(search)).order_by("-id")
    nouns = [noun for noun in search.groups if noun in GROUPS]
    if nouns:
        found = found.filter(action__in=[one for one in ACTIONS if one.partition(".")[0] in nouns])
    if search.text:
        text = search.text.replace("\x00", "")[:100]
        found = found.filter(
            Q(actor_name__icontains=text)
            | Q(target_name__icontains=text)
            | Q(note__icontains=text)
            | Q(target_id=text)
        )
    return found


def _exact(search: AuditSearch) -> dict[str, object]:
    wanted = {
        "actor_kind": search.actor_kind,
        "action": search.action,
        "target_kind": search.target_kind,
        "target_id": search.target_id,
        "outcome": search.outcome,
        "actor_id": search.actor_id,
        "occurred_at__gte": search.since,
        "occurred_at__lt": search.until,
        "id__lt": search.before_id,
    }
    return {name: value for name, value in wanted.items() if value not in ("", None)}


def list_entries(search: AuditSearch, *, limit: int = PAGE) -> tuple[list[AuditEntry], bool]:
    """One page, and whether there are more. One query."""
    limit = min(limit, MOST)
    rows = list(search_entries(search)[: limit + 1])
    return rows[:limit], len(rows) > limit


def list_history(*, target_kind: str, target_id: object, limit: int = 20) -> list[AuditEntry]:
    """What was done to one thing, newest first. One query, by its index."""
    wanted = AuditSearch(target_kind=target_kind, target_id=str(target_id), outcome=Outcome.DONE)
    return list_entries(wanted, limit=limit)[0]


def get_entry(entry_id: int) -> AuditEntry:
    """Raises AuditEntryNotFoundError."""
    found = AuditEntry.objects.filter(pk=entry_id).first()
    if found is None:
        raise AuditEntryNotFoundError("There is no such entry in this community's audit log.")
    return found


def find_seal(entry_id: int) -> AuditSeal | None:
    """The entry's place in the chain; None until the job came by."""
    return AuditSeal.objects.filter(entry_id=entry_id).first()


def get_head() -> str:
    """The chain's last place and its digest, `1200:9f86…`, as `verify_audit --expect` takes it; empty for an empty chain."""
    head = AuditSeal.objects.order_by("-position").first()
    return f"{head.position}:{head.chain}" if head else ""
