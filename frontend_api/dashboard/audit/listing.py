"""The list of the audit log, declared; and the same as a file, with everything that an entry holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import orjson
from django.http import QueryDict

from engagement.audit.actions import GROUPS, words_of
from engagement.audit.models import AuditEntry, AuditSeal, Outcome
from engagement.audit.selectors import AuditSearch, search_entries
from frontend_api.addresses import write_address
from frontend_api.dashboard.parts.cells import Link, Tag
from frontend_api.dashboard.parts.filters import Choice, Filter, Span
from frontend_api.dashboard.parts.lists import Column, Empty, ListKind, ListQuery, QuerySetSource, Sort
from tenants.models import Membership

DOORS: Final = {
    "web": "Dashboard",
    "rest": "API",
    "bot": "Bot",
    "command": "EngageHub's command line",
    "job": "By itself",
    "": "–",
}
KINDS: Final = {
    "user": "people with a login",
    "discord": "people in Discord",
    "member": "members without a login",
    "key": "API keys",
    "operator": "EngageHub's staff",
    "system": "EngageHub itself",
    "anonymous": "strangers",
}
_TARGET: Final = re.compile(r"[a-z_]{1,30}:[^\x00:]{1,80}")
_SORTS: Final = (Sort("when", "number", "id"),)
_EMPTY: Final = Empty(
    "history",
    "Nothing has been changed yet",
    "Whoever changes rules, members, points or the team stands here, with what it was before.",
)


def build_audit_list(team: Sequence[Membership], given: QueryDict) -> ListKind:
    """The list, with the people of the team to narrow it to. Asks the database nothing."""
    return ListKind(
        key="audit",
        name="acts",
        source=QuerySetSource(lambda query: search_entries(read_search(query))),
        search="Search by name, reason or number",
        columns=(
            Column("what", "What", lambda entry: Link(describe(entry), address_of(entry))),
            Column("who", "Who", lambda entry: entry.actor_name or "(erased)"),
            Column("when", "When", lambda entry: entry.occurred_at, sort="when"),
            Column("via", "From", lambda entry: DOORS.get(entry.via, entry.via)),
            Column("outcome", "Outcome", show_outcome),
            Column("role", "Role", lambda entry: entry.actor_role, shown=False),
            Column("address", "Network", lambda entry: entry.address, shown=False),
            Column("note", "Reason", lambda entry: entry.note, shown=False),
            Column("id", "Number", lambda entry: entry.pk, number=True, shown=False),
        ),
        sorts=_SORTS,
        sort="-when",
        filters=_filters(team, given),
        empty=_EMPTY,
        row_name=describe,
        page_size=50,
    )


def build_audit_file(team: Sequence[Membership], given: QueryDict) -> ListKind:
    """All of an entry and its place in the chain, whatever columns the page shows. One more query a thousand rows."""
    names = ("actor_kind", "actor_id", "actor_name", "actor_role", "via", "address", "request_id")
    facts = ("target_kind", "target_id", "target_name", "note")
    return ListKind(
        key="audit-log",
        name="acts",
        source=QuerySetSource(lambda query: search_entries(read_search(query)), _with_seals),
        search="-",
        columns=(
            Column("number", "number", lambda entry: entry.pk),
            Column("occurred_at", "occurred_at", lambda entry: entry.occurred_at),
            Column("action", "action", lambda entry: entry.action),
            Column("result", "outcome", lambda entry: entry.outcome),
            *[Column(name, name, lambda entry, name=name: getattr(entry, name)) for name in (*names, *facts)],  # type: ignore[misc]
            Column("before", "before", lambda entry: _json(entry.before)),
            Column("after", "after", lambda entry: _json(entry.after)),
            Column("place", "place", lambda entry: entry.seal and entry.seal.position),
            Column("digest", "digest", lambda entry: entry.seal and entry.seal.entry_digest),
            Column("chain", "chain", lambda entry: entry.seal and entry.seal.chain),
        ),
        sorts=_SORTS,
        sort="-when",
        filters=_filters(team, given),
    )


def read_search(query: ListQuery) -> AuditSearch:
    """The list's filters as the log knows them."""
    values = query.values
    days = values.get("days")
    span = days if isinstance(days, Span) else Span(None, None)
    kind, _, number = str(values.get("who", "")).partition(":")
    target_kind, _, target_id = str(values.get("target", "")).partition(":")
    return AuditSearch(
        text=query.text,
        actor_kind=kind,
        actor_id=int(number) if number else None,
        groups=tuple(values.get("about", ())),
        target_kind=target_kind,
        target_id=target_id,
        outcome=str(values.get("outcome", "")),
        since=span.low,  # type: ignore[arg-type]
        until=span.high,  # type: ignore[arg-type]
    )


def describe(entry: AuditEntry) -> str:
    """“changed the points of Grace”, as a sentence without its subject."""
    words = words_of(entry.action)
    target = entry.target_name or (
        f"{entry.target_kind} {entry.target_id}".strip() if entry.is_erased else ""
    )
    text = f"{words} {target}".strip().removesuffix(" of").removesuffix(":")
    return text[:1].upper() + text[1:]


def address_of(entry: AuditEntry) -> str:
    return write_address("dashboard-audit-entry", entry.pk)


def show_outcome(entry: AuditEntry) -> Tag:
    return Tag("Refused", "warn") if entry.outcome == Outcome.DENIED else Tag("Done", "good")


def _filters(team: Sequence[Membership], given: QueryDict) -> tuple[Filter, ...]:
    people = tuple(Choice(f"user:{row.user_id}", str(row.user)) for row in team)
    groups = tuple(Choice(f"{kind}:", f"all {name}") for kind, name in KINDS.items())
    filters = [
        Filter("about", "About", "choice", tuple(Choice(key, name) for key, name in GROUPS.items())),
        Filter("who", "Who", "one", (*people, *_who_else(given, people), *groups)),
        Filter("outcome", "Outcome", "one", (Choice("done", "done"), Choice("denied", "refused"))),
        Filter("days", "Day", "days"),
    ]
    target = given.get("target", "")
    if _TARGET.fullmatch(target):
        # Only a link from a thing's own page names it, so it stands in no list of choices.
        filters.append(Filter("target", "Done to", "one", (Choice(target, target.replace(":", " ")),)))
    return tuple(filters)


def _who_else(given: QueryDict, people: Sequence[Choice]) -> tuple[Choice, ...]:
    """Somebody whom an entry's own page names and who is not on the team."""
    kind, _, number = given.get("who", "").partition(":")
    known = {choice.value for choice in people}
    if kind not in KINDS or not number.isdecimal() or len(number) > 18 or f"{kind}:{number}" in known:
        return ()
    return (Choice(f"{kind}:{number}", f"{kind} {number}"),)


def _with_seals(entries: list[AuditEntry]) -> list[Any]:
    seals = {
        seal.entry_id: seal for seal in AuditSeal.objects.filter(entry_id__in=[one.pk for one in entries])
    }
    for entry in entries:
        entry.seal = seals.get(entry.pk)  # type: ignore[attr-defined]
    return entries


def _json(value: object) -> str:
    return "" if value is None else orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
