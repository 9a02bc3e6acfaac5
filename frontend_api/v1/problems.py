"""Errors as RFC 9457 problems: one shape for every error of the API, also for those raised before a view was found.

    {"type": "https://…/api/v1/problems/rule_not_found", "title": "Rule not found", "status": 404,
     "detail": what happened, why, what to do, "code": "rule_not_found", "reference": "7F3K",
     "errors": [{"field": "name", "message": "…"}]}

`type` and `code` never change; `detail` is for people. `errors` stands where single fields are wrong.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.response import Response

from frontend_api.plan_locks import opening_of
from frontend_api.tenant import find_context
from saas.core.errors import EngageHubError, UnavailableError
from saas.core.ids import new_reference

logger = logging.getLogger(__name__)
MEDIA_TYPE: Final = "application/problem+json"
API: Final = "/api/"  # below it every error is a problem
# What no error class of ours stands for: code → (status, what it means).
GENERAL: Final[dict[str, tuple[int, str]]] = {
    "bad_request": (400, "The request could not be read."),
    "not_allowed": (403, "You may not do this."),
    "not_found": (404, "It does not exist, or not for you."),
    "method_not_allowed": (405, "This address does not know the method. `Allow` lists those it knows."),
    "not_acceptable": (406, "Answers are application/json; the Accept header excludes that."),
    "unsupported_media_type": (415, "Bodies are application/json."),
    "internal_error": (500, "Our mistake. It has been written down; quote the reference."),
    "unavailable": (503, "Something we depend on is away. Try again after Retry-After seconds."),
}
_BY_STATUS: Final = {status: code for code, (status, _) in GENERAL.items()}


@dataclass(frozen=True, slots=True)
class Problem:
    """One error, ready to be written."""

    status: int
    code: str
    detail: str
    reference: str
    errors: list[dict[str, str]] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "type": address_of(self.code),
            "title": title_of(self.code),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "reference": self.reference,
        }
        if self.errors:
            body["errors"] = self.errors
        return body | self.extra


def title_of(code: str) -> str:
    """`rule_not_found` → `Rule not found`."""
    return code.replace("_", " ").capitalize().replace("Api", "API").replace("api", "API")


def address_of(code: str) -> str:
    """The problem's `type`: where it is described, for ever the same."""
    return f"{settings.BASE_URL}/api/v1/problems/{code}"


def handle_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. None for what is a failure of ours: Django's own handling gives that a reference."""
    problem = describe(error)
    if problem is None:
        return None
    if isinstance(error, EngageHubError):
        problem.extra.update(opening_of(error, find_context(context["request"]._request)))
    if problem.status >= 500:
        logger.warning("%s (%s, ref %s)", problem.detail, problem.code, problem.reference)
    return Response(problem.body, status=problem.status, headers=problem.headers, content_type=MEDIA_TYPE)


def describe(error: Exception) -> Problem | None:
    """An exception as a problem; None for one that nobody foresaw."""
    if isinstance(error, OperationalError | InterfaceError):
        logger.warning("The API met a database that is away: %s", error)
        error = UnavailableError(
            "We cannot reach our database at the moment. Nothing is lost; try again in a few seconds."
        )
    if isinstance(error, EngageHubError):
        return _of_ours(error)
    if isinstance(error, Http404):
        return _general("not_found", _text(error) or "There is nothing at this address.")
    if isinstance(error, PermissionDenied):
        return _general("not_allowed", _text(error) or "You may not do this.")
    if isinstance(error, exceptions.ValidationError):
        return _of_fields(error.detail)
    if isinstance(error, exceptions.APIException):
        return _of_drf(error)
    return None


def _of_ours(error: EngageHubError) -> Problem:
    headers = {}
    seconds = getattr(error, "retry_after", 5 if error.http_status == 503 else None)
    if seconds is not None:
        headers["Retry-After"] = str(seconds)
    if error.http_status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="EngageHub"'
    name = getattr(error, "field", "")
    errors = [{"field": name, "message": error.message}] if name else []
    extra = dict(getattr(error, "facts", {}))
    return Problem(error.http_status, error.code, error.message, error.reference, errors, extra, headers)


def _of_fields(detail: Any) -> Problem:
    errors = [{"field": name, "message": text} for name, text in flatten(detail)]
    first = errors[0]["message"] if errors else "A value is wrong."
    more = f" ({len(errors) - 1} more stand under errors.)" if len(errors) > 1 else ""
    name = errors[0]["field"] if errors else ""
    return Problem(
        422, "invalid_input", f"{name}: {first}{more}" if name else f"{first}{more}", new_reference(), errors
    )


def _of_drf(error: exceptions.APIException) -> Problem:
    status = error.status_code
    code = _BY_STATUS.get(status, "bad_request" if status < 500 else "internal_error")
    headers = {}
    if status == 401:
        code, headers = "not_signed_in", {"WWW-Authenticate": 'Bearer realm="EngageHub"'}
    return Problem(status, code, str(error.detail), new_reference(), headers=headers)


def _general(code: str, detail: str) -> Problem:
    return Problem(GENERAL[code][0], code, detail, new_reference())


def _text(error: Exception) -> str:
    return error.args[0] if error.args and isinstance(error.args[0], str) else ""


def flatten(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """DRF's nested errors as (`subject.external_id`, text) pairs."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from flatten(inner, ".".join(part for part in (path, own) if part))
    elif isinstance(detail, list):
        for number, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from flatten(inner, f"{path}.{number}".lstrip(".") if nested else path)
    else:
        yield path, str(detail)


def is_api(request: HttpRequest) -> bool:
    """Whether errors of this address are problems."""
    return request.path.startswith(API)


def answer_problem(
    request: HttpRequest, *, status: int, message: str, reference: str, code: str = ""
) -> HttpResponse:
    """For errors that no API view saw: an unknown address, a host that nobody owns, a failure of ours."""
    code = code or _BY_STATUS.get(status, "bad_request" if status < 500 else "internal_error")
    problem = Problem(status, code, message, reference)
    return HttpResponse(orjson.dumps(problem.body), status=status, content_type=MEDIA_TYPE)


def list_problems() -> dict[str, tuple[int, str]]:
    """code → (status, what it means), of every error that the API can answer with."""
    found = dict(GENERAL)
    for kind in _descendants([EngageHubError]):
        doc = (kind.__doc__ or "").strip().split("\n\n")[0]
        meaning = " ".join(doc.split()) if kind.__dict__.get("__doc__") else ""
        found.setdefault(kind.code, (kind.http_status, meaning or f"{title_of(kind.code)}."))
    return dict(sorted(found.items()))


def _descendants(kinds: Iterable[type[EngageHubError]]) -> Iterator[type[EngageHubError]]:
    for kind in kinds:
        if kind is not EngageHubError:
            yield kind
        yield from _descendants(kind.__subclasses__())
