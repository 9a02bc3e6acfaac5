"""What kinds of submissions look like over REST, with an example of each."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from engagement.submissions.limits import PERIODS
from engagement.submissions.selectors import TypeLine
from engagement.submissions.shapes import AWARDS, MAX_POINTS, WHENS, FieldKind
from engagement.submissions.type_values import MAX_SLA

from .serializing import MAX_ID, Input, Output

TAG = "Submissions"


class SubmissionFieldShape(Input):
    """One question of a form."""

    key = serializers.CharField(
        max_length=40, help_text="What answers name it by: small letters, digits, underscores."
    )
    label = serializers.CharField(max_length=80)  # type: ignore[assignment]
    kind = serializers.ChoiceField(choices=[kind.value for kind in FieldKind])
    help = serializers.CharField(max_length=200, required=False, allow_blank=True)
    required = serializers.BooleanField(default=True)  # type: ignore[assignment]
    least = serializers.IntegerField(
        required=False, allow_null=True, help_text="Fewest characters, units, files or choices."
    )
    most = serializers.IntegerField(required=False, allow_null=True)
    unit = serializers.CharField(max_length=20, required=False, allow_blank=True, help_text="Of a number.")
    choices = serializers.ListField(child=serializers.CharField(max_length=80), required=False)
    many = serializers.BooleanField(required=False, help_text="Of a choice: several.")  # type: ignore[assignment]
    hosts = serializers.ListField(
        child=serializers.CharField(max_length=100), required=False, help_text="Of a link: only these sites."
    )
    when = serializers.ChoiceField(
        choices=[when for when in WHENS if when], required=False, help_text="Of a date."
    )
    others = serializers.BooleanField(required=False, help_text="Of a member: nobody's own self.")


class SubmissionCriterionShape(Input):
    """What a reviewer judges, from 0 to `most`."""

    key = serializers.CharField(max_length=40)
    label = serializers.CharField(max_length=80)  # type: ignore[assignment]
    help = serializers.CharField(max_length=200, required=False, allow_blank=True)
    weight = serializers.IntegerField(min_value=1, max_value=100, default=1)
    most = serializers.IntegerField(min_value=1, max_value=100, default=5)


class SubmissionAwardShape(Input):
    """Points: fixed, for each unit of a number, or in proportion to the rubric's score."""

    kind = serializers.ChoiceField(choices=AWARDS)
    points = serializers.IntegerField(min_value=0, max_value=MAX_POINTS)
    field = serializers.CharField(max_length=40, required=False, allow_blank=True, help_text="Of per_unit.")
    cap = serializers.IntegerField(min_value=0, max_value=MAX_POINTS, required=False, allow_null=True)


class SubmissionEligibilityShape(Input):
    """Whom it is for. What is left out asks nothing."""

    level = serializers.IntegerField(min_value=1, max_value=10_000, required=False, allow_null=True)
    roles = serializers.ListField(
        child=serializers.CharField(max_length=20), required=False, help_text="Any of these Discord roles."
    )
    days = serializers.IntegerField(
        min_value=1, max_value=3650, required=False, allow_null=True, help_text="Since they joined."
    )


class SubmissionReviewersShape(Input):
    """Who may review it beside those who may review everything."""

    roles = serializers.ListField(child=serializers.CharField(max_length=20), required=False)
    users = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID - 1), required=False
    )


class SubmissionTypeChange(Input):
    """What is left out stays as it is."""

    name = serializers.CharField(max_length=60, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)
    icon = serializers.CharField(max_length=40, required=False, allow_blank=True)
    fields = serializers.ListField(child=SubmissionFieldShape(), required=False)  # type: ignore[assignment]
    rubric = serializers.ListField(child=SubmissionCriterionShape(), required=False)
    award = SubmissionAwardShape(required=False)
    unique_links = serializers.BooleanField(
        required=False, help_text="Refuse a link that was handed in before; off: show it to reviewers."
    )
    previews = serializers.BooleanField(
        required=False, help_text="Reviewers see what the pages of its links are called."
    )
    limit_count = serializers.IntegerField(
        min_value=1, max_value=1000, required=False, allow_null=True, help_text="Per member and period."
    )
    limit_period = serializers.ChoiceField(choices=PERIODS, required=False)
    eligibility = SubmissionEligibilityShape(required=False)
    reviewers = SubmissionReviewersShape(required=False)
    channel_id = serializers.CharField(
        max_length=20, required=False, allow_null=True, help_text="Discord's channel where it is reviewed."
    )
    sla_hours = serializers.IntegerField(
        min_value=1, max_value=MAX_SLA, required=False, allow_null=True, help_text="To be decided within."
    )
    automatic = serializers.BooleanField(
        required=False, help_text="Approved at once, unless it resembles an earlier one."
    )


