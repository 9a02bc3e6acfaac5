"""Scores and points. Pure, in whole numbers: half a point rounds up, so that the same review gives the same everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import InvalidReviewError
from .shapes import MAX_POINTS, Form


def check_scores(form: Form, scores: Mapping[str, Any] | None) -> dict[str, int]:
    """Whole scores by criterion. All of them where the award follows from them, else those that were given. Raises InvalidReviewError."""
    given = scores or {}
    if not isinstance(given, Mapping):
        raise InvalidReviewError("Scores are an object of criteria and numbers.", field="scores")
    kept: dict[str, int] = {}
    for criterion in form.rubric:
        score = given.get(criterion.key)
        if score is None:
            if form.award.kind == "rubric":
                raise InvalidReviewError(
                    f"Score “{criterion.label}” from 0 to {criterion.most}: the points follow from it.",
                    field=f"scores.{criterion.key}",
                )
            continue
        if type(score) is not int or not 0 <= score <= criterion.most:
            raise InvalidReviewError(
                f"“{criterion.label}” is scored from 0 to {criterion.most}; this is {score!r:.40}.",
                field=f"scores.{criterion.key}",
            )
        kept[criterion.key] = score
    known = {criterion.key for criterion in form.rubric}
    for key in given:
        if key not in known:
            raise InvalidReviewError(f"The rubric has no criterion {str(key)!r:.60}.", field="scores")
    return kept


def score_percent(form: Form, scores: Mapping[str, int]) -> int | None:
    """The weighted score of those criteria that were scored, in percent, rounded; None where none was."""
    got, full = _weighed(form, scores)
    return None if full == 0 else (200 * got + full) // (2 * full)


def points_for(form: Form, answers: Mapping[str, Any], scores: Mapping[str, int]) -> int:
    """What an approval gives; never more than the cap, never below 0."""
    award = form.award
    points = award.points
    if award.kind == "per_unit":
        points = award.points * max(0, int(answers.get(award.field) or 0))
    elif award.kind == "rubric":
        got, full = _weighed(form, scores)
        points = (2 * award.points * got + full) // (2 * full) if full else 0
    return min(points, most_points(form))


def most_points(form: Form) -> int:
    """What one submission gives at most, by its award."""
    cap = MAX_POINTS if form.award.cap is None else form.award.cap
    return cap if form.award.kind == "per_unit" else min(cap, form.award.points)


def check_points(form: Form, points: Any) -> int:
    """Points that a reviewer chose instead of those that follow: from 0 to what the award can give. Raises InvalidReviewError."""
    most = most_points(form)
    if type(points) is not int or not 0 <= points <= most:
        raise InvalidReviewError(
            f"This kind gives 0 to {most:,} points; {points!r:.40} is not in between. Change it, or the kind's award.",
            field="points",
        )
    return points


def _weighed(form: Form, scores: Mapping[str, int]) -> tuple[int, int]:
    """The weighted sum and what it could be, both as whole numbers over one denominator."""
    scored = [criterion for criterion in form.rubric if criterion.key in scores]
    denominator = 1
    for criterion in scored:
        denominator *= criterion.most
    got = sum(c.weight * scores[c.key] * (denominator // c.most) for c in scored)
    return got, sum(c.weight for c in scored) * denominator
