"""Settings from one community into another: what is chosen, the difference before, and the way back.

Both must be the person's: whoever may not change a part in one of them is not offered it, and is refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from engagement.audit.actor import Actor
from engagement.settings.carrying import PARTS, carry_settings, plan_copy
from engagement.settings.copying import copy_settings, get_last_copy, undo_copy
from engagement.settings.errors import SameCommunityError
from frontend_api.actors import actor_of
from frontend_api.site.personal import user_of
from saas.core.errors import ConflictError, EngageHubError, NotAllowedError
from tenants.context import TenantContext
from tenants.models import Membership, Tenant
from tenants.permissions import require, rights_of_user

from .pages import GET_OR_POST, NotYourPayerError


@never_cache
@login_required
@require_http_methods(GET_OR_POST)
def copy(request: HttpRequest) -> HttpResponse:
    """Two communities and parts in the address: the difference; sent: done as it was shown, or shown anew."""
    places = _list_mine(request)
    given = request.POST if request.method == "POST" else request.GET
    source, target = (_pick(places, given.get(name, "")) for name in ("from", "to"))
    parts = tuple(part for part in PARTS if part in given.getlist("part"))
    asked = "from" in given and "to" in given
    problem: EngageHubError | None = None
    facts: dict[str, Any] = {
        "places": places,
        "source": source,
        "target": target,
        "parts": [(key, name, what, key in parts or not asked) for key, (name, what, _) in PARTS.items()],
        "chosen": parts,
        "incomplete": asked and not (source and target and parts),
    }
    if source is not None and target is not None and parts:
        try:
            _require_both(request, source, target, parts)
            if request.method == "POST":
                return _copy(request, source, target, parts, given)
        except ConflictError as error:
            problem = error
        if source.pk != target.pk:
            facts["plan"] = plan_copy(
                context=TenantContext.of(target),
                carried=carry_settings(context=TenantContext.of(source)),
                parts=parts,
            )
        facts["problem"] = problem or (SameCommunityError() if source.pk == target.pk else None)
    if target is not None:
        facts["last"] = get_last_copy(tenant_id=target.pk)
        facts["done"] = request.GET.get("done", "")
    status = (
        problem.http_status if problem else 422 if facts["incomplete"] and request.method == "POST" else 200
    )
    return render(request, "site/console/copy.html", facts, status=status)


@require_POST
@login_required
def undo(request: HttpRequest, tenant_id: int) -> HttpResponse:
    """Put back what the last copy changed."""
    target = _pick(_list_mine(request), str(tenant_id))
    if target is None:
        raise NotYourPayerError
    last = get_last_copy(tenant_id=target.pk)
    for part in last.parts if last else ():
        _require(request, target, part)
    undo_copy(context=TenantContext.of(target), actor=_actor(request, target))
    return HttpResponseRedirect(f"{reverse('console-copy')}?{urlencode({'to': target.pk, 'done': 'undone'})}")


def _copy(
    request: HttpRequest, source: Tenant, target: Tenant, parts: tuple[str, ...], given: QueryDict
) -> HttpResponse:
    copy_settings(
        source=TenantContext.of(source),
        target=TenantContext.of(target),
        parts=parts,
        expected=given.get("digest", ""),
        actor=_actor(request, target),
    )
    return HttpResponseRedirect(f"{reverse('console-copy')}?{urlencode({'to': target.pk, 'done': 'copied'})}")


def _list_mine(request: HttpRequest) -> list[Tenant]:
    """Open communities of which the person is owner or admin, by name. One query."""
    rows = Membership.objects.select_related("tenant").filter(
        user=user_of(request),
        role__in=(Membership.Role.OWNER, Membership.Role.ADMIN),
        tenant__state=Tenant.State.ACTIVE,
    )
    return [row.tenant for row in rows.order_by("tenant__name", "tenant_id")]


def _pick(places: list[Tenant], text: str) -> Tenant | None:
    """One of the person's own; a stranger's and one that does not exist are the same 404."""
    if not text:
        return None
    found = next((one for one in places if str(one.pk) == text), None)
    if found is None:
        raise NotYourPayerError
    return found


def _require_both(request: HttpRequest, source: Tenant, target: Tenant, parts: tuple[str, ...]) -> None:
    for part in parts:
        _require(request, source, part)
        _require(request, target, part)


def _require(request: HttpRequest, tenant: Tenant, part: str) -> None:
    """Raises NotAllowedError that names the community."""
    rights = rights_of_user(user_id=user_of(request).pk, tenant_id=tenant.pk)
    try:
        require(rights, PARTS[part][2])
    except NotAllowedError as error:
        raise NotAllowedError(f"{tenant.name}: {error.message}") from error


def _actor(request: HttpRequest, tenant: Tenant) -> Actor:
    """With the role that the person has in the community whose settings change."""
    rights = rights_of_user(user_id=user_of(request).pk, tenant_id=tenant.pk)
    return replace(actor_of(request), kind="user", role=rights.role.title)
