"""Credits outside of requests: the list, granting and revoking by hand, taking a move back."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from engagement.credits.models import CreditType
from engagement.credits.moving import CreditChange, grant_credits, revoke_credits, undo_move
from engagement.credits.selectors import get_move
from engagement.members.models import Member
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from frontend_api.dashboard.parts.export import FORMATS, export_list
from frontend_api.dashboard.parts.forms import FormPage
from frontend_api.dashboard.parts.list_page import show_list
from frontend_api.dashboard.parts.member_picker import Picked, picked_member
from frontend_api.figures import write_signed, write_unit
from saas.core.errors import ConflictError
from saas.core.ids import new_ulid

from .forms import MoveForm, UndoForm
from .frame import list_tabs
from .listing import build_moves_list


@require_safe
@dashboard_page("view_credits")
def show_moves(request: HttpRequest, desk: Desk) -> HttpResponse:
    return show_list(
        request,
        desk,
        build_moves_list(),
        template="dashboard/credits/moves.html",
        facts={"tabs": list_tabs(request)},
        export_action="decide_credits",
    )


@require_safe
@dashboard_page("decide_credits")
def export_moves(request: HttpRequest, desk: Desk, format: str) -> HttpResponseBase:
    if format not in FORMATS:
        raise Http404("The list is exported as csv or json.")
    return export_list(request, desk, build_moves_list(), format=format, action="credits.exported")


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("grant_credits")
def move(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Grant or revoke. The form's own key makes sending it twice one move."""
    types = list(CreditType.objects.order_by("pk"))
    sent = request.POST if request.method == "POST" else None
    form = MoveForm(sent, types=types, initial={"token": new_ulid()})
    picker = picked_member(request) if sent is not None else _named(request)
    if sent is not None and form.is_valid() and picker.member is not None:
        member = picker.member
        change = form.try_to(lambda: _book(desk, form, member.pk))
        if change is not None:
            told = f"{write_signed(change.move.amount)} {change.move.type.name} for {member.display_name}, who now has {change.balance:,}."
            undo = reverse("dashboard-credit-move-undo", args=[change.move.pk])
            return go_to(request, reverse("dashboard-credit-moves"), told, undo=undo)
    page = FormPage(
        form,
        title="Grant or revoke credits",
        lead="Outside of a request. The member is told and reads the reason.",
        submit="Book",
        back=reverse("dashboard-credit-moves"),
    )
    wrong = form.is_bound and (bool(form.errors) or picker.member is None)
    return render(
        request,
        "dashboard/credits/move.html",
        {"page": page, "form": form, "picker": picker, "desk": desk, "has_types": bool(types)},
        status=422 if wrong else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("grant_credits")
def take_back(request: HttpRequest, desk: Desk, move_id: int) -> HttpResponse:
    """The exact opposite, once. Straight from the line that told of the move where it can be undone without force; else asked first."""
    line = get_move(move_id=move_id)
    form = UndoForm(request.POST if request.method == "POST" else None)
    amount = write_unit(abs(line.move.amount), f"{line.move.type.name} {line.move.type.unit}")
    back = reverse("dashboard-credit-moves")
    page = Confirm(
        title="Take this move back?",
        submit="Take it back",
        back=back,
        consequences=[
            Consequence(
                f"{line.member.display_name} {'loses' if line.move.amount > 0 else 'gets back'} exactly {amount}.",
                "coins",
            ),
            Consequence("Both stay in the history. It can be done once.", "history"),
        ],
        form=form if line.move.amount > 0 else None,
    )
    quick = request.method == "POST" and "confirmed" not in request.POST
    if not (quick or is_confirmed(request, page)) or not form.is_valid():
        return show_confirm(request, page)
    try:
        change = undo_move(
            context=desk.context, move_id=move_id, actor=desk.actor, force=form.cleaned_data["force"]
        )
    except ConflictError as error:
        if line.move.amount > 0:
            form.add_problem(error)
            return show_confirm(request, page)
        return go_to(request, back, error.message, kind="bad")
    return go_to(request, back, f"Taken back: {write_signed(change.move.amount)} {change.move.type.name}.")


def _book(desk: Desk, form: MoveForm, member_id: int) -> CreditChange:
    data = form.cleaned_data
    facts = {
        "context": desk.context,
        "member_id": member_id,
        "type_key": data["type"],
        "amount": data["amount"],
        "reason": data["reason"],
        "actor": desk.actor,
        "key": f"desk:{desk.user_id}:{data['token'] or new_ulid()}",
    }
    if data["way"] == "grant":
        return grant_credits(**facts)
    return revoke_credits(**facts, force=data["force"])


def _named(request: HttpRequest) -> Picked:
    """Somebody whom the address names, such as from a request's page."""
    wanted = request.GET.get("member", "")
    member = None
    if wanted.isascii() and wanted.isdecimal() and len(wanted) < 19:
        member = Member.objects.filter(pk=int(wanted), deleted_at=None).first()
    return Picked(text=member.display_name if member else "")
