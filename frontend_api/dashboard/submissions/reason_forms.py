"""The forms of a decision, and the ready-made reasons that fill them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms

from engagement.submissions.models import ReasonTemplate
from engagement.submissions.reasons import MAX_TEXT
from engagement.submissions.reviewing import MAX_REASON
from engagement.submissions.shapes import Form
from frontend_api.dashboard.parts.forms import DeskForm

OUTCOME_OF: Final = {"approve": "approved", "reject": "rejected", "ask": "needs_info"}
_WORDS: Final = {
    "reject": ("Reason", "The member reads it."),
    "ask": ("Your question", "The member reads it, and can change what they handed in."),
}


class ReasonForm(DeskForm):
    """A reason, written or chosen. A script copies the chosen one into the field; without one it counts where nothing is written."""

    template = forms.ChoiceField(label="Ready-made", required=False)
    text = forms.CharField(required=False, max_length=MAX_REASON, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *given: Any, act: str, templates: Sequence[ReasonTemplate], **named: Any) -> None:
        named.setdefault("auto_id", f"{act}_%s")  # two of them stand on one page
        super().__init__(*given, **named)
        self.act = act
        label, help_text = _WORDS[act]
        text = self.fields["text"]
        text.label, text.help_text = label, help_text
        self.chosen = {str(one.pk): one.text for one in templates if one.outcome == OUTCOME_OF[act]}
        picker = forms.ChoiceField(
            label="Ready-made",
            required=False,
            choices=[("", "Choose one, or write your own"), *self.chosen.items()],
            widget=forms.Select(attrs={"data-reason": True}),
        )
        self.fields["template"] = picker
        if not self.chosen:
            del self.fields["template"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.reason() and "text" not in self.errors:
            self.add_error("text", "Write a few words, or choose a ready-made one: the member reads it.")
        return cleaned

    def reason(self) -> str:
        """What was written; where nothing was, what was chosen."""
        written = str(self.cleaned_data.get("text", "")).strip()
        return written or self.chosen.get(str(self.cleaned_data.get("template", "")), "")


class ApproveForm(DeskForm):
    """A score for each criterion of the rubric, and points of one's own where those that follow don't fit."""

    points = forms.IntegerField(
        required=False, min_value=0, label="Other points", help_text="Empty: what follows from the kind."
    )
    note = forms.CharField(
        label="A word to the member",
        required=False,
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(
        self, *given: Any, form: Form, most: int, scores: Mapping[str, int] | None = None, **named: Any
    ) -> None:
        super().__init__(*given, **named)
        self.form = form
        self.fields["points"].widget.attrs["max"] = most
        self.fields["points"].help_text = f"Empty: what follows from the kind. At most {most:,}."
        for one in form.rubric:
            self.fields[score_name(one.key)] = forms.IntegerField(
                label=one.label,
                help_text=one.help,
                required=form.award.kind == "rubric",
                min_value=0,
                max_value=one.most,
                initial=(scores or {}).get(one.key),
                widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
                error_messages={"required": f"Score it from 0 to {one.most}: the points follow from it."},
            )
        self.order_fields([score_name(one.key) for one in form.rubric])

    @property
    def score_fields(self) -> list[Any]:
        return [(self[score_name(one.key)], one) for one in self.form.rubric]

    def scores(self) -> dict[str, int]:
        given = {one.key: self.cleaned_data.get(score_name(one.key)) for one in self.form.rubric}
        return {key: score for key, score in given.items() if score is not None}


def score_name(key: str) -> str:
    return f"score_{key}"


class TemplateForm(DeskForm):
    """A ready-made reason."""

    outcome = forms.ChoiceField(
        label="For",
        choices=(("rejected", "Rejecting"), ("needs_info", "Asking for more"), ("approved", "Approving")),
    )
    text = forms.CharField(
        label="Words",
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="The member reads them.",
    )
