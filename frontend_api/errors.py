"""What goes wrong, as a page: what happened, why, what to do, and a reference to quote."""

from __future__ import annotations

import logging

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import escape

from frontend_api.v1.problems import answer_problem, is_api
from saas.core.ids import new_reference

logger = logging.getLogger(__name__)
TITLES = {
    400: "That request could not be read",
    403: "This is not open to you",
    404: "There is nothing here",
    409: "Somebody was faster",
    422: "Something does not fit",
    429: "A little too fast",
    500: "Something broke on our side",
    503: "Something we need is away",
}
ICONS = {403: "eye-off", 404: "search", 429: "hourglass", 503: "plug-connected-x"}


def show_error(
    request: HttpRequest, *, status: int, message: str, reference: str, plans_href: str = "", title: str = ""
) -> HttpResponse:
    """The page of an error, or for the API its problem. Falls back to plain text where even the page cannot be made.

    `plans_href`: what was asked for is in another plan, and this person may look at the plans."""
    if is_api(request):
        return answer_problem(request, status=status, message=message, reference=reference)
    facts = {
        "status": status,
        "title": title or TITLES.get(status, TITLES[400 if status < 500 else 500]),
        "icon_name": "lock" if title else ICONS.get(status, "alert-triangle"),
        "message": message,
        "reference": reference,
        "plans_href": plans_href,
    }
    try:
        return render(request, "errors/error.html", facts, status=status)
    except Exception:
        # The page needs the session and the database, one of which may be what broke.
        logger.exception("The page of error %s could not be made", reference)
        text = f"<!doctype html><title>{escape(facts['title'])}</title><p>{escape(message)}</p><p>Ref {reference}</p>"
        return HttpResponse(text, status=status)


def handle_bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    message = "Your browser sent something that we could not read. Go back and try once more."
    return show_error(request, status=400, message=message, reference=new_reference())


def handle_forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    message = str(exception) or "You are signed in, but this page is for others. Ask the community's owner."
    return show_error(request, status=403, message=message, reference=new_reference())


def handle_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Another tenant's object and one that does not exist read the same."""
    told = isinstance(exception, Http404) and exception.args and isinstance(exception.args[0], str)
    message = str(exception) if told else "The address may be mistyped, or what was here is gone."
    return show_error(request, status=404, message=message, reference=new_reference())


def handle_failure(request: HttpRequest) -> HttpResponse:
    reference = getattr(request, "error_reference", None) or new_reference()
    message = (
        "This was our mistake, and it has been written down. Try again in a moment; if it stays, tell us the"
        " reference below."
    )
    return show_error(request, status=500, message=message, reference=reference)


def handle_csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    logger.info("A form was refused: %s", reason)
    message = "This form was open for too long, or cookies are switched off. Go back, reload the page and send it again."
    return show_error(request, status=403, message=message, reference=new_reference())
