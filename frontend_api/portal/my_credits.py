"""A member's own credits: balances, asking for more, what was asked, and every change with its why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from engagement.credits.approvers import get_authority
from engagement.credits.checks import MAX_REASON, MOST
from engagement.credits.limits import RequestLimits, get_limits
from engagement.credits.models import CreditRequest, CreditType, RequestState
from engagement.credits.requesting import answer_request, cancel_request
from engagement.credits.selectors import get_request, list_balances, list_own, list_requestable
from engagement.credits.statement import has_older_statement, list_statement
from engagement.members.selectors import get_member
from engagement.progression.crediting import request_credits
from frontend_api.actors import actor_of
from frontend_api.dashboard.parts.forms import DeskForm
from frontend_api.figures import write_unit
from frontend_api.people import get_person
from frontend_api.plan_locks import describe_history
from frontend_api.portal.own import own_page
from frontend_api.tenant import get_context
from saas.core.errors import NotAllowedError
from saas.core.ids import new_ulid
from tenants.permissions import STRANGER

PAGE: Final = 20
STATES: Final = {
    RequestState.PENDING: ("Waits", "warn"),
    RequestState.NEEDS_INFO: ("Asks you something", "accent"),
    RequestState.APPROVED: ("Granted", "good"),
    RequestState.REJECTED: ("Rejected", ""),
    RequestState.CANCELLED: ("Cancelled", ""),
}
LARGEST_ID: Final = 2**63 - 1


class RequestForm(DeskForm):
    type = forms.ChoiceField(label="Credits")
    amount = forms.IntegerField(
        label="How many",
        min_value=1,
        max_value=MOST,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    reason = forms.CharField(
        label="What for",
        required=False,
        max_length=MAX_REASON,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Whoever decides reads it.",
    )
    token = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput())

    def __init__(self, *args: Any, types: Sequence[CreditType], **options: Any) -> None:
        super().__init__(*args, **options)
        choice = self.fields["type"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(row.key, row.name) for row in types]


class AnswerForm(DeskForm):
    answer = forms.CharField(
        label="Your answer", max_length=MAX_REASON, widget=forms.Textarea(attrs={"rows": 3})
    )


@require_safe
@own_page("request_credits")
def show_credits(request: HttpRequest, member_id: int) -> HttpResponse:
    """Balances with what may be asked for, and one's own requests. The same number of queries at any length."""
    context = get_context(request)
    balances = list_balances(member_id=member_id)
    requestable = list_requestable(context=context)
    limits = get_limits(requestable, member_id=member_id, context=context)
    before = _cursor(request)
    rows = list_own(member_id=member_id, before_id=before, limit=PAGE + 1)
    facts = {
        "cards": [(one, limits_words(one.type, limits.get(one.type.pk))) for one in balances],
        "can_request": bool(requestable),
        "lines": [describe(row) for row in rows[:PAGE]],
        "older": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "before": before,
        "is_trusted": _is_trusted(request, member_id),
    }
    return render(request, "portal/my_credits.html", facts)


@require_http_methods(["GET", "HEAD", "POST"])
@own_page("request_credits")
def ask(request: HttpRequest, member_id: int) -> HttpResponse:
    """The form says the limits before they are met. Its own key makes sending it twice one request."""
    context = get_context(request)
    types = list_requestable(context=context)
    limits = get_limits(types, member_id=member_id, context=context)
    chosen = request.GET.get("type", "")
    form = RequestForm(
        request.POST if request.method == "POST" else None,
        types=types,
        initial={"type": chosen, "token": new_ulid()},
    )
    if form.is_valid():
        made = _try(request, form, member_id)
        if made is not None:
            return HttpResponseRedirect(f"{reverse('my-credit-request', args=[made.pk])}?new=1")
    facts = {
        "form": form,
        "limits": [(row, limits_words(row, limits.get(row.pk)), limits[row.pk]) for row in types],
        "has_types": bool(types),
    }
    return render(
        request, "portal/credits_ask.html", facts, status=422 if form.is_bound and form.errors else 200
    )


@require_safe
@own_page("request_credits")
def show_request(request: HttpRequest, member_id: int, request_id: int) -> HttpResponse:
    return _render_request(request, member_id, request_id, AnswerForm())


@require_POST
@own_page("request_credits")
def answer(request: HttpRequest, member_id: int, request_id: int) -> HttpResponse:
    form = AnswerForm(request.POST)
    if form.is_valid():
        made = form.try_to(
            lambda: answer_request(
                context=get_context(request),
                request_id=request_id,
                answer=form.cleaned_data["answer"],
                actor=actor_of(request),
                member_id=member_id,
            )
        )
        if made is not None:
            return HttpResponseRedirect(f"{reverse('my-credit-request', args=[request_id])}?new=1")
    return _render_request(request, member_id, request_id, form)


