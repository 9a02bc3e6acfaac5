"""Who may open the operator's pages, and the journal of what was done there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

import structlog
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from engagement.audit.actor import Actor, cut_address
from engagement.audit.services import record_audit
from frontend_api.site.step_up import ask_for_proof, has_recent_proof
from saas.core.schemas import PUBLIC, enter_schema
from tenants.context import TenantContext, enter_tenant
from tenants.models import Tenant, User
from tenants.permissions import Role, require

Given = ParamSpec("Given")
View = Callable[Concatenate[HttpRequest, Given], HttpResponseBase]
OperatorView = Callable[Concatenate[HttpRequest, User, Given], HttpResponseBase]
log = structlog.get_logger(__name__)


def role_of_operator(request: HttpRequest) -> Role:
    """OPERATOR for EngageHub's own staff, else STRANGER: what somebody is in a community counts for nothing here."""
    user = request.user
    staff = isinstance(user, User) and user.is_active and user.is_operator
    return Role.OPERATOR if staff else Role.STRANGER


def operator_page(view: OperatorView[Given]) -> View[Given]:
    """`def show_x(request, operator, …)`. A stranger signs in first; a form needs a recent proof. Raises NotPermittedError."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: Given.args, **kwargs: Given.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': _page_of(request)})}")
        require(role_of_operator(request), "operate")
        assert isinstance(request.user, User)
        if request.method not in {"GET", "HEAD"} and not has_recent_proof(request):
            return ask_for_proof(request)
        return view(request, request.user, *args, **kwargs)

    guarded.operator_page = True  # type: ignore[attr-defined]
    return guarded


def _page_of(request: HttpRequest) -> str:
    return request.get_full_path() if request.method in {"GET", "HEAD"} else reverse("ops")


def actor_of_operator(request: HttpRequest, operator: User) -> Actor:
    """As the audit log of a community remembers them."""
    return Actor(
        "operator",
        operator.pk,
        str(operator),
        role="operator",
        via="web",
        address=cut_address(request.META.get("REMOTE_ADDR") or ""),
        request_id=str(structlog.contextvars.get_contextvars().get("request_id", ""))[:64],
    )


def note_in_journal(operator: User, *, what: str, target: object = None, name: str = "") -> None:
    """One line of the operators' journal, which the admin shows as its log."""
    with enter_schema(PUBLIC):
        LogEntry.objects.create(
            user_id=operator.pk,
            content_type=ContentType.objects.get_for_model(Tenant) if isinstance(target, Tenant) else None,
            object_id=str(getattr(target, "pk", "") or ""),
            object_repr=(name or str(target or ""))[:200],
            action_flag=CHANGE,
            change_message=what[:1000],
        )
    log.info("operator_act", operator=operator.pk, what=what, target=name or str(target or ""))


@dataclass(frozen=True, slots=True)
class CommunityAct:
    """What an operator does to a community: in its audit log and in the journal, in one transaction."""

    request: HttpRequest
    operator: User
    tenant: Tenant

    def do(
        self,
        action: str,
        work: Callable[[], Any],
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        note: str = "",
    ) -> None:
        """Do `work` and record it as `action` of the catalogue. Raises what `work` raises; then nothing is recorded."""
        with transaction.atomic():
            work()
            with enter_tenant(TenantContext.of(self.tenant)):
                record_audit(
                    actor=actor_of_operator(self.request, self.operator),
                    action=action,
                    target_kind="tenant",
                    target_id=self.tenant.pk,
                    target_name=self.tenant.name,
                    before=before,
                    after=after,
                    note=note,
                )
            note_in_journal(self.operator, what=action + (f": {note}" if note else ""), target=self.tenant)
