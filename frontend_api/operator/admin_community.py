"""The admin of one community's tables, on its own host, for operators who help its team."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from engagement.activity.models import Activity, HearingGap
from engagement.audit.models import AuditEntry
from engagement.imports.models import ImportRun
from engagement.ledger.models import LedgerEntry
from engagement.members.models import Identity, Member
from engagement.points.models import Adjustment
from engagement.rules.models import Rule, RuleVersion
from engagement.rules.services import set_rule_enabled
from saas.core.errors import EngageHubError
from tenants.models import User

from .access import actor_of_operator, note_in_journal
from .admin_sites import LookOnly, community_site

__all__ = ["community_site"]


@admin.register(Member, site=community_site)
class MemberAdmin(LookOnly):
    list_display = ("display_name", "joined_at", "departed_at", "visibility", "is_bot", "created_at")
    list_filter = ("visibility", "is_bot")
    search_fields = ("display_name", "=identities__external_id")
    ordering = ("-pk",)


@admin.register(Identity, site=community_site)
class IdentityAdmin(LookOnly):
    list_display = ("provider", "external_id", "member")
    search_fields = ("=external_id", "member__display_name")
    list_select_related = ("member",)


@admin.register(Rule, site=community_site)
class RuleAdmin(LookOnly):
    list_display = ("name", "key", "enabled", "position", "archived_at")
    list_filter = ("enabled",)
    search_fields = ("name", "key")
    actions = ("switch_off",)

    @admin.action(description="Switch these rules off", permissions=["view"])
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Rule]) -> None:
        assert isinstance(request.user, User)
        off = 0
        for rule in queryset.filter(enabled=True, archived_at=None):
            try:
                set_rule_enabled(key=rule.key, enabled=False, actor=actor_of_operator(request, request.user))
            except EngageHubError as error:
                messages.error(request, error.message)
                continue
            note_in_journal(request.user, what="rule.switched off", name=rule.name)
            off += 1
        messages.success(request, f"{off} were on and are off now.")


@admin.register(RuleVersion, site=community_site)
class RuleVersionAdmin(LookOnly):
    list_display = ("rule", "number", "name", "created_by", "created_at")
    search_fields = ("name", "rule__key")
    list_select_related = ("rule",)


@admin.register(LedgerEntry, site=community_site)
class EntryAdmin(LookOnly):
    list_display = (
        "id",
        "member_id",
        "amount",
        "counter",
        "cause_kind",
        "cause_id",
        "rule_id",
        "occurred_at",
    )
    list_filter = ("counter", "cause_kind")
    search_fields = ("=member_id", "=id", "=cause_id")
    ordering = ("-pk",)


@admin.register(Adjustment, site=community_site)
class AdjustmentAdmin(LookOnly):
    ordering = ("-pk",)


@admin.register(Activity, site=community_site)
class ActivityAdmin(LookOnly):
    list_display = ("id", "type", "member_id", "source_id", "occurred_at", "arrived_at")
    search_fields = ("=source_id", "=member_id")
    ordering = ("-pk",)


@admin.register(HearingGap, site=community_site)
class GapAdmin(LookOnly):
    list_display = ("shard_id", "started_at", "ended_at", "reason")


@admin.register(ImportRun, site=community_site)
class ImportAdmin(LookOnly):
    ordering = ("-pk",)


@admin.register(AuditEntry, site=community_site)
class AuditAdmin(LookOnly):
    list_display = ("occurred_at", "actor_name", "action", "target_name", "outcome")
    list_filter = ("outcome",)
    search_fields = ("action", "actor_name", "target_name")
    ordering = ("-pk",)
    exclude = ("salt",)
