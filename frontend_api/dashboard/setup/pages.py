"""The checklist's pages: one a step, the steps beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from engagement.activity.trial import list_trial_types, send_trial_activity
from engagement.analytics.explanations import MessageExplanation, explain_message
from engagement.imports.selectors import (
    count_old_levels,
    find_old_bot,
    has_brought_levels,
    list_old_levels,
)
from engagement.kinds.checklist import Checklist, find_heard, read_checklist
from engagement.kinds.packs import get_pack, list_packs
from engagement.kinds.plans import describe_snapshot
from engagement.kinds.previews import preview_pack
from engagement.kinds.templates import plan_template
from engagement.members.selectors import find_member_of_user, get_member
from engagement.notifications.selectors import get_notification_settings
from engagement.rules.words import deed_text
from frontend_api.actors import actor_of
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.levels.announcements import describe_embed
from frontend_api.dashboard.notices import go_to
from frontend_api.site.limits import Limit, check_rate
from integrations.discord.directory import get_directory
from integrations.discord.template_parts import apply_with_parts, undo_with_parts
from saas.core.errors import InvalidInputError
from tenants.context import TenantContext
from tenants.models import GuildLink, Tenant, User
from tenants.setup import STEPS, mark_step
from tenants.tickets import get_tenant_address

from .parts import PartsForm, read_parts, read_role_changes

TRIALS: Final = Limit("trial", "20/m", "test activities")
COMPARED: Final = 25
COMPARED_MOST: Final = 10_000


def read_steps(context: TenantContext) -> Checklist:
    """The tenant's checklist, with what other packages know of it."""
    return read_checklist(tenant_id=context.tenant_id, has_levels=has_brought_levels())


