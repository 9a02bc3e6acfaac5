"""What the team says with a decision."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from engagement.rewards.states import MAX_REASON
from engagement.submissions.reasons import list_reasons
from frontend_api.dashboard.parts.forms import DeskForm

_MISSING: Final = "Say why, in a few words: the member reads it with the decision."


class ReasonForm(DeskForm):
    """Why: one of the sentences that the team keeps, or one's own. The own one counts where both are given."""

    ready = forms.ChoiceField(label="A sentence that you keep", required=False)
    reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=MAX_REASON,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The member reads it with the decision.",
    )

    def __init__(self, *args: Any, outcome: str, needed: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self._needed = needed
        kept = [row.text for row in list_reasons(outcome=outcome)]
        choice = self.fields["ready"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [("", "None: what is written below"), *((text, text) for text in kept)]
        if not kept:
            del self.fields["ready"]
            self.fields["reason"].required = needed
            self.fields["reason"].error_messages["required"] = _MISSING

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        data["reason"] = data.get("reason") or data.get("ready") or ""
        if self._needed and not data["reason"] and "reason" not in self.errors:
            self.add_error("reason", _MISSING)
        return data


class TrackingForm(DeskForm):
    tracking = forms.CharField(
        label="Tracking",
        required=False,
        max_length=200,
        help_text="A number or an address that begins with https://. The member sees it. It can stay empty.",
    )


class NoteForm(DeskForm):
    note = forms.CharField(
        label="What the member should know",
        required=False,
        max_length=500,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="They read it on their page. It can stay empty.",
    )
