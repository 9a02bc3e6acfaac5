"""One request decided on: granted whole or in part, rejected, asked about, taken back."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from engagement.credits.deciding import approve_request, ask_about_request, reject_request, undo_decision
from engagement.credits.models import RequestState
from engagement.credits.selectors import RequestLine, get_request
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from frontend_api.dashboard.parts.forms import FormPage, show_form
from frontend_api.figures import write_unit
from saas.core.errors import ConflictError, NotAllowedError

from .forms import ApproveForm, SentenceForm, UndoForm
from .listing import address_of

SAY_WHY = "Say why, in a few words: the member reads it."


@require_POST
@dashboard_page("decide_credits")
def approve(request: HttpRequest, desk: Desk, request_id: int) -> HttpResponse:
    """The whole of it, with one click. What somebody else did meanwhile is said on the request's page, where it can be seen."""
    here = address_of(request_id)
    try:
        row = approve_request(context=desk.context, request_id=request_id, actor=desk.actor)
    except (ConflictError, NotAllowedError) as error:
        return go_to(request, here, error.message, kind="bad")
    return go_to(request, here, f"{_amount(row.granted, row.type)} granted. The member is told.")


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("decide_credits")
def approve_part(request: HttpRequest, desk: Desk, request_id: int) -> HttpResponse:
    line = get_request(request_id=request_id)
    form = ApproveForm(
        request.POST if request.method == "POST" else None,
        most=line.amount,
        initial={"amount": line.amount},
    )
    if form.is_valid():
        row = form.try_to(
            lambda: approve_request(
                context=desk.context,
                request_id=request_id,
                actor=desk.actor,
                amount=form.cleaned_data["amount"],
                note=form.cleaned_data["text"],
            )
        )
        if row is not None:
            told = f"{_amount(row.granted, row.type)} granted. The member is told."
            return go_to(request, address_of(request_id), told)
    page = FormPage(
        form,
        title=f"Grant {line.request.type.name} credits",
        lead=f"{line.member.display_name} asked for {_amount(line.amount, line.request.type)}.",
        submit="Grant",
        back=address_of(request_id),
    )
    return show_form(request, page)


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("decide_credits")
def reject(request: HttpRequest, desk: Desk, request_id: int) -> HttpResponse:
    line = get_request(request_id=request_id)
    form = SentenceForm(
        request.POST if request.method == "POST" else None, outcome="rejected", needed=SAY_WHY, label="Reason"
    )
    if form.is_valid():
        text = form.cleaned_data["text"]
        row = form.try_to(
            lambda: reject_request(context=desk.context, request_id=request_id, actor=desk.actor, reason=text)
        )
        if row is not None:
            return go_to(request, address_of(request_id), "Rejected. The member is told.")
    return show_form(request, _page(form, line, "Reject", "Reject", danger=True))


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("decide_credits")
def ask(request: HttpRequest, desk: Desk, request_id: int) -> HttpResponse:
    line = get_request(request_id=request_id)
    form = SentenceForm(
        request.POST if request.method == "POST" else None,
        outcome="needs_info",
        needed="Write what you want to know.",
        label="Question",
    )
    if form.is_valid():
        text = form.cleaned_data["text"]
        row = form.try_to(
            lambda: ask_about_request(
                context=desk.context, request_id=request_id, actor=desk.actor, question=text
            )
        )
        if row is not None:
            return go_to(request, address_of(request_id), "Asked. The request waits for the answer.")
    return show_form(request, _page(form, line, "Ask about", "Ask"))


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("decide_credits")
def undo(request: HttpRequest, desk: Desk, request_id: int) -> HttpResponse:
    line = get_request(request_id=request_id)
    here = address_of(request_id)
    granted = line.request.state == RequestState.APPROVED
    form = UndoForm(request.POST if request.POST.get("confirmed") == "1" else None) if granted else None
    page = Confirm(
        title="Take the grant back?" if granted else "Take the rejection back?",
        submit="Take it back",
        back=here,
        consequences=_what_undoing_does(line, granted),
        danger=granted,
        form=form,
    )
    if not is_confirmed(request, page) or (form is not None and not form.is_valid()):
        return show_confirm(request, page)
    force = form is not None and form.cleaned_data["force"]
    try:
        row = undo_decision(context=desk.context, request_id=request_id, actor=desk.actor, force=force)
    except (ConflictError, NotAllowedError) as error:
        if form is not None:
            form.add_problem(error)
            return show_confirm(request, page)
        return go_to(request, here, error.message, kind="bad")
    told = (
        "It waits again."
        if row.state == RequestState.PENDING
        else "The grant is taken back. The member is told."
    )
    return go_to(request, here, told)


def _what_undoing_does(line: RequestLine, granted: bool) -> list[Consequence]:
    if not granted:
        return [Consequence("The request waits for a decision again. The member is told.", "hourglass")]
    return [
        Consequence(
            f"Exactly {_amount(line.request.granted, line.request.type)} go back; the member is told.",
            "coins",
        ),
        Consequence(
            "The request stands as rejected, and cannot be granted again. The member can ask anew.", "ban"
        ),
    ]


def _page(form: SentenceForm, line: RequestLine, verb: str, submit: str, *, danger: bool = False) -> FormPage:
    return FormPage(
        form,
        title=f"{verb} {_amount(line.amount, line.request.type)}",
        lead=f"{line.member.display_name} reads it at once.",
        submit=submit,
        back=address_of(line.pk),
        danger=danger,
    )


def _amount(number: int, credit_type: object) -> str:
    name, unit = getattr(credit_type, "name", ""), getattr(credit_type, "unit", "")
    return write_unit(number, f"{name} {unit}")
