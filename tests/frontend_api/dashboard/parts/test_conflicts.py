"""Two people edit one thing: what differs, what is chosen beforehand, and what a sent choice makes of the form."""

from __future__ import annotations

from django import forms
from django.http import QueryDict

from frontend_api.dashboard.parts.conflicts import (
    Opened,
    as_posted,
    compare,
    read_opened,
    seal,
    settle,
    version_of,
)

LABELS = {"name": "Name", "points": "Points", "days": "Days"}
BASE = {"name": ["Post"], "points": ["10"], "days": ["1", "2"]}


class Sample(forms.Form):
    name = forms.CharField()
    active = forms.BooleanField(required=False)
    days = forms.MultipleChoiceField(choices=[("1", "Mon"), ("2", "Tue")])
    starts = forms.DateField(required=False)


def test_what_only_one_of_them_changed_is_chosen_beforehand() -> None:
    mine, theirs = BASE | {"name": ["Write"]}, BASE | {"points": ["20"]}
    name, points = compare(labels=LABELS, base=BASE, mine=mine, theirs=theirs)
    assert (name.name, name.keeps_mine, name.clash) == ("name", True, False)
    assert (points.name, points.keeps_mine, points.clash) == ("points", False, False)


def test_what_both_changed_is_a_clash_unless_they_agree() -> None:
    mine = BASE | {"name": ["Write"], "points": ["30"]}
    theirs = BASE | {"name": ["Write"], "points": ["20"]}
    (points,) = compare(labels=LABELS, base=BASE, mine=mine, theirs=theirs)
    assert points.clash
    assert (points.base, points.mine, points.theirs) == ("10", "30", "20")


def test_a_choice_takes_their_value_into_the_form() -> None:
    sent = QueryDict(mutable=True)
    sent.update(
        {
            "opened": seal(Opened("7", BASE)),
            "name": "Write",
            "points": "99",
            "choose-points": "theirs",
            "choose-name": "mine",
        }
    )
    settled = settle(sent)
    assert settled["points"] == "10"
    assert settled["name"] == "Write"


def test_only_what_we_sealed_is_believed() -> None:
    sealed = seal(Opened("7", BASE))
    assert read_opened(QueryDict(mutable=True)) is None
    for text in ("", "x", sealed[:-2], sealed + "x", "x" * 500_000):
        data = QueryDict(mutable=True)
        data["opened"] = text
        assert read_opened(data) is None, text[:20]
    data = QueryDict(mutable=True)
    data["opened"] = sealed
    opened = read_opened(data)
    assert opened is not None
    assert (opened.version, opened.values) == ("7", BASE)


def test_a_form_as_it_would_be_sent_untouched() -> None:
    values = as_posted(Sample(initial={"name": "Ada", "active": True, "days": ["2"]}))
    assert values == {"name": ["Ada"], "active": ["on"], "days": ["2"], "starts": [""]}
    assert version_of(values) != version_of(values | {"name": ["Bea"]})
