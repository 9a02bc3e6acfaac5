"""Rules: what earns points. Versions never change; a change is a new version; nobody overwrites somebody else's unseen."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from engagement.rules.differences import describe_differences, describe_rule
from engagement.rules.errors import RuleChangedError
from engagement.rules.freezing import list_frozen_ids, rules_allowed
from engagement.rules.models import Rule, RuleVersion
from engagement.rules.selectors import (
    get_rule,
    get_rule_version,
    get_rules_settings,
    list_rule_versions,
    list_rules,
)
from engagement.rules.services import archive_rule, create_rule, revise_rule, set_rule_enabled
from engagement.rules.trial import Trial, try_rule
from saas.core import clock
from saas.core.errors import NotFoundError
from tenants.entitlements import UNLIMITED

from .frame import ApiView, StaleError, once
from .operations import operation
from .paging import cut, read_cursor
from .serializing import Input, Output, Paging

TAG = "Rules"


class RuleAnswer(Output):
    """A rule with its latest version."""

    key = serializers.CharField()
    name = serializers.CharField()
    enabled = serializers.BooleanField()
    frozen = serializers.SerializerMethodField(
        help_text="Active, but over what the community's plan includes: it rewards nothing and cannot be changed until there is room."
    )
    archived = serializers.SerializerMethodField()
    position = serializers.IntegerField(help_text="Rules are judged in this order.")
    version = serializers.IntegerField(source="latest.number")
    definition = serializers.DictField(source="latest.definition", help_text="What it says, as JSON.")
    changed_at = serializers.DateTimeField(source="latest.created_at")
    changed_by = serializers.CharField(source="latest.created_by")
    words = serializers.SerializerMethodField(help_text="What it says, in words.")

    def get_frozen(self, rule: Any) -> bool:
        """Known to the view, which counts once for all rules."""
        return rule.pk in self.context["view"].frozen_rules

    def get_archived(self, rule: Any) -> bool:
        return rule.archived_at is not None

    def get_words(self, rule: Any) -> dict[str, str]:
        return dict(describe_rule(rule.name, rule.latest.definition))


class RuleVersionAnswer(Output):
    number = serializers.IntegerField()
    name = serializers.CharField()
    definition = serializers.DictField()
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField()


class RuleQuery(Paging):
    archived = serializers.BooleanField(default=False, help_text="Archived ones too.")


class RuleInput(Input):
    key = serializers.CharField(
        max_length=60, help_text="How programs name it: small letters, digits and underscores. Never changes."
    )
    name = serializers.CharField(max_length=100)
    definition = serializers.DictField(help_text="What it says; `triggers` and `amount` are needed.")
    enabled = serializers.BooleanField(default=True)


class RuleChange(Input):
    name = serializers.CharField(max_length=100, required=False)
    definition = serializers.DictField(required=False, help_text="All that it says from now on.")
    enabled = serializers.BooleanField(required=False, default=None, allow_null=True)


class TrialInput(Input):
    """Something that somebody might do."""

    type = serializers.CharField(max_length=40, default="message")
    channel_id = serializers.CharField(max_length=40, default="", allow_blank=True)
    category_id = serializers.CharField(max_length=40, default="", allow_blank=True)
    is_thread = serializers.BooleanField(default=False)
    length = serializers.IntegerField(min_value=0, max_value=10_000, required=False, help_text="Characters.")
    emoji = serializers.CharField(max_length=40, default="", allow_blank=True)
    level = serializers.IntegerField(min_value=0, max_value=1_000, default=0)
    lifetime = serializers.IntegerField(min_value=0, max_value=10**15, default=0)
    role_ids = serializers.ListField(child=serializers.CharField(max_length=40), max_length=200, default=list)
    membership_days = serializers.IntegerField(min_value=0, max_value=36_500, required=False)


class DryRunInput(Input):
    definition = serializers.DictField(help_text="The rule as it would be.")
    activity = TrialInput(help_text="Who does what, where.")


class DryRunAnswer(Output):
    low = serializers.IntegerField(help_text="The least that it would give.")
    high = serializers.IntegerField(help_text="The most.")
    reason = serializers.CharField(help_text="Why nothing; empty where it gives something.")


_DEFINITION = {"triggers": ["lesson_completed"], "amount": 20, "daily_count_cap": 5}
_RULE = {
    "key": "lessons",
    "name": "Lessons",
    "enabled": True,
    "frozen": False,
    "archived": False,
    "position": 8,
    "version": 1,
    "definition": _DEFINITION,
    "changed_at": "2026-11-21T08:30:00Z",
    "changed_by": "Ada",
    "words": {"Name": "Lessons"},
}


class RuleView(ApiView):
    """What shows rules knows which are frozen."""

    @property
    def frozen_rules(self) -> frozenset[int]:
        allowed = rules_allowed(self.context)
        if allowed >= UNLIMITED:
            return frozenset()
        if not hasattr(self, "_rules"):
            self._rules = list_rules()
        return list_frozen_ids(self._rules, allowed)

    def describe_rule(self, rule: Rule) -> dict[str, Any]:
        self.__dict__.pop("_rules", None)  # what was just changed may have moved others
        return dict(RuleAnswer(rule, context={"view": self}).data)


class RuleList(RuleView):
    @operation(
        "list_rules",
        summary="List rules",
        description="In the order in which they are judged.",
        tag=TAG,
        query=RuleQuery,
        answer=RuleAnswer,
        paged=True,
        example=_RULE,
    )
    def get(self, request: Request) -> Response:
        query = self.read_query()
        place = read_cursor(query.get("cursor", ""), int, int)
        rules = [
            rule
            for rule in list_rules(include_archived=query["archived"])
            if place is None or (rule.position, rule.pk) > place
        ]
        limit = query["limit"]
        return self.answer_page(
            cut(rules[: limit + 1], limit, lambda rule: (rule.position, rule.pk)), RuleAnswer
        )

    @operation(
        "create_rule",
        summary="Make a rule",
        description="It counts from now on, for what happens from now on.",
        tag=TAG,
        body=RuleInput,
        answer=RuleAnswer,
        status=201,
        writes=True,
        body_example={"key": "lessons", "name": "Lessons", "definition": _DEFINITION},
        example=_RULE,
    )
    def post(self, request: Request) -> Response:
        body = self.read_body()

        def work() -> Response:
            rule = create_rule(**body, actor=self.actor)
            headers = {"Location": f"{request.path}/{rule.key}", "ETag": etag_of(rule)}
            return Response(self.describe_rule(rule), status=201, headers=headers)

        return once(self, work)


class RuleDetail(RuleView):
    @operation(
        "get_rule",
        summary="Read a rule",
        description="With its latest version, and the ETag that a change needs.",
        tag=TAG,
        answer=RuleAnswer,
        errors=(404,),
        example=_RULE,
    )
    def get(self, request: Request, key: str) -> Response:
        rule = get_rule(key=key)
        return self.answer_versioned(self.describe_rule(rule), etag_of(rule))

    @operation(
        "change_rule",
        summary="Change a rule",
        description="Gives it a new version and switches it on or off; what is left out stays. Entries already booked keep theirs. "
        "When somebody changed it since you read it you get a 412 with the rule as it is now and what differs.",
        tag=TAG,
        body=RuleChange,
        answer=RuleAnswer,
        errors=(404, 409, 412, 428),
        body_example={"definition": {**_DEFINITION, "amount": 25}},
        example=_RULE | {"version": 2},
    )
    def patch(self, request: Request, key: str) -> Response:
        body = self.read_body()
        rule = get_rule(key=key)
        self._require_version(rule)
        try:
            with transaction.atomic():
                rule = self._change(rule, body)
        except RuleChangedError as error:
            raise self._stale(get_rule(key=key), rule.latest) from error
        return self.answer_versioned(self.describe_rule(rule), etag_of(rule))

    @operation(
        "archive_rule",
        summary="Archive a rule",
        description="Takes it away for good. Its versions stay, because entries name them. Repeating it changes nothing.",
        tag=TAG,
        answer=None,
        status=204,
        errors=(404,),
    )
    def delete(self, request: Request, key: str) -> Response:
        archive_rule(key=key, actor=self.actor)
        return Response(status=204)

    def _change(self, rule: Rule, body: dict[str, Any]) -> Rule:
        assert rule.latest is not None
        if "name" in body or "definition" in body:
            overwrites = self.request.headers.get("If-Match", "").strip() == "*"
            revise_rule(
                key=rule.key,
                actor=self.actor,
                name=body.get("name"),
                definition=body.get("definition"),
                expected_version=None if overwrites else rule.latest.number,
            )
        if body.get("enabled") is not None:
            set_rule_enabled(key=rule.key, enabled=body["enabled"], actor=self.actor)
        return get_rule(key=rule.key)

    def _require_version(self, rule: Rule) -> None:
        try:
            self.require_version(etag_of(rule))
        except StaleError as error:
            raise self._stale(rule, self._version_sent(rule.key)) from error

    def _version_sent(self, key: str) -> RuleVersion | None:
        """The version that the caller read, told by its ETag."""
        number = self.request.headers.get("If-Match", "").strip('" ').partition(".")[0]
        try:
            return get_rule_version(key=key, number=int(number)) if number.isdecimal() else None
        except (NotFoundError, ValueError):
            return None

    def _stale(self, rule: Rule, seen: RuleVersion | None) -> StaleError:
        assert rule.latest is not None
        error = StaleError(
            f"{rule.latest.created_by} changed “{rule.name}” since you read it: version {rule.latest.number} stands now. Look at "
            "`differences`, then send your change with the ETag of what stands there.",
            current=self.describe_rule(rule),
        )
        if seen is not None:
            told = describe_differences((seen.name, seen.definition), (rule.name, rule.latest.definition))
            error.facts["differences"] = [
                {"what": line.label, "yours": line.before, "current": line.after} for line in told
            ]
        return error


class RuleVersions(ApiView):
    @operation(
        "list_rule_versions",
        summary="List a rule's versions",
        description="The newest first.",
        tag=TAG,
        query=Paging,
        answer=RuleVersionAnswer,
        paged=True,
        errors=(404,),
        example={
            "number": 1,
            "name": "Lessons",
            "definition": _DEFINITION,
            "created_at": "2026-11-21T08:30:00Z",
            "created_by": "Ada",
        },
    )
    def get(self, request: Request, key: str) -> Response:
        query = self.read_query()
        place = read_cursor(query.get("cursor", ""), int)
        versions = [one for one in list_rule_versions(key=key) if place is None or one.number < place[0]]
        limit = query["limit"]
        return self.answer_page(
            cut(versions[: limit + 1], limit, lambda one: (one.number,)), RuleVersionAnswer
        )


class RuleDryRun(ApiView):
    @operation(
        "dry_run_rule",
        summary="Try a rule on an imagined activity",
        description="What it would give to a first such activity now, or why nothing. Changes nothing.",
        tag=TAG,
        body=DryRunInput,
        answer=DryRunAnswer,
        body_example={"definition": _DEFINITION, "activity": {"type": "lesson_completed"}},
        example={"low": 20, "high": 20, "reason": ""},
    )
    def post(self, request: Request) -> Response:
        body = self.read_body()
        activity = dict(body["activity"])
        activity["role_ids"] = tuple(activity["role_ids"])
        verdict = try_rule(
            body["definition"],
            Trial(**activity),
            settings=get_rules_settings(),
            now=clock.now(),
            timezone=self.context.timezone,
        )
        return Response(DryRunAnswer(verdict).data)


def etag_of(rule: Rule) -> str:
    """Another one after every change: version, on or off, archived or not."""
    assert rule.latest is not None
    return f'"{rule.latest.number}.{int(rule.enabled)}{int(rule.archived_at is not None)}"'
