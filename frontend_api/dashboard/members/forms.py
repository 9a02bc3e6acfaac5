"""The forms of the members pages."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from engagement.members.models import Member, MemberType
from engagement.members.types import MAX_TYPES
from engagement.progression.people import MAX_NAME, MAX_NOTE, MemberFacts
from engagement.progression.services import MAX_ADJUSTMENT, MAX_REASON
from frontend_api.dashboard.parts.forms import DeskForm


def _day() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class MemberForm(DeskForm):
    """What the team writes about a member; for registering and for changing."""

    name = forms.CharField(max_length=MAX_NAME, help_text="As it shall stand on boards.")
    email = forms.CharField(
        label="E-mail", max_length=254, required=False, help_text="For the team only. Nothing is sent to it."
    )
    type = forms.ChoiceField(required=False)
    joined_at = forms.DateField(label="Joined on", required=False, widget=_day())
    note = forms.CharField(
        max_length=MAX_NOTE,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="For the team only.",
    )
    request_key = forms.CharField(max_length=60, required=False, widget=forms.HiddenInput())

    def __init__(self, *given: Any, fixed_name: bool = False, **named: Any) -> None:
        super().__init__(*given, **named)
        choices = [("", "None"), *((str(one.pk), one.name) for one in MemberType.objects.order_by("name"))]
        self.fields["type"] = forms.ChoiceField(choices=choices, required=False)
        if len(choices) == 1:
            del self.fields["type"]
        self.order_fields(["name", "email", "type", "joined_at", "note"])
        if fixed_name:
            self.fields["name"].help_text = "Discord's name; it follows when they change it there."
            self.fields["name"].widget.attrs["readonly"] = True

    def facts(self, zone: str) -> MemberFacts:
        """As the service takes them: days begin in the community's zone."""
        given = self.cleaned_data
        day = given.get("joined_at")
        return MemberFacts(
            name=given["name"],
            email=given["email"],
            type_id=int(given["type"]) if given.get("type") else None,
            joined_at=None if day is None else datetime.combine(day, time.min, ZoneInfo(zone)),
            note=given["note"],
        )


def initial_of(member: Member) -> dict[str, Any]:
    """A member's facts as the form shows them."""
    return {
        "name": member.display_name,
        "email": member.email,
        "type": str(member.type_id or ""),
        "joined_at": None if member.joined_at is None else timezone.localtime(member.joined_at).date(),
        "note": member.note,
    }


class PointsForm(DeskForm):
    """Giving and taking: the sign is chosen, not typed."""

    way = forms.ChoiceField(
        label="Do",
        choices=(("give", "Give"), ("take", "Take")),
        initial="give",
        widget=forms.RadioSelect,
    )
    amount = forms.IntegerField(min_value=1, max_value=MAX_ADJUSTMENT, label="How many")
    reason = forms.CharField(max_length=MAX_REASON, help_text="The member and the audit log see it.")
    request_key = forms.CharField(max_length=60, widget=forms.HiddenInput())

    def signed_amount(self) -> int:
        amount: int = self.cleaned_data["amount"]
        return amount if self.cleaned_data["way"] == "give" else -amount


class TypesForm(DeskForm):
    """The list of member types, a line each."""

    names = forms.CharField(
        label="Types",
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=f"One a line, at most {MAX_TYPES}, such as student, mentor, partner. Who has a type that you remove has none.",
    )
