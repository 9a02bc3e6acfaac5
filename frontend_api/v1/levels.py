"""Levels: the curve, the names, and what a change would do before anybody makes it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.levels.curves import DEFAULT_PARAMETERS, KINDS, MAX_LEVEL, QUADRATIC
from engagement.levels.errors import LevelsChangedError
from engagement.levels.models import LevelSettings
from engagement.levels.selectors import get_levels_version, list_level_names, load_curve
from engagement.progression.levelling import change_levels, preview_curve

from .frame import ApiView, StaleError
from .operations import operation
from .serializing import Input, Output

TAG = "Levels"
SHOWN = 100


class LevelLine(Output):
    level = serializers.IntegerField()
    begins_at = serializers.IntegerField(help_text="Lifetime points.")
    name = serializers.CharField(help_text="Empty where it has none.")


class LevelsAnswer(Output):
    kind = serializers.ChoiceField(choices=KINDS)
    parameters = serializers.DictField()
    max_level = serializers.IntegerField()
    names = serializers.DictField(child=serializers.CharField(), help_text="Level → name, where it has one.")
    levels = LevelLine(many=True)


class LevelsQuery(Input):
    upto = serializers.IntegerField(
        min_value=1, max_value=MAX_LEVEL, default=SHOWN, help_text="The last level to list."
    )


class CurveInput(Input):
    kind = serializers.ChoiceField(choices=KINDS)
    parameters = serializers.DictField(
        help_text="quadratic: a, b, c · linear: step · table: totals · formula: text, gives; all but table also max_level."
    )


class LevelsChange(Input):
    kind = serializers.ChoiceField(choices=KINDS, required=False)
    parameters = serializers.DictField(required=False)
    names = serializers.DictField(
        child=serializers.CharField(max_length=60, allow_blank=True),
        required=False,
        help_text="Level → name; an empty one takes the name away. Levels left out keep theirs.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("kind" in attrs) != ("parameters" in attrs):
            raise serializers.ValidationError(
                {"parameters": ["A curve is a kind with its parameters: send both."]}
            )
        if any(
            not name.isascii() or not name.isdecimal() or len(name) > 4 for name in attrs.get("names", {})
        ):
            raise serializers.ValidationError({"names": ["Its names are levels, such as 5."]})
        return attrs


class CurvePreviewAnswer(Output):
    """What a curve would do to the members."""

    members = serializers.IntegerField()
    rise = serializers.IntegerField(help_text="How many would stand higher.")
    fall = serializers.IntegerField(help_text="How many would stand lower.")
    highest_before = serializers.IntegerField()
    highest_after = serializers.IntegerField()


_CURVE = {"kind": "quadratic", "parameters": {"a": 5, "b": 50, "c": 100}}
_LEVELS = {
    **_CURVE,
    "max_level": 1000,
    "names": {"5": "Regular"},
    "levels": [{"level": 0, "begins_at": 0, "name": ""}, {"level": 1, "begins_at": 100, "name": ""}],
}


class LevelsView(ApiView):
    @operation(
        "get_levels",
        summary="Read the levels",
        description="The curve, and at how many lifetime points each level begins.",
        tag=TAG,
        query=LevelsQuery,
        answer=LevelsAnswer,
        example=_LEVELS,
    )
    def get(self, request: Request) -> Response:
        return self._answer(self.read_query()["upto"])

    @operation(
        "change_levels",
        summary="Change the levels",
        description="Another curve, other names, or both. Everybody's level follows at once; nobody is congratulated on a level that a "
        "new curve gave.",
        tag=TAG,
        body=LevelsChange,
        answer=LevelsAnswer,
        errors=(412, 428),
        body_example={"names": {"5": "Regular"}},
        example=_LEVELS,
    )
    def patch(self, request: Request) -> Response:
        body = self.read_body()
        expected = get_levels_version()
        self.require_version(f'"{expected}"')
        overwrites = self.request.headers.get("If-Match", "").strip() == "*"
        try:
            change_levels(
                curve=(body["kind"], body["parameters"]) if "kind" in body else None,
                names={int(level): name for level, name in body.get("names", {}).items()},
                expected=None if overwrites else expected,
                actor=self.actor,
            )
        except LevelsChangedError as error:
            raise StaleError(error.message, current=self.describe_current()) from error
        return self._answer(SHOWN)

    def _answer(self, upto: int) -> Response:
        etag = f'"{get_levels_version()}"'
        return self.answer_versioned(LevelsAnswer(_read_levels(upto)).data, etag)

    def describe_current(self) -> Any:
        return LevelsAnswer(_read_levels(SHOWN)).data


class LevelsPreview(ApiView):
    @operation(
        "preview_levels",
        summary="Preview another curve",
        description="How many members would rise and fall. Changes nothing.",
        tag=TAG,
        body=CurveInput,
        answer=CurvePreviewAnswer,
        body_example=_CURVE,
        example={"members": 120, "rise": 40, "fall": 0, "highest_before": 31, "highest_after": 34},
    )
    def post(self, request: Request) -> Response:
        return Response(CurvePreviewAnswer(preview_curve(**self.read_body())).data)


def _read_levels(upto: int) -> dict[str, Any]:
    stored = LevelSettings.objects.filter(pk=1).values("kind", "parameters", "version").first()
    curve, names = load_curve(), list_level_names()
    shown = curve.thresholds[: min(upto, curve.max_level) + 1]
    return {
        "kind": stored["kind"] if stored and stored["version"] else QUADRATIC,
        "parameters": stored["parameters"] if stored and stored["version"] else dict(DEFAULT_PARAMETERS),
        "max_level": curve.max_level,
        "names": {str(level): name for level, name in names.items()},
        "levels": [
            {"level": level, "begins_at": begins, "name": names.get(level, "")}
            for level, begins in enumerate(shown)
        ],
    }
