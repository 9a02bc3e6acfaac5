"""Types, members and reviewers for the tests of this folder."""

from __future__ import annotations

from itertools import count
from typing import Any

from engagement.audit.actor import SYSTEM, Actor
from engagement.ledger.models import POINTS, LedgerBalance, LedgerEntry
from engagement.members.models import Member
from engagement.progression.people import MemberFacts, register_member
from engagement.submissions.handing_in import hand_in
from engagement.submissions.models import Submission, SubmissionType
from engagement.submissions.types import create_type
from tenants.context import TenantContext

_numbers = count(1)
BEA = Actor("user", 700_001, "Bea", role="moderator", via="web")
CYD = Actor("user", 700_002, "Cyd", role="moderator", via="web")
FIELDS: list[dict[str, Any]] = [
    {"key": "what", "label": "What was it", "kind": "text"},
    {"key": "link", "label": "Link", "kind": "link", "required": False},
    {"key": "story", "label": "Story", "kind": "long_text", "required": False},
]
FIXED = {"kind": "fixed", "points": 50}
RUBRIC: list[dict[str, Any]] = [
    {"key": "depth", "label": "Depth", "weight": 2, "most": 5},
    {"key": "use", "label": "Use", "weight": 1, "most": 10},
]


def make_type(context: TenantContext, **values: Any) -> SubmissionType:
    given = {"name": f"Deed {next(_numbers)}", "fields": FIELDS, "award": FIXED} | values
    return create_type(context=context, values=given, actor=SYSTEM)


def make_member(context: TenantContext, name: str = "") -> Member:
    number = next(_numbers)
    facts = MemberFacts(name or f"Person {number}")
    return register_member(facts=facts, request_key=f"member-{number}", actor=SYSTEM, context=context)


def as_member(member: Member) -> Actor:
    return Actor("member", member.pk, member.display_name, role="member", via="web")


def give(
    context: TenantContext,
    of: SubmissionType,
    member: Member,
    answers: dict[str, Any] | None = None,
    **more: Any,
) -> Submission:
    """Hand something in for the member."""
    return hand_in(
        context=context,
        member_id=member.pk,
        type_id=of.pk,
        answers={"what": "A thing"} if answers is None else answers,
        key=more.pop("key", f"test-{next(_numbers)}"),
        via=more.pop("via", "web"),
        actor=more.pop("actor", as_member(member)),
        **more,
    )


def lifetime(member: Member) -> int:
    found = LedgerBalance.objects.filter(member_id=member.pk, currency=POINTS)
    return found.values_list("lifetime", flat=True).first() or 0


def amounts(member: Member) -> list[int]:
    return list(
        LedgerEntry.objects.filter(member_id=member.pk).order_by("pk").values_list("amount", flat=True)
    )
