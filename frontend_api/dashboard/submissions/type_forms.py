"""The form of a kind of submission: every one of its values, there and back without loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms

from engagement.submissions.limits import PERIODS
from engagement.submissions.models import SubmissionType
from engagement.submissions.shapes import MAX_POINTS, FieldKind
from engagement.submissions.type_values import MAX_SLA, VALUES
from frontend_api.dashboard.parts.forms import DeskForm
from frontend_api.dashboard.pickers import NamePicker, PickerField, channel_choices, role_choices
from frontend_api.questions import KIND_ICONS, icon_of
from integrations.discord.directory import Directory
from saas.core.errors import EngageHubError
from tenants.models import Membership

from .rows import (
    CRITERION_COLUMNS,
    FIELD_COLUMNS,
    RowsField,
    fields_of_rows,
    pad_fields,
    pad_rubric,
    read_rows,
    rows_of_fields,
    rows_of_rubric,
    rubric_of_rows,
    write_rows,
)

KINDS: Final = (
    (FieldKind.TEXT, "Short text"),
    (FieldKind.LONG_TEXT, "Long text"),
    (FieldKind.NUMBER, "Number"),
    (FieldKind.CHOICE, "Choice"),
    (FieldKind.LINK, "Link"),
    (FieldKind.FILE, "File"),
    (FieldKind.PICTURE, "Picture"),
    (FieldKind.DATE, "Date"),
    (FieldKind.MEMBER, "Member"),
)
AWARDS: Final = (
    ("fixed", "The same points each time"),
    ("per_unit", "Points for each unit of a number"),
    ("rubric", "Up to so many points, by the rubric’s score"),
)
_PERIOD_WORDS: Final = {"ever": "in all", "day": "a day", "week": "a week", "month": "a month"}
# Where the service's errors name a part, which field of the form it is.
_PARTS: Final = {
    "award": "award_kind",
    "award.kind": "award_kind",
    "award.points": "award_points",
    "award.field": "award_field",
    "award.cap": "award_cap",
    "eligibility.level": "eligible_level",
    "eligibility.roles": "eligible_roles",
    "eligibility.days": "eligible_days",
    "reviewers.roles": "reviewer_roles",
    "reviewers.users": "reviewer_users",
}


def _number(label: str, low: int, high: int, *, help: str = "", needed: bool = False) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        min_value=low,
        max_value=high,
        required=needed,
        help_text=help,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


class TypeForm(DeskForm):
    name = forms.CharField(label="Name", max_length=60, help_text="Members choose by it.")
    description = forms.CharField(
        label="What it is for", required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    icon = forms.ChoiceField(label="Icon", required=False, choices=list(KIND_ICONS.items()))
    fields_ = RowsField("f", FIELD_COLUMNS, label="Questions", required=False)
    rubric = RowsField("r", CRITERION_COLUMNS, label="Rubric", required=False)
    award_kind = forms.ChoiceField(label="What it is worth", choices=AWARDS)
    award_points = _number("Points", 0, MAX_POINTS, needed=True)
    award_field = forms.CharField(
        label="Counted by",
        required=False,
        max_length=80,
        help_text="The question that takes the number, by its words.",
    )
    award_cap = _number("At most", 0, MAX_POINTS, help="Points of one submission. Empty: no cap.")
    unique_links = forms.BooleanField(
        label="A link counts once",
        required=False,
        help_text="Whoever hands in a link that was handed in before is told so.",
    )
    previews = forms.BooleanField(
        label="Show what links lead to",
        required=False,
        help_text="Reviewers see the title and description of the page. Our server fetches it once, soon after it was handed in.",
    )
    automatic = forms.BooleanField(
        label="Approve it without a look",
        required=False,
        help_text="At once, unless it resembles an earlier one: that waits for review. Not with points by the rubric’s score.",
    )
    limit_count = _number("How often", 1, 1_000, help="By one member. Empty: as often as they like.")
    limit_period = forms.ChoiceField(label="Counted", choices=[(one, _PERIOD_WORDS[one]) for one in PERIODS])
    eligible_level = _number("From level", 1, 10_000)
    eligible_days = _number("Days in the community", 1, 3_650)
    eligible_roles = PickerField(label="Only with one of these roles", summary="with or without roles")
    reviewer_roles = PickerField(
        label="Discord roles that review it",
        summary="moderators and above alone",
        help_text="Beside those who may review everything.",
    )
    reviewer_users = PickerField(
        label="People of the team who review it",
        summary="moderators and above alone",
        help_text="Beside those who may review everything.",
    )
    channel_id = forms.ChoiceField(
        label="Review channel in Discord",
        required=False,
        help_text="Each submission is posted there with buttons. Choose one that reviewers alone can read.",
    )
    sla_hours = _number(
        "Decided within, in hours",
        1,
        MAX_SLA,
        help="Members read it; reviewers are reminded. Empty: no promise.",
    )

    def __init__(self, *given: Any, directory: Directory, team: Sequence[Membership], **named: Any) -> None:
        super().__init__(*given, **named)
        self.row_errors: dict[str, dict[int, str]] = {"fields": {}, "rubric": {}}
        chosen = [str(self[name].value() or "") for name in ("channel_id",)]
        for name in ("eligible_roles", "reviewer_roles"):
            self.fields[name].choices = role_choices(directory, self[name].value() or ())  # type: ignore[attr-defined]
        self.fields["reviewer_users"].choices = [  # type: ignore[attr-defined]
            (str(row.user_id), str(row.user)) for row in team
        ]
        self.fields["reviewer_users"].widget = NamePicker(choices=self.fields["reviewer_users"].choices)  # type: ignore[attr-defined]
        self.fields["channel_id"].choices = [  # type: ignore[attr-defined]
            ("", "None: on the web alone"),
            *channel_choices(directory, chosen, speaking=True),
        ]

    @property
    def field_rows(self) -> list[tuple[dict[str, str], str]]:
        """Each question with its error, and blank ones."""
        rows = pad_fields(read_rows(self["fields_"].value()))
        return [(row, self.row_errors["fields"].get(at, "")) for at, row in enumerate(rows)]

    @property
    def rubric_rows(self) -> list[tuple[dict[str, str], str]]:
        rows = pad_rubric(read_rows(self["rubric"].value()))
        return [(row, self.row_errors["rubric"].get(at, "")) for at, row in enumerate(rows)]

    def values(self) -> dict[str, Any]:
        """As the service takes them."""
        given = self.cleaned_data
        rows = fields_of_rows(given["fields_"])
        counted = given["award_kind"] == "per_unit"
        return {
            "name": given["name"],
            "description": given["description"],
            "icon": given["icon"],
            "fields": rows,
            "rubric": rubric_of_rows(given["rubric"]),
            "award": {
                "kind": given["award_kind"],
                "points": given["award_points"],
                "field": _key_of(given["award_field"], rows) if counted else "",
                "cap": given["award_cap"],
            },
            "unique_links": given["unique_links"],
            "previews": given["previews"],
            "automatic": given["automatic"],
            "limit_count": given["limit_count"],
            "limit_period": given["limit_period"],
            "eligibility": _kept(
                level=given["eligible_level"], days=given["eligible_days"], roles=given["eligible_roles"]
            ),
            "reviewers": _kept(
                roles=given["reviewer_roles"], users=[int(one) for one in given["reviewer_users"]]
            ),
            "channel_id": int(given["channel_id"]) if given["channel_id"] else None,
            "sla_hours": given["sla_hours"],
        }

    def add_problem(self, error: EngageHubError) -> None:
        """Beside the row, or the field, that it names."""
        part = getattr(error, "field", "")
        group, _, rest = part.partition(".")
        number = rest.split(".")[0]
        if group in self.row_errors:
            name = "fields_" if group == "fields" else "rubric"
            if number.isdecimal():
                self.row_errors[group][int(number)] = error.message
                self.add_error(name, f"{int(number) + 1}: {error.message}")
            else:
                self.add_error(name, error.message)
            return
        name = _PARTS.get(part, part)
        self.add_error(name if name in self.fields else None, error.message)


def initial_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """A kind's values (engagement.submissions.types.VALUES) as the form shows them."""
    award, eligible, reviewers = values["award"], values["eligibility"], values["reviewers"]
    labels = {field["key"]: field["label"] for field in values["fields"]}
    return {
        "name": values["name"],
        "description": values["description"],
        "icon": icon_of(values["icon"]),
        "fields_": write_rows(rows_of_fields(values["fields"])),
        "rubric": write_rows(rows_of_rubric(values["rubric"])),
        "award_kind": award["kind"],
        "award_points": award["points"],
        "award_field": labels.get(award.get("field") or "", ""),
        "award_cap": award.get("cap"),
        "unique_links": values["unique_links"],
        "previews": values["previews"],
        "automatic": values["automatic"],
        "limit_count": values["limit_count"],
        "limit_period": values["limit_period"],
        "eligible_level": eligible.get("level"),
        "eligible_days": eligible.get("days"),
        "eligible_roles": list(eligible.get("roles", ())),
        "reviewer_roles": list(reviewers.get("roles", ())),
        "reviewer_users": [str(one) for one in reviewers.get("users", ())],
        "channel_id": str(values["channel_id"] or ""),
        "sla_hours": values["sla_hours"],
    }


def describe_rows(text: str) -> str:
    """Rows in words, for the page of a conflict."""
    kinds = {str(kind): name for kind, name in KINDS}
    return ", ".join(
        f"{row.get('label', '')} ({kinds.get(row['kind'], row['kind'])})"
        if "kind" in row
        else row.get("label", "")
        for row in read_rows(text)
    )


def values_of(submission_type: SubmissionType) -> dict[str, Any]:
    return {name: getattr(submission_type, name) for name in VALUES}


def _key_of(label: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """The key of the question that is called so."""
    wanted = label.strip().casefold()
    return next(
        (row["key"] for row in rows if wanted in (row["label"].strip().casefold(), row["key"])), label[:40]
    )


def _kept(**parts: Any) -> dict[str, Any]:
    return {name: value for name, value in parts.items() if value}
