"""A form says what it takes, and refuses to be wrong, naming the part."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.submissions.errors import InvalidReviewError, InvalidSubmissionTypeError
from engagement.submissions.scoring import check_points, check_scores, most_points, points_for, score_percent
from engagement.submissions.shapes import Form, form_of, key_for, parse_form

from .forms import FIELDS, FIXED, RUBRIC

NUMBER = {"key": "people", "label": "People", "kind": "number", "least": 0}


def form(award: dict[str, Any], rubric: list[dict[str, Any]] | None = None) -> Form:
    return parse_form([*FIELDS, NUMBER], rubric or [], award)


def test_a_form_is_the_same_after_it_was_stored() -> None:
    made = parse_form(
        [
            {"key": "a", "label": "A", "kind": "choice", "choices": ["x", "y"], "many": True, "most": 2},
            {"key": "b", "label": "B", "kind": "link", "hosts": ["www.LinkedIn.com"]},
            {"key": "c", "label": "C", "kind": "date", "when": "past", "required": False},
            {"key": "d", "label": "D", "kind": "member", "others": True},
            NUMBER | {"unit": "people"},
        ],
        RUBRIC,
        {"kind": "per_unit", "points": 3, "field": "people", "cap": 30},
        4,
    )

    assert form_of(made.to_data()) == made
    assert made.fields[1].hosts == ("linkedin.com",)


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ([], "fields"),
        ([{}], "fields.0.kind"),
        ("text", "fields"),
        (["text"], "fields.0"),
        ([{"key": "A b", "label": "A", "kind": "text"}], "fields.0.key"),
        ([{"key": "a", "label": " \u202e ", "kind": "text"}], "fields.0.label"),
        ([{"key": "a", "label": "x" * 81, "kind": "text"}], "fields.0.label"),
        ([{"key": "a", "label": "A", "kind": "color"}], "fields.0.kind"),
        ([{"key": "a", "label": "A", "kind": "text", "colour": 1}], "fields.0"),
        ([{"key": "a", "label": "A", "kind": "text"}] * 2, "fields"),
        ([{"key": "a", "label": "A", "kind": "text", "choices": ["x", "y"]}], "fields.0.choices"),
        ([{"key": "a", "label": "A", "kind": "choice", "choices": ["x"]}], "fields.0.choices"),
        ([{"key": "a", "label": "A", "kind": "choice", "choices": ["x", "x"]}], "fields.0.choices"),
        ([{"key": "a", "label": "A", "kind": "number", "least": 9, "most": 3}], "fields.0.most"),
        ([{"key": "a", "label": "A", "kind": "number", "least": True}], "fields.0.least"),
        ([{"key": "a", "label": "A", "kind": "date", "least": 1}], "fields.0.least"),
        ([{"key": "a", "label": "A", "kind": "file", "most": 11}], "fields.0.most"),
        ([{"key": "a", "label": "A", "kind": "link", "hosts": ["no host"]}], "fields.0.hosts"),
        ([{"key": f"a{n}", "label": "A", "kind": "text"} for n in range(21)], "fields"),
    ],
)
def test_a_field_that_means_nothing_is_named(fields: Any, where: str) -> None:
    with pytest.raises(InvalidSubmissionTypeError) as refused:
        parse_form(fields, [], FIXED)

    assert refused.value.field == where


@pytest.mark.parametrize(
    ("award", "where"),
    [
        (None, "award"),
        ({"kind": "gift", "points": 1}, "award.kind"),
        ({"kind": "fixed", "points": -1}, "award.points"),
        ({"kind": "fixed", "points": 10**9}, "award.points"),
        ({"kind": "fixed", "points": 1.5}, "award.points"),
        ({"kind": "fixed", "points": 1, "field": "people"}, "award.field"),
        ({"kind": "per_unit", "points": 1, "field": "what"}, "award.field"),
        ({"kind": "per_unit", "points": 1}, "award.field"),
        ({"kind": "rubric", "points": 1}, "award.kind"),
        ({"kind": "fixed", "points": 1, "cap": -2}, "award.cap"),
    ],
)
def test_an_award_that_means_nothing_is_named(award: Any, where: str) -> None:
    with pytest.raises(InvalidSubmissionTypeError) as refused:
        form(award)

    assert refused.value.field == where


def test_points_follow_from_the_award() -> None:
    assert points_for(form(FIXED), {}, {}) == 50
    assert points_for(form(FIXED | {"cap": 20}), {}, {}) == 20
    by_head = form({"kind": "per_unit", "points": 3, "field": "people", "cap": 30})
    assert [points_for(by_head, {"people": heads}, {}) for heads in (0, -4, 7, 400)] == [0, 0, 21, 30]
    assert most_points(by_head) == 30


def test_points_by_score_weigh_the_criteria_and_round_half_up() -> None:
    judged = form({"kind": "rubric", "points": 100}, RUBRIC)

    assert points_for(judged, {}, {"depth": 5, "use": 10}) == 100
    assert points_for(judged, {}, {"depth": 5, "use": 0}) == 67
    assert points_for(judged, {}, {"depth": 0, "use": 0}) == 0
    halves = parse_form(FIELDS, [{"key": "a", "label": "A", "most": 2}], {"kind": "rubric", "points": 3})
    assert points_for(halves, {}, {"a": 1}) == 2
    assert score_percent(judged, {"depth": 5, "use": 5}) == 83
    assert score_percent(judged, {}) is None


@pytest.mark.parametrize(
    ("scores", "where"),
    [
        ({}, "scores.depth"),
        ({"depth": 6, "use": 1}, "scores.depth"),
        ({"depth": True, "use": 1}, "scores.depth"),
        ({"depth": 1, "use": 1, "wit": 1}, "scores"),
        ([1], "scores"),
    ],
)
def test_scores_must_fit_the_rubric(scores: Any, where: str) -> None:
    with pytest.raises(InvalidReviewError) as refused:
        check_scores(form({"kind": "rubric", "points": 100}, RUBRIC), scores)

    assert refused.value.field == where


def test_a_reviewer_may_give_less_but_never_more_than_the_award() -> None:
    assert check_points(form(FIXED), 0) == 0
    for wrong in (-1, 51, True, "5", 2.0):
        with pytest.raises(InvalidReviewError):
            check_points(form(FIXED), wrong)


def test_a_key_is_made_of_the_label() -> None:
    assert key_for("Wie viele Gäste?") == "wie_viele_gaste"
    assert key_for("Wie viele Gäste?", {"wie_viele_gaste"}) == "wie_viele_gaste_2"
    assert key_for("123 日本") == "f_123"
    assert key_for("日本") == "f"
