"""Reason templates: sentences that reviewers use again, for submissions, redemptions and credit requests alike."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.db.models import Max

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit

from .answers import clean_text
from .errors import InvalidReasonError, ReasonNotFoundError
from .models import ReasonTemplate

OUTCOMES: Final = ("approved", "rejected", "needs_info")
MAX_TEXT: Final = 300
MAX_REASONS: Final = 60
FIRST: Final = (
    ("rejected", "This was counted before."),
    ("rejected", "The link does not open for us."),
    ("rejected", "This is not what this kind of submission is for."),
    ("needs_info", "Please add a link or a picture that shows it."),
    ("needs_info", "When was this, and who was there?"),
    ("approved", "Thank you, this helps many of us."),
)


def list_reasons(*, outcome: str = "") -> list[ReasonTemplate]:
    """In their order, of one outcome or of all. One query."""
    found = ReasonTemplate.objects.order_by("position", "pk")
    return list(found.filter(outcome=outcome) if outcome else found)


@transaction.atomic
def save_reason(*, text: str, outcome: str, actor: Actor, reason_id: int | None = None) -> ReasonTemplate:
    """Write a template, or change one. The same text for the same outcome is there once: written again, it is answered as it is.

    Recorded in the audit log. Raises InvalidReasonError, ReasonNotFoundError.
    """
    clean = clean_text(text, limit=MAX_TEXT + 1)
    if not 1 <= len(clean) <= MAX_TEXT:
        raise InvalidReasonError(
            f"A reason has 1 to {MAX_TEXT} characters; this has {len(clean)}.", field="text"
        )
    if outcome not in OUTCOMES:
        raise InvalidReasonError(
            f"{outcome!r:.40} is unknown. Choose one of {', '.join(OUTCOMES)}.", field="outcome"
        )
    same = ReasonTemplate.objects.filter(text=clean, outcome=outcome).exclude(pk=reason_id or 0).first()
    if same is not None:
        return same
    reason = None if reason_id is None else _get(reason_id)
    before = None if reason is None else {"text": reason.text, "outcome": reason.outcome}
    if reason is None:
        if ReasonTemplate.objects.count() >= MAX_REASONS:
            raise InvalidReasonError(
                f"There are {MAX_REASONS} reasons, which is the most. Delete one first.", field="text"
            )
        last = ReasonTemplate.objects.aggregate(last=Max("position"))["last"]
        reason = ReasonTemplate(position=0 if last is None else last + 1)
    reason.text, reason.outcome = clean, outcome
    reason.save()
    _record(actor, "reason.saved" if before is None else "reason.changed", reason, before)
    return reason


@transaction.atomic
def delete_reason(*, reason_id: int, actor: Actor) -> None:
    """What was decided with it keeps its words. Recorded in the audit log. Raises ReasonNotFoundError."""
    reason = _get(reason_id)
    _record(actor, "reason.deleted", reason, {"text": reason.text, "outcome": reason.outcome})
    reason.delete()


@transaction.atomic
def seed_reasons() -> int:
    """The first templates, where there are none. Answers how many were written."""
    if ReasonTemplate.objects.exists():
        return 0
    rows = [
        ReasonTemplate(outcome=outcome, text=text, position=at) for at, (outcome, text) in enumerate(FIRST)
    ]
    return len(ReasonTemplate.objects.bulk_create(rows))


def _get(reason_id: int) -> ReasonTemplate:
    reason = ReasonTemplate.objects.select_for_update().filter(pk=min(reason_id, 2**63 - 1)).first()
    if reason is None:
        raise ReasonNotFoundError
    return reason


def _record(actor: Actor, action: str, reason: ReasonTemplate, before: dict[str, str] | None) -> None:
    gone = action == "reason.deleted"
    record_audit(
        actor=actor,
        action=action,
        target_kind="reason",
        target_id=reason.pk,
        target_name=reason.text[:100],
        before=before,
        after=None if gone else {"text": reason.text, "outcome": reason.outcome},
    )
