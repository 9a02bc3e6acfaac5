"""The forms of the credits pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from engagement.credits.automatic import MAX_DAYS, MAX_LEVEL
from engagement.credits.checks import MAX_NOTE, MOST
from engagement.credits.models import CreditType
from engagement.credits.periods import PERIODS
from engagement.credits.types import TypeDraft
from engagement.members.models import MemberType
from engagement.submissions.reasons import list_reasons
from frontend_api.dashboard.parts.forms import DeskForm

_PERIODS = tuple((period, f"a {period}") for period in PERIODS)


def _whole(
    label: str, help: str = "", *, most: int = MOST, least: int = 1, needed: bool = False
) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, help_text=help, required=needed, min_value=least, max_value=most,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )  # fmt: skip


class SentenceForm(DeskForm):
    """A sentence that the member reads: one that the team keeps, or one's own. The own one counts where both are given."""

    ready = forms.ChoiceField(label="A sentence that you keep", required=False)
    text = forms.CharField(
        label="In your words",
        required=False,
        max_length=MAX_NOTE,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="The member reads it.",
    )
    field_of_service = "reason"

    def __init__(self, *args: Any, outcome: str, needed: str = "", label: str = "", **options: Any) -> None:
        super().__init__(*args, **options)
        self._needed = needed
        kept = [row.text for row in list_reasons(outcome=outcome)]
        choice = self.fields["ready"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [("", "None: what is written below"), *((text, text) for text in kept)]
        if not kept:
            del self.fields["ready"]
        if label:
            self.fields["text"].label = label

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        data["text"] = data.get("text") or data.get("ready") or ""
        if self._needed and not data["text"] and "text" not in self.errors:
            self.add_error("text", self._needed)
        return data


class ApproveForm(SentenceForm):
    amount = _whole("Grant", needed=True)

    def __init__(self, *args: Any, most: int, **options: Any) -> None:
        super().__init__(*args, outcome="approved", label="Note", **options)
        self.fields["amount"].help_text = f"{most:,} were requested: that or less."
        self.fields["amount"].max_value = most  # type: ignore[attr-defined]
        self.order_fields(["amount", "ready", "text"])


class UndoForm(DeskForm):
    force = forms.BooleanField(
        label="Even if some are spent already",
        required=False,
        help_text="What is not there any more stands as debt, and later credits pay it first.",
    )


class MoveForm(DeskForm):
    """Grant or revoke by hand; the member is picked beside it."""

    way = forms.ChoiceField(
        label="Do",
        choices=(("grant", "Grant"), ("revoke", "Revoke")),
        initial="grant",
        widget=forms.RadioSelect,
    )
    type = forms.ChoiceField(label="Credits")
    amount = _whole("How many", needed=True)
    reason = forms.CharField(
        label="Reason", max_length=MAX_NOTE, help_text="The member and the audit log see it."
    )
    force = forms.BooleanField(
        label="Revoke more than is there",
        required=False,
        help_text="The rest stands as debt, and later credits pay it first.",
    )
    token = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput())

    def __init__(self, *args: Any, types: Sequence[CreditType], **options: Any) -> None:
        super().__init__(*args, **options)
        choice = self.fields["type"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [
            (row.key, row.name if row.archived_at is None else f"{row.name} (archived)") for row in types
        ]


class TypeForm(DeskForm):
    name = forms.CharField(label="Name", max_length=40, help_text="Such as AI or Lead.")
    key = forms.CharField(
        label="Key", max_length=20, help_text="As members type it in Discord, such as ai. It stays as it is."
    )
    unit = forms.CharField(label="Unit", max_length=30, initial="credits", help_text="In the plural.")
    description = forms.CharField(
        label="What they are for",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Members read it beside the form.",
    )
    requestable = forms.BooleanField(label="Members can request them", required=False, initial=True)
    needs_reason = forms.BooleanField(label="A request needs a reason", required=False)
    least = _whole("At least, a request", needed=True)
    most = _whole("At most, a request", "Empty: no limit.")
    period = forms.ChoiceField(label="Limits hold", choices=_PERIODS, initial="month")
    period_amount = _whole("Credits in that time, a member", "Asked for and granted. Empty: no limit.")
    period_requests = _whole("Requests in that time, a member", "Empty: no limit.", most=1_000)
    automatic_most = _whole(
        "Grant by itself, up to", "Empty: a person decides on each. What is suspicious always waits for one."
    )
    automatic_min_days = _whole("… to members for so many days", most=MAX_DAYS)
    automatic_min_points = _whole("… who ever earned so many points")
    automatic_min_level = _whole("… of this level or higher", most=MAX_LEVEL)
    automatic_min_granted = _whole("… who got so many requests granted before", most=1_000)
    automatic_member_types = forms.MultipleChoiceField(
        label="… of these member types", required=False, widget=forms.CheckboxSelectMultiple
    )
    automatic_no_rejections = forms.BooleanField(label="… of whom none was rejected before", required=False)
    mail_above = _whole("Mail approvers about requests of more than", "Empty: no mail.", least=0)
    low_balance = _whole("Tell members when they have less than", "Once each time. Empty: never.")
    escalate_hours = _whole("Bring a request up again after hours", "Once each. Empty: never.", most=24 * 90)

    def __init__(
        self, *args: Any, fixed_key: bool = False, plans: Sequence[str] = (), **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self._plans = list(plans)  # is set over REST alone, and kept
        kinds = [(str(row.pk), row.name) for row in MemberType.objects.order_by("name")]
        choice = self.fields["automatic_member_types"]
        assert isinstance(choice, forms.MultipleChoiceField)
        choice.choices = kinds
        if not kinds:
            del self.fields["automatic_member_types"]
        if fixed_key:
            self.fields["key"].widget.attrs["readonly"] = True
            self.fields["key"].help_text = "It stays: members and programs know the credits by it."
        self.fields["least"].initial = 1

    def draft(self, *, channel_id: int | None = None) -> TypeDraft:
        """What the valid form asks for."""
        data = self.cleaned_data
        rule = {
            name.removeprefix("automatic_"): value
            for name, value in data.items()
            if name.startswith("automatic_") and value
        }
        if "member_types" in rule:
            rule["member_types"] = [int(one) for one in rule["member_types"]]
        if self._plans and rule:
            rule["plans"] = self._plans
        plain = {name: value for name, value in data.items() if not name.startswith("automatic_")}
        return TypeDraft(**plain, automatic=rule, channel_id=channel_id)


def initial_of(row: CreditType) -> dict[str, Any]:
    """A type's facts as the form shows them."""
    names = [
        "name", "key", "unit", "description", "requestable", "needs_reason", "least", "most", "period", "period_amount",
        "period_requests", "mail_above", "low_balance", "escalate_hours",
    ]  # fmt: skip
    rule = dict(row.automatic)
    rule["member_types"] = [str(one) for one in rule.get("member_types", ())]
    return {name: getattr(row, name) for name in names} | {
        f"automatic_{name}": value for name, value in rule.items()
    }


class ApproverForm(DeskForm):
    who = forms.ChoiceField(
        label="Who",
        help_text="Moderators and above decide without a quota already. Everybody else whom you name here decides on these credits alone.",
    )
    quota = _whole("May grant", "Credits in the time below. Empty: as many as they like.")
    period = forms.ChoiceField(label="In that time", choices=_PERIODS, initial="month")

    def __init__(
        self, *args: Any, people: Sequence[tuple[str, str]], roles: Sequence[tuple[str, str]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        choice = self.fields["who"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [
            ("", "Choose"),
            ("On the team", [(f"user:{key}", name) for key, name in people]),
            ("Discord roles", [(f"role:{key}", name) for key, name in roles]),
        ]

    def chosen(self) -> tuple[dict[str, int], str]:
        """(whose id by its kind, the shown name)."""
        kind, _, key = self.cleaned_data["who"].partition(":")
        names = {value: name for _, group in self.fields["who"].choices[1:] for value, name in group}  # type: ignore[attr-defined]
        return {f"{kind}_id": int(key)}, str(names[self.cleaned_data["who"]])
