"""What an organiser does with an import: one address an act, each a POST that ends on the import's page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from engagement.imports.errors import InvalidImportError
from engagement.imports.selectors import get_import
from engagement.imports.services import (
    apply_import,
    cancel_import,
    map_columns,
    set_options,
    undo_import,
    upload_file,
)
from engagement.imports.words import APPLIED
from frontend_api.access import CHOICES
from frontend_api.actors import actor_of
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from frontend_api.figures import write_unit
from integrations.oldbots.services import accept_rewards, fetch_import, infer_from_roles
from saas.core.errors import EngageHubError, NotFoundError
from tenants.permissions import NotPermittedError

_ROLE: Final = "role-"  # begins the names of the fields that give a role its level
Act = Callable[[HttpRequest, Desk, int], str]


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("run_imports")
def act_on_import(request: HttpRequest, desk: Desk, import_id: int, act: str) -> HttpResponse:
    """Do it and go back to the import's page, where it is said what was done or why not."""
    if act not in _ACTS or (request.method != "POST" and act != "undo"):
        raise Http404("There is no such step.")
    run = get_import(import_id=import_id)
    back = reverse("import", args=[import_id])
    if (
        act == "undo"
        and run.state == APPLIED
        and not is_confirmed(request, page := _undoing(import_id, desk))
    ):
        return show_confirm(request, page)
    try:
        said = _ACTS[act](request, desk, import_id)
    except (NotFoundError, NotPermittedError):
        raise
    except EngageHubError as error:
        return go_to(request, back, error.message, kind="bad")
    return go_to(request, back, said)


def _undoing(import_id: int, desk: Desk) -> Confirm:
    run = get_import(import_id=import_id)
    changed, created = int(run.results.get("changed", 0)), int(run.results.get("created", 0))
    lines = [
        Consequence(
            f"What this import booked for {write_unit(changed, 'members')} is taken back.", "arrow-back-up"
        ),
        Consequence("What members have earned here since stays.", "circle-check"),
        Consequence(
            f"Of the {write_unit(created, 'members')} whom the import made, those who did nothing since and whom nobody touched are "
            "removed; the others stay with what they earned.",
            "user-minus",
        ),
    ]
    if run.curve_before is not None:
        lines.append(
            Consequence(
                "The level curve from before comes back, unless somebody changed it since.", "stairs-up"
            )
        )
    if any(reward["accepted"] for reward in run.role_rewards):
        lines.append(
            Consequence("Level roles that you took over stay; you find them with the levels.", "tag")
        )
    return Confirm(
        title=f"Undo the import from {run.source_name}",
        submit="Undo the import",
        back=reverse("import", args=[import_id]),
        consequences=lines,
        lead="Nobody is told, and the same levels can be brought again afterwards.",
    )


def _upload(request: HttpRequest, desk: Desk, import_id: int) -> str:
    file = request.FILES.get("file")
    if file is None:
        raise InvalidImportError("Choose the file first.", field="file")
    upload_file(import_id=import_id, file_name=file.name or "", pieces=file.chunks())
    return ""


def _fetch(request: HttpRequest, desk: Desk, import_id: int) -> str:
    fetch_import(import_id=import_id, key=request.POST.get("key", ""), context=desk.context)
    return ""


def _infer(request: HttpRequest, desk: Desk, import_id: int) -> str:
    levels = {
        int(name.removeprefix(_ROLE)): _whole(str(value))
        for name, value in request.POST.items()
        if name.startswith(_ROLE) and name.removeprefix(_ROLE).isdecimal() and str(value).strip()
    }
    infer_from_roles(import_id=import_id, levels=levels, context=desk.context)
    return ""


def _map(request: HttpRequest, desk: Desk, import_id: int) -> str:
    fields = ("id", "name", "xp", "level")
    chosen = {name: request.POST.get(name, "").strip() for name in fields}
    map_columns(import_id=import_id, mapping={name: _whole(text) for name, text in chosen.items() if text})
    return ""


def _choose(request: HttpRequest, desk: Desk, import_id: int) -> str:
    set_options(import_id=import_id, keep=request.POST.get("keep"), existing=request.POST.get("existing"))
    return ""


def _apply(request: HttpRequest, desk: Desk, import_id: int) -> str:
    apply_import(import_id=import_id, actor=actor_of(request), context=desk.context)
    return ""


def _cancel(request: HttpRequest, desk: Desk, import_id: int) -> str:
    cancel_import(import_id=import_id, actor=actor_of(request), context=desk.context)
    return ""


def _undo(request: HttpRequest, desk: Desk, import_id: int) -> str:
    undo_import(import_id=import_id, actor=actor_of(request), context=desk.context)
    return ""


def _take_roles(request: HttpRequest, desk: Desk, import_id: int) -> str:
    desk.require(CHOICES["import-act"]["rewards"])
    chosen = [int(text) for text in request.POST.getlist("roles")[:250] if text.isdecimal()]
    if not chosen:
        raise InvalidImportError("Tick the roles that you want to take over.", field="roles")
    left = accept_rewards(import_id=import_id, role_ids=chosen, actor=actor_of(request), context=desk.context)
    if left:
        raise InvalidImportError(f"{left[0].name} was left out: {left[0].problem}")
    return "EngageHub gives these roles from now on. Members get them once the community is live."


_ACTS: Final[Mapping[str, Act]] = {
    "upload": _upload,
    "fetch": _fetch,
    "roles": _infer,
    "columns": _map,
    "options": _choose,
    "apply": _apply,
    "cancel": _cancel,
    "undo": _undo,
    "rewards": _take_roles,
}


def _whole(text: str) -> int:
    """A whole number; one that no service takes for what is none."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
