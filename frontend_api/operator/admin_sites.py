"""Two admins for operators: the public tables on BASE_DOMAIN, one community's tables on its own host.

Invariants: only operators come in, whatever Django's own permissions say; rows are looked at, never edited in place, because
every write belongs to a service that keeps the ledger, the caches and the log right; what can be done are actions that call
those services. Entering a community's admin stands in its audit log, once an hour and operator.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.templatetags.static import static
from django.urls import reverse
from redis import RedisError
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from engagement.audit.services import record_audit
from frontend_api.site.step_up import ask_for_proof, has_recent_proof
from frontend_api.tenant import find_context
from tenants.models import User
from tenants.permissions import Role, require

from .access import actor_of_operator, role_of_operator

# Its widgets are Alpine components with expressions in attributes. Operators only; everybody else's pages stay strict.
POLICY: Final = (
    "default-src 'none'; script-src 'self' 'unsafe-eval' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "font-src 'self'; img-src 'self' data: https:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
ENTERED_SECONDS: Final = 3600


class OperatorAdminSite(UnfoldAdminSite):  # type: ignore[misc]
    """Django's admin with our door in front of it."""

    index_title = "Operations"
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        return role_of_operator(request) is Role.OPERATOR

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., Any]:
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return HttpResponseRedirect(f"{reverse('login')}?next={request.path}")
            require(role_of_operator(request), "operate")
            if request.method not in {"GET", "HEAD"} and not has_recent_proof(request):
                return ask_for_proof(request)
            self.note_entry(request)
            response: HttpResponse = inner(request, *args, **kwargs)
            response["Content-Security-Policy"] = POLICY
            return response

        return guarded

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Unfold takes names from one setting for all sites; each of ours has its own."""
        names = {
            "site_title": self.site_title,
            "site_header": self.site_header,
            "site_url": f"{settings.BASE_URL}/ops/",
        }
        icon = {"rel": "icon", "type": "image/svg+xml", "href": static("engagehub/star.svg")}
        context: dict[str, Any] = super().each_context(request)
        return context | names | {"site_favicons": [icon], "site_symbol": "star"}

    def note_entry(self, request: HttpRequest) -> None:
        """Overridden where looking itself is to be recorded."""

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("login"))


class CommunityAdminSite(OperatorAdminSite):
    def note_entry(self, request: HttpRequest) -> None:
        context = find_context(request)
        assert isinstance(request.user, User)
        if context is None:
            return
        key = f"operator-entered:{request.user.pk}"
        try:
            if not cache.add(key, 1, ENTERED_SECONDS):
                return
        except (RedisError, OSError):
            pass  # Better twice in the log than not at all.
        with transaction.atomic():
            record_audit(
                actor=actor_of_operator(request, request.user),
                action="operator.entered",
                target_kind="tenant",
                target_id=context.tenant_id,
                target_name=context.name,
            )


public_site = OperatorAdminSite(name="operator_admin")
public_site.site_title = public_site.site_header = "EngageHub"
community_site = CommunityAdminSite(name="community_admin")
community_site.site_title = community_site.site_header = "Community data"


class LookOnly(ModelAdmin):  # type: ignore[misc]
    """Rows to be searched and read. `actions` of a subclass are all that can be done."""

    list_per_page = 50
    show_full_result_count = False
    actions_on_top = True
    compressed_fields = True

    def formfield_for_dbfield(
        self, db_field: models.Field[Any, Any], request: HttpRequest, **options: Any
    ) -> Any:
        if isinstance(db_field, models.URLField):
            options["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **options)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return role_of_operator(request) is Role.OPERATOR

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return role_of_operator(request) is Role.OPERATOR

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