@never_cache
@require_safe
@dashboard_page("view_dashboard")
def show_setup(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Where the community stands: the next step, or that all is done."""
    steps = read_steps(desk.context)
    current = steps.current
    return _show(request, desk, steps, current.key if current else "live")


@never_cache
@require_safe
@dashboard_page("view_dashboard")
def show_step(request: HttpRequest, desk: Desk, step: str) -> HttpResponse:
    """One step, done or not: going back loses nothing."""
    if step not in STEPS:
        raise Http404("The checklist has no such step.")
    if step == "preview" and desk.may("go_live"):
        mark_step(tenant_id=desk.context.tenant_id, step=step, seen=True)
    return _show(request, desk, read_steps(desk.context), step)


@require_POST
@dashboard_page("go_live")
def skip_step(request: HttpRequest, desk: Desk, step: str) -> HttpResponse:
    """Pass a step over for now; it can be opened and done later."""
    found = read_steps(desk.context).get(step)
    if found is None or not found.may_skip:
        raise Http404("This step cannot be skipped.")
    mark_step(tenant_id=desk.context.tenant_id, step=step, skipped=True)
    return go_to(request, reverse("setup"))


@require_POST
@dashboard_page("change_rules")
def choose_template(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Put a template on."""
    kind = request.POST.get("kind", "")
    parts = read_parts(desk, get_pack(kind), request.POST)
    if not parts.is_valid():
        steps = read_steps(desk.context)
        return _show(request, desk, steps, "template", parts=parts, kind=kind, status=422)
    announcement, roles = parts.read()
    try:
        plan = apply_with_parts(
            kind=kind, announcement=announcement, roles=roles, actor=actor_of(request), context=desk.context
        )
    except InvalidInputError as error:
        parts.add_problem(error)
        steps = read_steps(desk.context)
        return _show(request, desk, steps, "template", parts=parts, kind=kind, status=422)
    done = len(plan.changes)
    told = f"The template “{plan.pack.name}” is on" + (
        f": {done} {'thing' if done == 1 else 'things'} changed." if done else "; it changed nothing."
    )
    return go_to(request, reverse("setup-step", args=["template"]), told, undo=reverse("setup-template-undo"))


@require_POST
@dashboard_page("change_rules")
def take_template_off(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Undo the last template."""
    kind = undo_with_parts(actor=actor_of(request), context=desk.context)
    return go_to(
        request,
        reverse("setup-step", args=["template"]),
        f"The template “{get_pack(kind).name}” is off again.",
    )


@never_cache
@require_safe
@dashboard_page("view_dashboard")
def show_heard(request: HttpRequest, desk: Desk) -> HttpResponse:
    """For htmx: what was heard last, and why it earned what it earned."""
    return render(request, "dashboard/setup/heard.html", _read_heard(desk))


@require_POST
@dashboard_page("manage_members")
def try_activity(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Send a test activity of the person's own through the stream, as a program would."""
    check_rate(request, TRIALS, f"{desk.context.tenant_id}:{desk.user_id}")
    assert isinstance(request.user, User)
    send_trial_activity(context=desk.context, user=request.user, type_=request.POST.get("type", "message"))
    return go_to(request, reverse("setup-step", args=["test"]), "The test activity is on its way.")


def _show(
    request: HttpRequest,
    desk: Desk,
    steps: Checklist,
    step: str,
    *,
    status: int = 200,
    **sent: Any,
) -> HttpResponse:
    facts: dict[str, Any] = {
        "desk": desk,
        "steps": steps,
        "step": steps.get(step),
        "next_step": steps.after(step),
        "panel": f"dashboard/setup/{step}.html",
        **_PANELS[step](request, desk, **sent),
    }
    return render(request, "dashboard/setup/page.html", facts, status=status)


def _read_bot(request: HttpRequest, desk: Desk) -> dict[str, Any]:
    links = GuildLink.objects.filter(tenant_id=desk.context.tenant_id)
    link = links.exclude(state=GuildLink.State.UNLINKED).first()
    return {"link": link, "bot_address": find_route("bot"), "install_address": _install_address(desk)}


def _read_template(
    request: HttpRequest, desk: Desk, *, kind: str = "", parts: PartsForm | None = None
) -> dict[str, Any]:
    """`kind` and `parts` are what was sent and did not fit."""
    tenant = Tenant.objects.get(pk=desk.context.tenant_id)
    template = tenant.setup.get("template", {})
    kind = kind or request.GET.get("kind", "") or template.get("kind", "") or tenant.kind
    pack = get_pack(kind)
    parts = parts or read_parts(desk, pack)
    return {
        "parts": parts,
        "directory": parts.directory,
        "embed": describe_embed(desk, parts),
        "packs": list_packs(),
        "pack": pack,
        "own_kind": tenant.kind,
        "chosen": template.get("kind", ""),
        "back_to": describe_snapshot(template["before"]) if "before" in template else "",
        "plan": plan_template(kind=kind, context=desk.context),
        "day": preview_pack(pack),
        "is_live": tenant.live,
    }


def _read_import(request: HttpRequest, desk: Desk) -> dict[str, Any]:
    return {"old_bot": find_old_bot(), "imports_address": find_route("imports")}


def _read_test(request: HttpRequest, desk: Desk) -> dict[str, Any]:
    types = list_trial_types()
    return {
        **_read_heard(desk),
        "types": types,
        "example_type": types[0][0] if types else "lesson_completed",
        "keys_address": find_route("dashboard-keys"),
        "activities_address": _activities_address(desk),
    }


def _read_heard(desk: Desk) -> dict[str, Any]:
    heard = find_heard(tenant_id=desk.context.tenant_id)
    if heard is None:
        return {"heard": None, "guild": desk.context.guild_id}
    told: MessageExplanation = explain_message(source_id=heard.source_id)
    return {
        "heard": heard,
        "told": told,
        "heard_words": deed_text(heard.type),
        "who": get_member(member_id=heard.member_id),
        "guild": desk.context.guild_id,
    }


def _read_preview(request: HttpRequest, desk: Desk) -> dict[str, Any]:
    differing = request.GET.get("differing") == "1"
    page = _number(request.GET.get("page", "1"))
    compared = count_old_levels(differing=differing)
    offset = min((page - 1) * COMPARED, COMPARED_MOST)
    directory, announced = get_directory(desk.context), get_notification_settings()
    rows = list_old_levels(limit=COMPARED, offset=offset, differing=differing)
    return {
        "roles": [
            (role, f"@{role.name}" if role.name else directory.name_of(str(role.role_id)))
            for role in read_role_changes(desk)
        ],
        "announced": announced,
        "channel": directory.name_of(str(announced.channel_id)) if announced.channel_id else "",
        "old_bot": find_old_bot(),
        "rows": [(row, None if row.old_level is None else row.level - row.old_level) for row in rows],
        "compared": compared,
        "differing": differing,
        "pages": _pages(page, compared, differing=differing),
        "me": find_member_of_user(user_id=desk.user_id, discord_id=getattr(request.user, "discord_id", None)),
    }


def _read_live(request: HttpRequest, desk: Desk) -> dict[str, Any]:
    tenant = Tenant.objects.get(pk=desk.context.tenant_id)
    roles = read_role_changes(desk)
    return {
        "is_live": tenant.live,
        "live_since": tenant.live_since,
        "give": sum(role.give for role in roles),
        "roles": roles,
        "announced": get_notification_settings(),
    }


def find_route(name: str) -> str:
    """The address of a page that this release may not have; empty where it has none."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _install_address(desk: Desk) -> str:
    try:
        path = reverse("install", urlconf=settings.PUBLIC_SCHEMA_URLCONF)
    except NoReverseMatch:
        return ""
    query = urlencode({"to": desk.context.slug})
    return f"{settings.BASE_URL}{path}?{query}"


def _activities_address(desk: Desk) -> str:
    path = find_route("api:activities")
    return f"{get_tenant_address(desk.context.slug)}{path}" if path else ""


def _pages(page: int, total: int, *, differing: bool) -> dict[str, Any]:
    count = max(1, -(-min(total, COMPARED_MOST) // COMPARED))

    def address(number: int) -> str:
        values = {"page": str(number)} | ({"differing": "1"} if differing else {})
        query = urlencode(values)
        return f"{reverse('setup-step', args=['preview'])}?{query}"

    return {
        "number": page,
        "count": count,
        "previous": address(page - 1) if page > 1 else "",
        "next": address(page + 1) if page < count else "",
    }


def _number(text: str) -> int:
    return (
        min(int(text), COMPARED_MOST // COMPARED) if text.isdecimal() and len(text) < 7 and int(text) else 1
    )


_PANELS: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    "bot": _read_bot,
    "template": _read_template,
    "import": _read_import,
    "test": _read_test,
    "preview": _read_preview,
    "live": _read_live,
}
