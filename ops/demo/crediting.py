"""The demo's credits: AI and Lead credits in each community, with two months of requests in every state, grants and spending.

Through the services, at the moments of which they speak; nobody is told of what happened long ago. Safe to repeat: what was asked
for once is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from django.db import connection, transaction

from engagement.audit.actor import Actor
from engagement.credits.deciding import approve_request, ask_about_request, reject_request
from engagement.credits.models import CreditRequest, CreditType
from engagement.credits.moving import grant_credits, spend_credits
from engagement.credits.requesting import cancel_request
from engagement.credits.types import TypeDraft, create_type
from engagement.members.models import Member
from engagement.progression.crediting import request_credits
from saas.core import clock
from saas.core.errors import EngageHubError
from tenants.context import TenantContext, enter_tenant
from tenants.gates import LimitReachedError
from tenants.owner import as_owner

from .communities import DemoCommunity
from .feeding import drop_jobs, newest_job

PEOPLE: Final = 24
REQUESTS: Final = 90
DAYS: Final = 60
_TYPES: Final = (
    TypeDraft(
        key="ai", name="AI", description="For pictures, texts and transcripts in our tools.", least=10, most=500,
        period_amount=1_000, automatic={"most": 30, "min_days": 14, "min_level": 3}, mail_above=250, low_balance=20, escalate_hours=48,
    ),
    TypeDraft(
        key="lead", name="Lead", description="Contacts of companies that look for people like us.", most=20, period="week",
        period_requests=2, needs_reason=True, escalate_hours=72,
    ),
)  # fmt: skip
_WHATS: Final = {
    "ai": ("Pictures", "A transcript", "Cover art", "Subtitles", "Three drafts", "A summary"),
    "lead": ("Sponsors", "Companies to ask", "A first client", "Speakers"),
}
_WHERES: Final = (
    "the meetup’s poster", "last week’s talk", "my project page", "our workshop video", "the new emblem", "the newsletter",
    "our career evening", "the hackathon", "the study group", "a beginner’s guide", "the winter fair", "my portfolio",
)  # fmt: skip
_REJECTIONS: Final = (
    "You had some last week; ask again next month.",
    "This is not what they are for.",
    "Which project is it?",
)
_QUESTIONS: Final = ("Which project is this for?", "Would half of it do?")
_SPENT: Final = ("A picture", "A transcript of an hour", "Three drafts", "A contact opened")
_ENTRIES: Final = (
    "UPDATE {s}.ledger_entry e SET occurred_at = r.decided_at, created_at = r.decided_at FROM {s}.credit_request r "
    "WHERE e.cause_kind = 40 AND e.cause_id = r.id AND e.created_at > r.decided_at + interval '1 hour'"
)
_MOVES: Final = (
    "UPDATE {s}.credit_move m SET created_at = t.at FROM (SELECT unnest(%s::bigint[]) AS id, unnest(%s::timestamptz[]) AS at) t "
    "WHERE m.id = t.id"
)
_MOVE_ENTRIES: Final = (
    "UPDATE {s}.ledger_entry e SET occurred_at = m.created_at, created_at = m.created_at FROM {s}.credit_move m "
    "WHERE e.cause_kind = 42 AND e.cause_id = m.id AND e.created_at > m.created_at + interval '1 hour'"
)
_TEAM: Final = Actor("user", 0, "Ada Wren", role="owner", via="web")
_PROGRAM: Final = Actor("key", 0, "Our own software", via="rest")


@dataclass(frozen=True, slots=True)
class _Story:
    """One request: who, what, when, and what became of it."""

    number: int
    member: Member
    type_key: str
    amount: int
    reason: str
    at: datetime
    fate: str
    after: timedelta


def make_demo_credits(community: DemoCommunity, context: TenantContext, *, now: datetime) -> int:
    """Make what is missing; answers how many requests there are now. As many kinds as the plan has room for."""
    newest = newest_job()
    moves: dict[int, datetime] = {}
    with enter_tenant(context):
        keys = _make_types(context)
        people = list(
            Member.objects.filter(
                is_bot=False, departed_at=None, deleted_at=None, waiting_since=None
            ).order_by("pk")[:PEOPLE]
        )
        if not keys or not people or CreditRequest.objects.filter(key="demo:1").exists():
            return CreditRequest.objects.count()
        dice = Random(f"{community.slug}:credits")
        for story in sorted(_tell(dice, people, keys, now), key=lambda one: one.at):
            _live(context, story, dice, moves)
        count = CreditRequest.objects.count()
    drop_jobs(context.schema, after=newest)
    _backdate(context.schema, moves)
    return count


def _make_types(context: TenantContext) -> list[str]:
    """The keys of those that are there."""
    for draft in _TYPES:
        if not CreditType.objects.filter(key=draft.key).exists():
            try:
                create_type(context=context, draft=draft, actor=_TEAM)
            except LimitReachedError:
                break
    return list(
        CreditType.objects.filter(key__in=[draft.key for draft in _TYPES]).values_list("key", flat=True)
    )


def _tell(dice: Random, people: list[Member], keys: list[str], now: datetime) -> list[_Story]:
    """Two months that end in a queue: the last days wait, a few for too long."""
    stories = []
    for number in range(1, REQUESTS + 1):
        key = keys[0] if len(keys) == 1 or dice.random() < 0.7 else keys[1]
        age = timedelta(days=DAYS * (1 - number / REQUESTS) ** 2, hours=dice.randint(1, 20))
        fate = dice.choices(("approve", "part", "reject", "cancel", "spend"), (52, 10, 14, 6, 18))[0]
        if age < timedelta(days=4):
            fate = dice.choices(("wait", "ask", "approve"), (70, 15, 15))[0]
        amount = (
            dice.choice((10, 20, 25, 40, 60, 100, 150, 250)) if key == "ai" else dice.choice((1, 2, 3, 5, 10))
        )
        stories.append(
            _Story(
                number, people[dice.randrange(len(people))], key, amount, f"{dice.choice(_WHATS[key])} for {dice.choice(_WHERES)}", now - age, fate,
                timedelta(minutes=dice.choice((7, 25, 60, 180, 400, 1_100, 1_900))),
            )
        )  # fmt: skip
    return stories


def _live(context: TenantContext, story: _Story, dice: Random, moves: dict[int, datetime]) -> None:
    actor = Actor("member", story.member.pk, story.member.display_name, role="member", via="web")
    facts: dict[str, Any] = {"context": context}
    try:
        with clock.frozen_at(story.at):
            row = request_credits(
                **facts, member_id=story.member.pk, type_key=story.type_key, amount=story.amount, reason=story.reason,
                key=f"demo:{story.number}", via=dice.choice(("web", "bot")), actor=actor,
            )  # fmt: skip
        with clock.frozen_at(story.at + story.after):
            decision: dict[str, Any] = {**facts, "request_id": row.pk}
            if row.state != "pending":
                pass  # the rule granted it
            elif story.fate in ("approve", "spend"):
                approve_request(**decision, actor=_TEAM)
            elif story.fate == "part":
                approve_request(
                    **decision,
                    actor=_TEAM,
                    amount=max(1, story.amount // 2),
                    note="Half of it to begin with.",
                )
            elif story.fate == "reject":
                reject_request(**decision, actor=_TEAM, reason=dice.choice(_REJECTIONS))
            elif story.fate == "ask":
                ask_about_request(**decision, actor=_TEAM, question=dice.choice(_QUESTIONS))
            elif story.fate == "cancel":
                cancel_request(**decision, actor=actor, member_id=story.member.pk)
        if story.fate == "spend":
            change = spend_credits(
                **facts, member_id=story.member.pk, type_key=story.type_key, amount=max(1, story.amount // 2),
                reason=dice.choice(_SPENT), actor=_PROGRAM, key=f"demo:{story.number}",
            )  # fmt: skip
            moves[change.move.pk] = story.at + story.after + timedelta(hours=5)
        elif story.number % 12 == 0:
            change = grant_credits(
                **facts, member_id=story.member.pk, type_key=story.type_key, amount=story.amount,
                reason="Thank you for helping at the meetup", actor=_TEAM, key=f"demo:{story.number}",
            )  # fmt: skip
            moves[change.move.pk] = story.at
    except EngageHubError:
        return  # over this member's limit that week, as happens


def _backdate(schema: str, moves: dict[int, datetime]) -> None:
    """Rows carry the moment of which they speak; only the owner's role may write a ledger anew."""
    with as_owner(), transaction.atomic(), connection.cursor() as cursor:
        own = f'"{schema}"'
        cursor.execute(_ENTRIES.format(s=own))
        cursor.execute(_MOVES.format(s=own), [list(moves), list(moves.values())])
        cursor.execute(_MOVE_ENTRIES.format(s=own))
