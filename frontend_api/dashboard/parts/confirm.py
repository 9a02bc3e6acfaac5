"""A dangerous act, asked before it is done: what will happen in numbers, what can be undone and for how long, and the name
typed where nothing can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@dataclass(frozen=True, slots=True)
class Consequence:
    """One line of what will happen."""

    text: str
    icon: str = "info-circle"


@dataclass(frozen=True, slots=True)
class Confirm:
    """The page. `typed` must be typed to go on; empty: a click is enough. `hidden` goes along with the form."""

    title: str
    submit: str
    back: str
    consequences: Sequence[Consequence]
    lead: str = ""
    action: str = ""  # where it is sent; empty: here
    typed: str = ""
    danger: bool = True
    hidden: Sequence[tuple[str, str]] = ()
    form: forms.BaseForm | None = None  # what else the act has to know


def is_confirmed(request: HttpRequest, page: Confirm) -> bool:
    """Whether the form was sent by this page's button, with the name typed as it is written."""
    if request.method != "POST" or request.POST.get("confirmed") != "1":
        return False
    return not page.typed or _plain(request.POST.get("typed", "")) == _plain(page.typed)


def show_confirm(request: HttpRequest, page: Confirm) -> HttpResponse:
    """The page; with an error beside the name when it was sent with another one."""
    mistyped = (
        request.method == "POST" and request.POST.get("confirmed") == "1" and not is_confirmed(request, page)
    )
    wrong = mistyped or bool(page.form is not None and page.form.is_bound and page.form.errors)
    return render(
        request,
        "parts/confirm.html",
        {"page": page, "form": page.form, "mistyped": mistyped},
        status=422 if wrong else 200,
    )


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
