"""A community's accent as a style sheet. A function of the colour alone: cached for ever, no database."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from frontend_api.colour import accent_of

YEAR = 31_536_000


@require_safe
def show_theme(request: HttpRequest, colour: str) -> HttpResponse:
    """`colour` is six hexadecimal digits, which the address's pattern has checked."""
    accent = accent_of(f"#{colour}")
    css = (
        f":root{{--accent:light-dark({accent.light},{accent.dark});"
        f"--on-accent:light-dark({accent.on_light},{accent.on_dark})}}\n"
    )
    response = HttpResponse(css, content_type="text/css; charset=utf-8")
    response["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    return response