@require_POST
@own_page("request_credits")
def cancel(request: HttpRequest, member_id: int, request_id: int) -> HttpResponse:
    cancel_request(
        context=get_context(request), request_id=request_id, actor=actor_of(request), member_id=member_id
    )
    return HttpResponseRedirect(reverse("my-credit-request", args=[request_id]))


@require_safe
@own_page("request_credits")
def show_statement(request: HttpRequest, member_id: int) -> HttpResponse:
    """Every change of every balance, the newest first."""
    before = _cursor(request)
    rows = list_statement(member_id=member_id, before_id=before, limit=PAGE + 1)
    facts: dict[str, Any] = {
        "lines": rows[:PAGE],
        "older": rows[PAGE - 1].entry_id if len(rows) > PAGE else None,
        "before": before,
    }
    if facts["older"] is None and has_older_statement(member_id=member_id):
        facts["older_note"] = describe_history(get_context(request), STRANGER)
    return render(request, "portal/credits_history.html", facts)


def limits_words(row: CreditType, limits: RequestLimits | None) -> dict[str, Any]:
    """What may be asked for now, in words. Empty where the credits cannot be requested."""
    if limits is None:
        return {}
    lines = []
    if row.most is not None:
        lines.append(f"{row.least:,} to {write_unit(row.most, row.unit)} at once")
    elif row.least > 1:
        lines.append(f"{write_unit(row.least, row.unit)} or more at once")
    if limits.amount_allowed is not None:
        lines.append(f"{limits.amount_used:,} of {limits.amount_allowed:,} used this {limits.period}")
    if limits.requests_allowed is not None:
        lines.append(
            f"{limits.requests_used:,} of {write_unit(limits.requests_allowed, 'requests')} this {limits.period}"
        )
    return {"lines": lines, "left": limits.left, "none_left": limits.left == 0, "resets_at": limits.resets_at}


def describe(row: CreditRequest) -> dict[str, Any]:
    """A request with its state in words."""
    word, kind = STATES[RequestState(row.state)]
    if row.state == RequestState.APPROVED and row.granted < row.amount:
        word = f"Granted {row.granted:,}"
    return {"row": row, "word": word, "kind": kind}


def _render_request(request: HttpRequest, member_id: int, request_id: int, form: AnswerForm) -> HttpResponse:
    row = get_request(request_id=request_id, member_id=member_id).request
    facts = {
        **describe(row),
        "steps": [_step(step) for step in row.history],
        "form": form,
        "is_new": request.GET.get("new") == "1",
        "can_cancel": row.state in (RequestState.PENDING, RequestState.NEEDS_INFO),
        "can_answer": row.state == RequestState.NEEDS_INFO,
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "portal/credit_request.html", facts, status=status)


def _step(step: dict[str, Any]) -> dict[str, Any]:
    """A line of the request's history, without who of the team it was: that is the team's own."""
    word, _kind = STATES[RequestState(step["state"])]
    if step["state"] == RequestState.PENDING:
        word = "Requested"
    if step.get("undone"):
        word = "Taken back"
    return {"name": word, "at": parse_datetime(step["at"]), "note": step["note"]}


def _try(request: HttpRequest, form: RequestForm, member_id: int) -> CreditRequest | None:
    data = form.cleaned_data
    try:
        return form.try_to(
            lambda: request_credits(
                context=get_context(request),
                member_id=member_id,
                type_key=data["type"],
                amount=data["amount"],
                reason=data["reason"],
                key=f"web:{member_id}:{data['token'] or new_ulid()}",
                via="web",
                actor=actor_of(request),
            )
        )
    except NotAllowedError as error:
        form.add_problem(error)
        return None


def _is_trusted(request: HttpRequest, member_id: int) -> bool:
    """Whether a delegated approver looks, who finds the queue here. Whoever decides by permission has the dashboard."""
    person = get_person(request)
    roles = [int(role) for role in get_member(member_id=member_id).role_ids]
    authority = get_authority(
        rights=STRANGER if person is None else person.rights,
        user_id=None if person is None else person.user_id,
        discord_role_ids=roles,
    )
    return bool(authority) and not authority.everywhere


def _cursor(request: HttpRequest) -> int | None:
    before = request.GET.get("before", "")
    return (
        min(int(before), LARGEST_ID) if before.isascii() and before.isdecimal() and len(before) < 20 else None
    )
