"""The pages of *Bring your levels*: where levels can come from, and one import from its file to its undoing."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from engagement.imports import words
from engagement.imports.difference import get_numbers, list_lines
from engagement.imports.errors import InvalidImportError
from engagement.imports.models import ImportRun
from engagement.imports.selectors import find_applied, get_import, list_imports
from engagement.imports.services import create_import
from engagement.imports.storage import MAX_FILE
from frontend_api.actors import actor_of
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.export import FORMATS, export_list
from frontend_api.dashboard.parts.list_page import show_list
from integrations.oldbots.services import RoleReward, list_guild_roles, list_rewards
from saas.core.errors import EngageHubError

from .lines import KIND_NAMES, build_lines_list
from .sources import BY_KEY, CARDS

SHOWN = 8  # lines of the difference on the import's own page
STEPS = ("Bot", "Levels", "Difference", "Done")
_STEP_OF = {
    words.EMPTY: 2,
    words.FAILED: 2,
    words.MAPPING: 2,
    words.READING: 2,
    words.READY: 3,
    words.APPLYING: 3,
    words.CANCELLING: 3,
}


@require_safe
@dashboard_page("run_imports")
def show_imports(request: HttpRequest, desk: Desk) -> HttpResponse:
    return render(request, "dashboard/imports/index.html", {"cards": CARDS, "runs": list_imports(limit=20)})


@require_POST
@dashboard_page("run_imports")
def begin_import(request: HttpRequest, desk: Desk) -> HttpResponse:
    try:
        run = create_import(source=request.POST.get("source", ""), actor=actor_of(request))
    except InvalidImportError as error:
        return go_to(request, reverse("imports"), error.message, kind="bad")
    return go_to(request, reverse("import", args=[run.pk]))


@require_safe
@dashboard_page("run_imports")
def show_import(request: HttpRequest, desk: Desk, import_id: int) -> HttpResponse:
    """The page for the state that the run is in; for htmx, which polls while a job is at work, its progress alone."""
    run = get_import(import_id=import_id)
    if request.headers.get("HX-Target") == "progress":
        if run.state in words.BUSY:
            return render(request, "dashboard/imports/progress.html", _progress(run))
        done = HttpResponse()
        done["HX-Refresh"] = "true"
        return done
    return render(request, "dashboard/imports/run.html", _describe(run, desk))


@require_safe
@dashboard_page("run_imports")
def show_lines(request: HttpRequest, desk: Desk, import_id: int) -> HttpResponse:
    """Everybody in the import, before and after."""
    run = get_import(import_id=import_id)
    kind = build_lines_list(run, points_name=desk.context.points_name)
    return show_list(
        request,
        desk,
        kind,
        template="dashboard/imports/lines.html",
        facts={"run": run},
        export_action="run_imports",
    )


@require_safe
@dashboard_page("run_imports")
def export_lines(request: HttpRequest, desk: Desk, import_id: int, format: str) -> HttpResponseBase:
    """The same as a file; with ?kind=error, what could not be used, line by line."""
    if format not in FORMATS:
        raise Http404("A list is exported as csv or json.")
    kind = build_lines_list(get_import(import_id=import_id), points_name=desk.context.points_name)
    return export_list(request, desk, kind, format=format)


def _describe(run: ImportRun, desk: Desk) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "run": run,
        "card": BY_KEY[run.source],
        "steps": [
            (number, name, number == _STEP_OF.get(run.state, 4)) for number, name in enumerate(STEPS, 1)
        ],
        "max_file": MAX_FILE,
        "linked": desk.context.guild_id is not None,
        "points_name": desk.context.points_name,
    }
    if run.state in words.BUSY:
        facts |= _progress(run)
    elif run.state in {words.EMPTY, words.FAILED, words.MAPPING}:
        facts |= _asked(run, desk)
    elif run.read_at is not None:
        facts |= _difference(run, desk)
    return facts


def _asked(run: ImportRun, desk: Desk) -> dict[str, Any]:
    """What the organiser still has to give."""
    if run.state == words.MAPPING or (run.source == words.CSV and run.sample):
        return {"fields": _columns(run)}
    if run.source == words.ROLES and desk.context.guild_id is not None:
        try:
            roles = list_guild_roles(context=desk.context)
        except EngageHubError as error:
            return {"away": error.message}
        return {"roles": [(role, run.mapping.get(str(role.id), "")) for role in roles]}
    return {}


def _columns(run: ImportRun) -> list[dict[str, Any]]:
    labels = {
        "id": ("Discord id", True),
        "name": ("Name", False),
        "xp": ("XP", False),
        "level": ("Level", False),
    }
    return [
        {"key": key, "label": label, "needed": needed, "chosen": run.mapping.get(key)}
        for key, (label, needed) in labels.items()
    ]


def _difference(run: ImportRun, desk: Desk) -> dict[str, Any]:
    numbers = get_numbers(run=run)
    earlier = find_applied(source=run.source)
    return {
        "numbers": numbers,
        "kinds": [(kind, KIND_NAMES[kind], getattr(numbers, kind)) for kind in words.KINDS],
        "lines": list_lines(run=run, limit=SHOWN),
        "keeps": [(key, text, key == run.keep, _is_open(run, key)) for key, text in words.KEEPS.items()],
        "existing": [(key, text, key == run.existing) for key, text in words.EXISTING.items()],
        "earlier": earlier if earlier is not None and earlier.pk != run.pk else None,
        **_rewards(run, desk),
    }


def _is_open(run: ImportRun, keep: str) -> bool:
    if run.source == words.ROLES:
        return keep == words.KEEP_LEVEL
    return keep != words.KEEP_CURVE or run.curve is not None


def _rewards(run: ImportRun, desk: Desk) -> dict[str, Any]:
    if not run.role_rewards or run.state not in {words.READY, words.APPLIED}:
        return {}
    try:
        rewards: list[RoleReward] = list_rewards(run=run, context=desk.context)
    except EngageHubError as error:
        return {"rewards_away": error.message}
    return {"rewards": rewards, "open_rewards": any(not one.problem and not one.accepted for one in rewards)}


def _progress(run: ImportRun) -> dict[str, Any]:
    """How far the job is. While a file is read or fetched nobody knows how much there will be."""
    total = run.rows if run.state != words.READING else 0
    return {"run": run, "total": total, "percent": min(100, run.done * 100 // total) if total else 0}
