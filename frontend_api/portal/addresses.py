"""The form that asks where a parcel goes: for whoever holds its link, with or without a login. The link works once."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from engagement.rewards.addresses import (
    CHOICE,
    FIELDS,
    AddressField,
    AddressQuestion,
    give_address,
    read_ticket,
)
from engagement.rewards.fulfilment_errors import AddressLinkError, InvalidAddressError
from frontend_api.tenant import get_context


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask_address(request: HttpRequest, ticket: str) -> HttpResponse:
    """Opening it changes nothing, because link previews open addresses too; sending the form uses the link up."""
    context = get_context(request)
    try:
        question = read_ticket(context, ticket)
        if request.method != "POST":
            return _show(request, question, {})
        sent = {one.name: request.POST.get(one.name, "")[:1_000] for one in (*FIELDS, CHOICE)}
        try:
            give_address(context=context, ticket=ticket, address=sent)
        except InvalidAddressError as error:
            return _show(request, question, sent, error)
    except AddressLinkError as error:
        return _private(
            render(request, "portal/address_over.html", {"error": error}, status=error.http_status)
        )
    return _private(render(request, "portal/address_kept.html", {"name": question.reward_name}))


def _show(
    request: HttpRequest,
    question: AddressQuestion,
    sent: dict[str, str],
    error: InvalidAddressError | None = None,
) -> HttpResponse:
    facts = {
        "question": question,
        "fields": [_describe(one, sent, error) for one in FIELDS],
        "choice": _describe(CHOICE, sent, error) if question.options else None,
        "error": error,
    }
    return _private(render(request, "portal/address.html", facts, status=422 if error else 200))


def _describe(one: AddressField, sent: dict[str, str], error: InvalidAddressError | None) -> dict[str, Any]:
    problem = error.message if error is not None and error.field == one.name else ""
    return {"field": one, "value": sent.get(one.name, "")[: one.most], "problem": problem}


def _private(response: HttpResponse) -> HttpResponse:
    """The address of the page opens it: nobody that it leads to may learn it."""
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
