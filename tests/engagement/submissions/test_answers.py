"""Answers are checked field by field, and each wrong one gets its own sentence."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from engagement.submissions.answers import check_answers, title_of
from engagement.submissions.errors import InvalidAnswersError
from engagement.submissions.shapes import parse_form

from .forms import FIXED

TODAY = date(2026, 5, 20)
FORM = parse_form(
    [
        {"key": "text", "label": "Text", "kind": "text", "least": 3, "most": 20},
        {"key": "story", "label": "Story", "kind": "long_text", "required": False},
        {"key": "number", "label": "Number", "kind": "number", "least": 1, "most": 500, "required": False},
        {"key": "one", "label": "One", "kind": "choice", "choices": ["a", "b"], "required": False},
        {
            "key": "some",
            "label": "Some",
            "kind": "choice",
            "choices": ["a", "b", "c"],
            "many": True,
            "most": 2,
            "required": False,
        },
        {"key": "link", "label": "Link", "kind": "link", "hosts": ["linkedin.com"], "required": False},
        {"key": "any", "label": "Any", "kind": "link", "required": False},
        {"key": "file", "label": "File", "kind": "file", "most": 2, "required": False},
        {"key": "past", "label": "Past", "kind": "date", "when": "past", "required": False},
        {"key": "future", "label": "Future", "kind": "date", "when": "future", "required": False},
        {"key": "who", "label": "Who", "kind": "member", "others": True, "required": False},
    ],
    [],
    FIXED,
)


def check(draft: bool = False, **answers: Any) -> dict[str, Any]:
    return check_answers(FORM, {"text": "Hello"} | answers, today=TODAY, member_id=7, draft=draft)


def test_what_fits_is_kept_in_one_shape() -> None:
    kept = check(
        text="  Hel\u202elo ",
        story="one\r\n\r\n\r\n\r\ntwo\x00",
        number="1,00",
        one=["b"],
        some=["c", "a"],
        link="de.linkedin.com/posts/x",
        file=[3, 3, 4],
        past="2026-05-20",
        who=8,
        any="",
    )

    assert kept == {
        "text": "Hello",
        "story": "one\n\ntwo",
        "number": 100,
        "one": "b",
        "some": ["a", "c"],
        "link": "https://de.linkedin.com/posts/x",
        "file": [3, 4],
        "past": "2026-05-20",
        "who": 8,
    }
    assert title_of(FORM, kept) == "Hello"


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": "ab"},
        {"text": ""},
        {"text": "\u200b\u200b\u200b\u200b"},
        {"text": "x" * 21},
        {"text": "x" * 100_000},
        {"text": 5},
        {"number": 0},
        {"number": 501},
        {"number": "many"},
        {"number": "9" * 400},
        {"number": "١٢"},
        {"number": 1.5},
        {"number": True},
        {"one": "c"},
        {"one": ["a", "b"]},
        {"some": ["a", "b", "c"]},
        {"link": "https://evil.example/linkedin.com"},
        {"link": "https://notlinkedin.com/x"},
        {"link": "https://linkedin.com@evil.example/"},
        {"any": "javascript:alert(1)"},
        {"any": "ftp://example.com/x"},
        {"any": "https://localhost/x"},
        {"any": "https://exa mple.com"},
        {"any": "x" * 3000},
        {"file": ["3"]},
        {"file": [1, 2, 3]},
        {"file": -1},
        {"past": "2026-05-21"},
        {"future": "2026-05-19"},
        {"past": "yesterday"},
        {"past": "0001-01-01"},
        {"who": 7},
        {"who": "8"},
        {"nothing": 1},
        {"one": {"a": 1}},
    ],
)
def test_what_does_not_fit_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidAnswersError) as refused:
        check(**wrong)

    assert list(refused.value.errors) == list(wrong)


def test_every_wrong_field_has_its_own_sentence() -> None:
    with pytest.raises(InvalidAnswersError) as refused:
        check(text="", number=0, one="z")

    assert set(refused.value.errors) == {"text", "number", "one"}
    assert "“Text” is needed" in refused.value.errors["text"]
    assert refused.value.field == "answers.text"


def test_a_draft_may_lack_and_be_short_but_holds_no_nonsense() -> None:
    assert check_answers(FORM, {"text": "a"}, today=TODAY, member_id=7, draft=True) == {"text": "a"}
    assert check_answers(FORM, {}, today=TODAY, member_id=7, draft=True) == {}
    with pytest.raises(InvalidAnswersError):
        check(draft=True, number="many")
