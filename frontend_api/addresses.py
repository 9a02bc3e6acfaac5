"""The addresses of pages, for lists and navigation that need hundreds of them: Django's `reverse` takes as long for one as a list takes
to write it."""

from __future__ import annotations

from functools import cache
from typing import Final

from django.conf import settings
from django.urls import get_script_prefix, get_urlconf, reverse

_SAMPLE: Final = 918_273_645


def write_address(route: str, number: int | None = None) -> str:
    """As `reverse(route)`; with a number, as `reverse(route, args=[number])`. Looked up once in each process."""
    head, tail = _look_up(
        route, number is not None, get_urlconf() or settings.ROOT_URLCONF, get_script_prefix()
    )
    return head if number is None else f"{head}{number:d}{tail}"


@cache
def _look_up(route: str, numbered: bool, urlconf: str, prefix: str) -> tuple[str, str]:
    """What stands before and after the number. `prefix` is only what the answer depends on."""
    if not numbered:
        return reverse(route, urlconf=urlconf), ""
    head, _, tail = reverse(route, urlconf=urlconf, args=[_SAMPLE]).partition(str(_SAMPLE))
    return head, tail
