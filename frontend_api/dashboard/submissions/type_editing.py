"""A kind of submission: new, from a ready-made one, changed against what stands, seen as its members see it before it is saved.

The form is sent to one address. `do` is `preview` for a look at it, which writes nothing; anything else saves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from engagement.audit.selectors import list_history
from engagement.submissions.errors import InvalidSubmissionTypeError, SubmissionTypeChangedError
from engagement.submissions.freezing import frozen_ids, types_allowed
from engagement.submissions.models import SubmissionType
from engagement.submissions.scoring import most_points
from engagement.submissions.selectors import form_of_type, get_type
from engagement.submissions.shapes import parse_form
from engagement.submissions.templates import TEMPLATES
from engagement.submissions.type_values import DEFAULTS, check_values
from engagement.submissions.types import change_type, create_type
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.conflicts import Opened, as_posted, read_opened, seal, settle, show_conflict
from frontend_api.dashboard.parts.forms import FormPage, show_form
from frontend_api.portal.submissions.words import worth_of
from frontend_api.questions import build_questions
from integrations.discord.directory import get_directory
from saas.core.errors import InvalidInputError
from saas.core.ids import new_ulid
from tenants.team import list_team

from .type_forms import KINDS, TypeForm, describe_rows, initial_of, values_of

TEMPLATE: Final = "dashboard/submissions/type_form.html"
_BLANK: Final[dict[str, Any]] = {
    **DEFAULTS,
    "name": "",
    "icon": "upload",
    "fields": [{"key": "title", "label": "What did you do", "kind": "text", "required": True}],
    "award": {"kind": "fixed", "points": 25, "field": "", "cap": None},
    "sla_hours": 72,
}


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_submission_types")
def add_type(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Blank, or by `from` in the address from a ready-made one."""
    wanted = request.GET.get("from", "")
    values = _start(wanted)
    form = _form(request, desk, initial_of(values))
    token = request.POST.get("token", "")[:26] or new_ulid().lower()
    page = _page(
        request, desk, form, values=values, title="A new kind of submission", submit="Make it", token=token
    )
    if request.method == "POST" and request.POST.get("do") == "preview":
        return _preview(request, desk, page)
    if form.is_valid():
        made = form.try_to(
            lambda: create_type(
                context=desk.context,
                values=form.values(),
                actor=desk.actor,
                active=request.POST.get("active") != "0",
                key=f"t_{token}",
                template=wanted,
            )
        )
        if made is not None:
            text = f"“{made.name}” is made{'' if made.active else ' and switched off'}."
            return go_to(request, reverse("dashboard-submission-types"), text)
    return show_form(request, page, template=TEMPLATE)


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("view_submissions")
def show_type(request: HttpRequest, desk: Desk, submission_type_id: int) -> HttpResponse:
    """The form for those who may change it; for others how it looks to members."""
    found = get_type(type_id=submission_type_id)
    if not desk.may("change_submission_types") or found.archived_at is not None:
        if request.method == "POST":
            desk.require("change_submission_types")
        return _look(request, desk, found)
    values = values_of(found)
    initial = initial_of(values)
    now = Opened(str(found.version), as_posted(_form(None, desk, initial)))
    form = _form(request, desk, initial)
    opened = read_opened(request.POST) if request.method == "POST" else None
    page = _page(
        request,
        desk,
        form,
        values=values,
        title=found.name,
        submit="Save",
        opened=seal(opened or now),
        kind=found,
    )
    if request.method == "POST" and request.POST.get("do") == "preview":
        return _preview(request, desk, page)
    if form.is_valid():
        try:
            saved = _change(desk, found, form, opened)
        except SubmissionTypeChangedError:
            return _show_difference(request, desk, form, opened, now, found)
        except InvalidSubmissionTypeError as error:
            form.add_problem(error)
        else:
            text = f"“{saved.name}” is saved. What was handed in before keeps the form that it answered."
            return go_to(request, reverse("dashboard-submission-types"), text)
    return show_form(request, page, template=TEMPLATE)


def _change(desk: Desk, found: SubmissionType, form: TypeForm, opened: Opened | None) -> SubmissionType:
    # A form that does not say what it was opened at is taken for one that was opened before everything.
    began = int(opened.version) if opened is not None and opened.version.isdecimal() else 0
    return change_type(
        context=desk.context,
        type_id=found.pk,
        values=form.values(),
        actor=desk.actor,
        expected_version=began,
    )


def _start(wanted: str) -> dict[str, Any]:
    if not wanted:
        return _BLANK
    template = TEMPLATES.get(wanted)
    if template is None:
        raise Http404("There is no such ready-made kind of submission.")
    return {**_BLANK, **template.values()}