class SubmissionTypeInput(SubmissionTypeChange):
    key = serializers.CharField(
        max_length=40,
        required=False,
        allow_blank=True,
        help_text="Its own for ever; made of the name when left out.",
    )
    active = serializers.BooleanField(default=True, help_text="Whether it takes submissions at once.")


class SubmissionTypeAnswer(Output):
    """A kind of submission."""

    id = serializers.IntegerField(source="type.pk")
    key = serializers.CharField(source="type.key")
    name = serializers.CharField(source="type.name")
    description = serializers.CharField(source="type.description")
    icon = serializers.CharField(source="type.icon")
    form = serializers.ListField(child=serializers.DictField(), source="type.fields", help_text="Its fields.")
    rubric = serializers.ListField(child=serializers.DictField(), source="type.rubric")
    award = serializers.DictField(source="type.award")
    unique_links = serializers.BooleanField(source="type.unique_links")
    previews = serializers.BooleanField(source="type.previews")
    limit_count = serializers.IntegerField(source="type.limit_count", allow_null=True)
    limit_period = serializers.ChoiceField(choices=PERIODS, source="type.limit_period")
    eligibility = serializers.DictField(source="type.eligibility")
    reviewers = serializers.DictField(source="type.reviewers")
    channel_id = serializers.SerializerMethodField(help_text="Empty: the web alone.")
    sla_hours = serializers.IntegerField(source="type.sla_hours", allow_null=True)
    automatic = serializers.BooleanField(source="type.automatic")
    is_survey = serializers.SerializerMethodField(help_text="Whether it is filled in from outside.")
    template = serializers.CharField(source="type.template", help_text="The ready-made one it came from.")
    pack = serializers.CharField(source="type.pack")
    active = serializers.BooleanField(source="type.active")
    frozen = serializers.BooleanField(help_text="Over what the plan includes: it takes nothing for now.")
    version = serializers.IntegerField(source="type.version")
    archived_at = serializers.DateTimeField(source="type.archived_at", allow_null=True)

    def get_channel_id(self, line: TypeLine) -> str:
        return str(line.type.channel_id or "")

    def get_is_survey(self, line: TypeLine) -> bool:
        return bool(line.type.survey_secret)


class OpenSubmissionTypeAnswer(Output):
    """A kind of submission as members see it."""

    id = serializers.IntegerField(source="type.pk")
    key = serializers.CharField(source="type.key")
    name = serializers.CharField(source="type.name")
    description = serializers.CharField(source="type.description")
    form = serializers.ListField(child=serializers.DictField(), source="type.fields", help_text="Its fields.")
    most_points = serializers.IntegerField(help_text="What one of it gives at most.")
    limit = serializers.CharField(help_text="Such as “twice a week”; empty without one.")
    can_hand_in = serializers.BooleanField(help_text="You, now.")
    why_not = serializers.CharField(help_text="level, role, membership or limit; empty where you can.")
    words = serializers.CharField(help_text="The same in a sentence.")
    next_at = serializers.DateTimeField(allow_null=True, help_text="When you can again, after a limit.")


class SubmissionTypeList(Output):
    items = SubmissionTypeAnswer(many=True)


class OpenSubmissionTypeList(Output):
    items = OpenSubmissionTypeAnswer(many=True)


class SubmissionTypeState(Input):
    active = serializers.BooleanField()


class TypesQuery(Input):
    archived = serializers.BooleanField(default=False, help_text="Those in the archive instead.")


FIELD = {"key": "title", "label": "What is it", "kind": "text", "required": True}


AWARD: dict[str, Any] = {"kind": "fixed", "points": 20, "field": "", "cap": None}


BODY = {
    "name": "Resource share",
    "description": "Something worth everybody's time.",
    "fields": [FIELD, {"key": "link", "label": "Link", "kind": "link"}],
    "award": {"kind": "fixed", "points": 20},
    "limit_count": 5,
    "limit_period": "week",
    "sla_hours": 48,
}


TYPE = {
    "id": 3,
    "key": "resource_share",
    "name": "Resource share",
    "description": "Something worth everybody's time.",
    "icon": "bookmark",
    "form": [FIELD],
    "rubric": [],
    "award": AWARD,
    "unique_links": True,
    "previews": True,
    "limit_count": 5,
    "limit_period": "week",
    "eligibility": {},
    "reviewers": {},
    "channel_id": "",
    "sla_hours": 48,
    "automatic": False,
    "is_survey": False,
    "template": "resource_share",
    "pack": "content",
    "active": True,
    "frozen": False,
    "version": 1,
    "archived_at": None,
}


OPEN = {
    "id": 3,
    "key": "resource_share",
    "name": "Resource share",
    "description": "Something worth everybody's time.",
    "form": [FIELD],
    "most_points": 20,
    "limit": "5 times a week",
    "can_hand_in": True,
    "why_not": "",
    "words": "",
    "next_at": None,
}
