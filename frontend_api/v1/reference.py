"""The API's reference for people, in our own look and under our own Content-Security-Policy: written from the OpenAPI document.

Nobody needs a login for it: it says what there is, not what anybody has.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from frontend_api.tenant import find_context

from .problems import list_problems, title_of
from .schema import get_document
from .words import Section, build_sections, list_common, list_meanings, mark_up


@lru_cache(maxsize=1)
def _sections() -> list[Section]:
    return build_sections(get_document())


@lru_cache(maxsize=1)
def _text() -> bytes:
    return orjson.dumps(get_document(), option=orjson.OPT_INDENT_2)


@require_safe
def show_document(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document."""
    return HttpResponse(
        _text(), content_type="application/json", headers={"Cache-Control": "public, max-age=300"}
    )


@require_safe
def show_reference(request: HttpRequest) -> HttpResponse:
    """Every operation with its parameters, examples and errors."""
    document = get_document()
    facts = {
        "here": "operations",
        # A community's operations are tried at the community's own address.
        "can_try": find_context(request) is not None,
        "sections": _sections(),
        "common": list_common(document),
        "meanings": list_meanings(_sections()),
        "intro": mark_up(document["info"]["description"]),
    }
    return render(request, "reference/reference.html", facts)


@require_safe
def show_operation(request: HttpRequest, operation_id: str) -> HttpResponse:
    """One operation's example: a part for htmx, which keeps the reference itself small; a page of its own without scripts."""
    entry = next((one for section in _sections() for one in section.entries if one.id == operation_id), None)
    if entry is None:
        raise Http404("There is no such operation. The reference under /api/v1/ lists all of them.")
    template = "reference/example.html" if request.headers.get("HX-Request") else "reference/operation.html"
    return render(request, template, {"here": "operation", "entry": entry})


@require_safe
def show_problems(request: HttpRequest) -> HttpResponse:
    """Every kind of error."""
    lines = [
        {"code": code, "title": title_of(code), "status": status, "meaning": meaning}
        for code, (status, meaning) in list_problems().items()
    ]
    return render(request, "reference/problems.html", {"here": "problems", "lines": lines})


@require_safe
def show_problem(request: HttpRequest, code: str) -> HttpResponse:
    """One kind of error: what a problem's `type` leads to."""
    found = list_problems().get(code)
    if found is None:
        raise Http404(
            "There is no problem of that kind. The list of all of them stands under /api/v1/problems."
        )
    facts: dict[str, Any] = {"code": code, "title": title_of(code), "status": found[0], "meaning": found[1]}
    return render(request, "reference/problem.html", facts)
