"""The admin of BASE_DOMAIN: communities, logins, keys, what was set aside, and the operators' journal."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet
from django.http import HttpRequest

from saas.core.errors import EngageHubError
from tenants.api_keys import revoke_api_key
from tenants.lifecycle import resume_community
from tenants.models import (
    ApiKey,
    Domain,
    GuildLink,
    Invite,
    Membership,
    PoisonActivity,
    Tenant,
    User,
)

from .access import CommunityAct, note_in_journal
from .admin_sites import LookOnly, public_site

__all__ = ["public_site"]


def _operator(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


@admin.register(Tenant, site=public_site)
class TenantAdmin(LookOnly):
    list_display = ("name", "slug", "kind", "state", "live", "created_at")
    list_filter = ("state", "kind", "live")
    search_fields = ("name", "slug", "schema_name")
    ordering = ("-pk",)
    exclude = ("entitlements",)
    actions = ("open_again",)

    @admin.action(description="Open suspended communities again", permissions=["view"])
    def open_again(self, request: HttpRequest, queryset: QuerySet[Tenant]) -> None:
        opened = 0
        for tenant in queryset.filter(state=Tenant.State.SUSPENDED):
            CommunityAct(request, _operator(request), tenant).do(
                "tenant.resumed",
                lambda tenant=tenant: resume_community(tenant_id=tenant.pk),  # type: ignore[misc]
                before={"state": "suspended"},
                after={"state": "active"},
            )
            opened += 1
        messages.success(request, f"{opened} of {queryset.count()} were suspended and are open again.")


@admin.register(User, site=public_site)
class UserAdmin(LookOnly):
    list_display = (
        "username",
        "display_name",
        "email",
        "discord_id",
        "is_active",
        "is_operator",
        "last_login",
    )
    list_filter = ("is_active", "is_operator")
    search_fields = ("username", "display_name", "email", "=discord_id")
    ordering = ("-pk",)
    exclude = ("password", "groups", "user_permissions", "is_superuser")
    actions = ("end_sessions",)

    @admin.action(description="End every session of these logins", permissions=["view"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        ended = 0
        for user in queryset:
            for session in UserSession.objects.filter(user=user):
                session.end()
                ended += 1
            note_in_journal(_operator(request), what="sessions ended", target=user)
        messages.success(request, f"{ended} sessions were ended.")


@admin.register(ApiKey, site=public_site)
class ApiKeyAdmin(LookOnly):
    list_display = ("name", "tenant", "prefix", "expires_at", "revoked_at", "last_used_at")
    search_fields = ("name", "prefix", "tenant__slug")
    list_select_related = ("tenant",)
    ordering = ("-pk",)
    exclude = ("digest",)
    actions = ("revoke",)

    @admin.action(description="Revoke these keys", permissions=["view"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset.filter(revoked_at=None).select_related("tenant"):
            try:
                CommunityAct(request, _operator(request), key.tenant).do(
                    "key.revoked",
                    lambda key=key: revoke_api_key(tenant_id=key.tenant_id, key_id=key.pk),  # type: ignore[misc]
                    note=f"{key.name} ({key.prefix})",
                )
            except EngageHubError as error:
                messages.error(request, error.message)
        messages.success(request, "They are refused from now on.")


@admin.register(Membership, site=public_site)
class MembershipAdmin(LookOnly):
    list_display = ("user", "tenant", "role", "created_at")
    list_filter = ("role",)
    search_fields = ("user__username", "user__email", "tenant__slug", "tenant__name")
    list_select_related = ("user", "tenant")


@admin.register(Domain, site=public_site)
class DomainAdmin(LookOnly):
    list_display = ("domain", "tenant", "is_primary", "is_redirect")
    search_fields = ("domain", "tenant__slug")
    list_select_related = ("tenant",)


@admin.register(GuildLink, site=public_site)
class GuildLinkAdmin(LookOnly):
    list_display = ("guild_name", "guild_id", "tenant", "state", "linked_at")
    list_filter = ("state",)
    search_fields = ("guild_name", "=guild_id", "tenant__slug")
    list_select_related = ("tenant",)


@admin.register(Invite, site=public_site)
class InviteAdmin(LookOnly):
    list_display = ("tenant", "role", "email", "expires_at", "accepted_at")
    search_fields = ("tenant__slug", "email")
    list_select_related = ("tenant",)
    exclude = ("token_digest",)


@admin.register(PoisonActivity, site=public_site)
class PoisonAdmin(LookOnly):
    list_display = ("error", "source", "tenant_id", "seen_at", "replayed_at")
    search_fields = ("error", "source", "key")
    ordering = ("-pk",)
    exclude = ("raw",)


@admin.register(LogEntry, site=public_site)
class JournalAdmin(LookOnly):
    """What operators did, the newest first."""

    list_display = ("action_time", "user", "change_message", "object_repr")
    search_fields = ("user__username", "change_message", "object_repr")
    list_select_related = ("user",)
    ordering = ("-action_time",)
