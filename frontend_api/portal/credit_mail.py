"""Deciding on a credit request from a mail: what it is about, a form that asks once more, and what became of it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from engagement.audit.actor import cut_address
from engagement.credits.errors import InvalidCreditsError, MailLinkStaleError, RequestDecidedError
from engagement.credits.flagging import words_of_flag
from engagement.credits.mailing import ACTS, MailPage, decide_by_mail, open_ticket, read_page
from frontend_api.tenant import get_context
from saas.core.errors import EngageHubError

MAX_DIGITS = 15


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show_credit_mail(request: HttpRequest) -> HttpResponse:
    """Opening the link decides nothing; the form does. Once it is decided, the same address says how."""
    context = get_context(request)
    token = (request.POST if request.method == "POST" else request.GET).get("ticket", "")
    ticket = open_ticket(token, context)
    if request.method != "POST":
        return _show(request, token, read_page(ticket))
    try:
        act = request.POST.get("do", "")
        decide_by_mail(
            context=context,
            ticket=ticket,
            act=act if act in ACTS else _refuse_act(),
            note=request.POST.get("note", ""),
            amount=_read_amount(request) if act == "approve" else None,
            address=cut_address(request.META.get("REMOTE_ADDR") or ""),
        )
    except (MailLinkStaleError, RequestDecidedError):
        pass  # the page says what became of it
    except EngageHubError as error:
        return _show(request, token, read_page(ticket), error)
    return HttpResponseRedirect(f"{reverse('credit-mail')}?ticket={token}")


def _show(
    request: HttpRequest, token: str, page: MailPage, error: EngageHubError | None = None
) -> HttpResponse:
    facts = {
        "page": page,
        "row": page.line.request,
        "flags": [words_of_flag(flag) for flag in page.line.request.flags],
        "ticket": token,
        "error": "" if error is None else error.message,
        "field": "" if error is None else getattr(error, "field", ""),
        "given": request.POST,
    }
    response = render(
        request, "portal/credit_mail.html", facts, status=200 if error is None else error.http_status
    )
    response["Referrer-Policy"] = "no-referrer"  # the address is the link
    response["X-Robots-Tag"] = "noindex"
    return response


def _read_amount(request: HttpRequest) -> int | None:
    """None: all that was asked for. Raises InvalidCreditsError."""
    text = request.POST.get("amount", "").strip().replace(",", "")
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > MAX_DIGITS:
        raise InvalidCreditsError(
            "Write how many as a whole number, or leave it empty for all.", field="amount"
        )
    return int(text)


def _refuse_act() -> str:
    raise InvalidCreditsError("Press Approve or Reject.", field="do")