def _form(request: HttpRequest | None, desk: Desk, initial: dict[str, Any]) -> TypeForm:
    data = settle(_gather(request.POST)) if request is not None and request.method == "POST" else None
    return TypeForm(
        data,
        initial=initial,
        directory=get_directory(desk.context),
        team=list_team(tenant_id=desk.context.tenant_id),
    )


def _gather(data: QueryDict) -> QueryDict:
    """The sent form with its rows as the one value that stands for them."""
    gathered = data.copy()
    for name in ("fields_", "rubric"):
        widget = TypeForm.base_fields[name].widget
        value = widget.value_from_datadict(data, {}, name)
        for column in widget.columns:
            gathered.pop(f"{widget.prefix}-{column}", None)
        gathered[name] = value or ""
    return gathered


def _page(
    request: HttpRequest,
    desk: Desk,
    form: TypeForm,
    *,
    values: Mapping[str, Any],
    title: str,
    submit: str,
    token: str = "",
    opened: str = "",
    kind: SubmissionType | None = None,
) -> FormPage:
    if form.is_bound:
        form.is_valid()  # so that the rows know their errors
    everything = list(SubmissionType.objects.only("pk", "active", "archived_at"))
    allowed = types_allowed(desk.context)
    facts: dict[str, Any] = {
        "desk": desk,
        "kind": kind,
        "kinds": KINDS,
        "token": token,
        "directory": get_directory(desk.context),
        "frozen": kind is not None and kind.pk in frozen_ids(everything, allowed),
        "allowed": allowed,
        **_shown(desk, form, values),
    }
    return FormPage(
        form,
        title=title,
        submit=submit,
        back=reverse("dashboard-submission-types"),
        action=request.get_full_path(),
        opened=opened,
        preview="dashboard/submissions/preview.html",
        facts=facts,
    )


def _preview(request: HttpRequest, desk: Desk, page: FormPage) -> HttpResponse:
    """The part for a script; without one the whole page, with nothing saved."""
    facts = {"page": page, "form": page.form, **page.facts}
    if request.headers.get("HX-Target") == "type-preview":
        return render(request, "dashboard/submissions/preview_part.html", facts)
    return render(request, TEMPLATE, facts)


def _shown(desk: Desk, form: TypeForm, standing: Mapping[str, Any]) -> dict[str, Any]:
    """How members will see it; or what keeps it from being seen. `standing`: what is shown before anything was sent."""
    if form.is_bound and not form.is_valid():
        first = next(iter(form.errors.values()))
        return {"preview_problem": str(first[0]), "questions": []}
    try:
        checked = check_values(
            form.values() if form.is_bound else {**standing, "name": standing["name"] or "A new kind"}
        )
    except InvalidInputError as error:
        return {"preview_problem": error.message, "questions": []}
    parsed = parse_form(checked["fields"], checked["rubric"], checked["award"])
    return {
        "preview_problem": "",
        "preview_name": checked["name"],
        "preview_text": checked["description"],
        "questions": build_questions(desk.context, parsed, {}),
        "worth": worth_of(parsed, desk.context),
        "preview_rubric": parsed.rubric,
        "preview_most": most_points(parsed),
    }


def _look(request: HttpRequest, desk: Desk, found: SubmissionType) -> HttpResponse:
    form = form_of_type(found)
    facts = {
        "desk": desk,
        "kind": found,
        "questions": build_questions(desk.context, form, {}),
        "worth": worth_of(form, desk.context),
        "preview_name": found.name,
        "preview_text": found.description,
        "preview_rubric": form.rubric,
        "preview_most": most_points(form),
        "preview_problem": "",
    }
    return render(request, "dashboard/submissions/type_look.html", facts)


def _show_difference(
    request: HttpRequest,
    desk: Desk,
    form: TypeForm,
    opened: Opened | None,
    now: Opened,
    found: SubmissionType,
) -> HttpResponse:
    newest = list_history(target_kind="submission_type", target_id=found.pk, limit=1)
    request.POST = _gather(request.POST)  # type: ignore[assignment]
    rows = {
        text: describe_rows(text)
        for values in (opened.values if opened else {}, now.values, dict(request.POST.lists()))
        for name in ("fields_", "rubric")
        for text in values.get(name, [])
    }
    return show_conflict(
        request,
        form=form,
        opened=opened,
        now=now,
        changed_by=newest[0].actor_name if newest else "",
        title=f"“{found.name}” was changed meanwhile",
        back=reverse("dashboard-submission-type", args=[found.pk]),
        names=rows | get_directory(desk.context).names,
    )
