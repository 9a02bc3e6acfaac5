"""Where Stripe tells us its news. On BASE_DOMAIN only, without session, form or login: the signature is who it is.

Behind `stripe_door`, which answers what comes in the usual way before Django's middlewares; this view answers the rest.
"""

from __future__ import annotations

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from billing.inbox.errors import UnreadableEventError, WebhookRefusedError
from billing.inbox.receiving import LARGEST_BODY, receive_webhook

from .stripe_door import ACCEPTED, be_away, refuse


@csrf_exempt
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """200 once it is stored, and for one that was known; 400 for what is refused; 503 makes Stripe try again."""
    try:
        receive_webhook(
            body=_body_of(request),
            content_type=request.headers.get("Content-Type", ""),
            signature=request.headers.get("Stripe-Signature", ""),
        )
    except WebhookRefusedError as error:
        return _say(refuse(error))
    except (OperationalError, InterfaceError):
        return _say(be_away())
    return _say(ACCEPTED)


def _body_of(request: HttpRequest) -> bytes:
    """Raises UnreadableEventError for one that is too large, unread."""
    try:
        announced = int(request.META.get("CONTENT_LENGTH") or 0)
        return b"" if announced < 0 else request.body if announced <= LARGEST_BODY else _refuse_size()
    except (RequestDataTooBig, ValueError):
        return _refuse_size()


def _refuse_size() -> bytes:
    raise UnreadableEventError(f"it is larger than {LARGEST_BODY // 1024} kB")


def _say(answer: tuple[int, str]) -> HttpResponse:
    status, text = answer
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
