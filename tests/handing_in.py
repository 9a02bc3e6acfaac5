"""Kinds of submissions and submissions, made by the services that make them in earnest."""

from __future__ import annotations

from typing import Any

from engagement.audit.actor import SYSTEM, Actor
from engagement.submissions.handing_in import hand_in
from engagement.submissions.models import Submission, SubmissionType
from engagement.submissions.types import create_type
from tenants.context import TenantContext, enter_tenant

FIELDS: tuple[dict[str, Any], ...] = (
    {"key": "title", "label": "What did you do", "kind": "text"},
    {"key": "link", "label": "Where is it", "kind": "link", "required": False},
    {"key": "more", "label": "Tell us more", "kind": "long_text", "required": False},
)
RUBRIC = (
    {"key": "use", "label": "Of use", "weight": 2, "most": 5},
    {"key": "care", "label": "Made with care", "weight": 1, "most": 5},
)
FIXED = {"kind": "fixed", "points": 25}


def make_kind(context: TenantContext, name: str = "Talk", **values: Any) -> SubmissionType:
    """A kind with a title, a link and a text; 25 points."""
    active, key = values.pop("active", True), values.pop("key", "")
    with enter_tenant(context):
        return create_type(
            context=context,
            values={"name": name, "fields": list(FIELDS), "award": FIXED, **values},
            actor=SYSTEM,
            active=active,
            key=key,
        )


def hand(
    context: TenantContext, kind: SubmissionType, member_id: int, title: str = "A talk", **answers: Any
) -> Submission:
    """One that waits for review."""
    number = answers.pop("number", title)
    with enter_tenant(context):
        return hand_in(
            context=context,
            member_id=member_id,
            type_id=kind.pk,
            answers={"title": title, **answers},
            key=f"test:{kind.pk}:{member_id}:{number}",
            via="web",
            actor=Actor("member", member_id, "Test"),
        )
