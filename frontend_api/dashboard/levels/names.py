"""What levels are called, one a line."""

from __future__ import annotations

import re

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from engagement.levels.selectors import list_level_names
from engagement.levels.services import set_level_names
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.conflicts import (
    Opened,
    as_posted,
    read_opened,
    seal,
    settle,
    show_conflict,
    version_of,
)
from frontend_api.dashboard.parts.forms import DeskForm, FormPage, show_form

_LINE = re.compile(r"(\d{1,4})\s*[:=.,;-]?\s*(.*)")


class NamesForm(DeskForm):
    names = forms.CharField(
        label="Names",
        required=False,
        max_length=20_000,
        help_text="One a line: the level, then its name. From its level on, a member is called so. Level 5 and above "
        "“Regular” reads: 5 Regular",
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}),
    )

    def clean_names(self) -> dict[int, str]:
        found: dict[int, str] = {}
        for number, line in enumerate(self.cleaned_data["names"].splitlines(), 1):
            if not line.strip():
                continue
            match = _LINE.fullmatch(line.strip())
            if match is None or not match[2].strip():
                raise forms.ValidationError(
                    f"Line {number}: “{line.strip()[:60]}” is no level with a name, such as 5 Regular."
                )
            level = int(match[1])
            if level in found:
                raise forms.ValidationError(
                    f"Line {number}: level {level} has a name already, in a line above."
                )
            found[level] = match[2].strip()
        return found


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_levels")
def change_names(request: HttpRequest, desk: Desk) -> HttpResponse:
    standing = "\n".join(f"{level} {name}" for level, name in sorted(list_level_names().items()))
    values = as_posted(NamesForm(initial={"names": standing}))
    now = Opened(version_of(values), values)
    opened = read_opened(request.POST) if request.method == "POST" else None
    form = NamesForm(settle(request.POST) if request.method == "POST" else None, initial={"names": standing})
    back = reverse("dashboard-levels")
    if form.is_valid():
        if opened is None or opened.version != now.version:
            return show_conflict(
                request,
                form=form,
                opened=opened,
                now=now,
                changed_by="",
                title="The names were changed meanwhile",
                back=back,
            )
        if (
            form.try_to(lambda: (set_level_names(names=form.cleaned_data["names"], actor=desk.actor),))
            is not None
        ):
            return go_to(request, back, "The names are saved.")
    page = FormPage(
        form, title="Names of levels", lead="Shown beside the level, in Discord and on pages.", submit="Save", back=back,
        opened=seal(opened or now),
    )  # fmt: skip
    return show_form(request, page)
