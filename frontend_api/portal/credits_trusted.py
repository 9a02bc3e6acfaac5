"""The queue of somebody who is trusted with a quota, without being on the team: what waits of their kinds, oldest first."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from engagement.credits.approvers import Authority, get_authority, list_approvers
from engagement.credits.checks import MAX_NOTE, MOST
from engagement.credits.deciding import approve_request, ask_about_request, reject_request
from engagement.credits.flagging import words_of_flag
from engagement.credits.models import RequestState
from engagement.credits.people import roles_of_member
from engagement.credits.selectors import list_requests
from engagement.members.selectors import get_member
from frontend_api.actors import actor_of
from frontend_api.dashboard.parts.forms import DeskForm
from frontend_api.people import get_person
from frontend_api.portal.own import own_page
from frontend_api.tenant import get_context
from saas.core.errors import EngageHubError
from tenants.permissions import STRANGER

PAGE: Final = 20


class DecideForm(DeskForm):
    act = forms.ChoiceField(choices=[(one, one) for one in ("approve", "reject", "ask")])
    amount = forms.IntegerField(min_value=1, max_value=MOST, required=False)
    note = forms.CharField(max_length=MAX_NOTE, required=False)


@require_safe
@own_page("request_credits")
def show_queue(request: HttpRequest, member_id: int) -> HttpResponse:
    return _render(request, _trusted(request, member_id))


@require_POST
@own_page("request_credits")
def decide(request: HttpRequest, member_id: int, request_id: int) -> HttpResponse:
    """Grant whole or in part, reject or ask. What is refused, such as more than the quota, stands at the top of the queue."""
    authority = _trusted(request, member_id)
    form = DecideForm(request.POST)
    if not form.is_valid():
        return _render(request, authority, error="Check the amount: a whole number of credits.", status=422)
    facts: dict[str, Any] = {
        "context": get_context(request),
        "request_id": request_id,
        "actor": actor_of(request),
        "authority": authority,
    }
    note = form.cleaned_data["note"]
    try:
        if form.cleaned_data["act"] == "approve":
            approve_request(**facts, amount=form.cleaned_data["amount"], note=note)
        elif form.cleaned_data["act"] == "reject":
            reject_request(**facts, reason=note)
        else:
            ask_about_request(**facts, question=note)
    except EngageHubError as error:
        return _render(request, authority, error=error.message, status=error.http_status)
    return HttpResponseRedirect(f"{reverse('credits-trusted')}?done=1")


def _trusted(request: HttpRequest, member_id: int) -> Authority:
    """What this person is trusted with. Raises Http404 for everybody else: there is no such page for them."""
    person = get_person(request)
    authority = get_authority(
        rights=STRANGER if person is None else person.rights,
        user_id=None if person is None else person.user_id,
        discord_role_ids=roles_of_member(get_member(member_id=member_id)),
    )
    if not authority:
        raise Http404("Nothing waits for you here.")
    return authority


def _render(
    request: HttpRequest, authority: Authority, *, error: str = "", status: int = 200
) -> HttpResponse:
    rows = list_requests(
        states=[RequestState.PENDING], type_ids=authority.type_ids, oldest_first=True, limit=PAGE + 1
    )
    mine = set(authority.approvers.values())
    facts = {
        "lines": [(line, [words_of_flag(flag) for flag in line.request.flags]) for line in rows[:PAGE]],
        "has_more": len(rows) > PAGE,
        "quotas": [one for one in list_approvers(context=get_context(request)) if one.approver.pk in mine],
        "error": error,
        "is_done": request.GET.get("done") == "1",
    }
    return render(request, "portal/credits_trusted.html", facts, status=status)
