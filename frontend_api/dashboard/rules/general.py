"""What holds for all rules: how long a deletion takes points back, and where and with which roles nothing is earned."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from engagement.rules.errors import RulesSettingsChangedError
from engagement.rules.ruleset import RulesSettings
from engagement.rules.selectors import get_rules_settings
from engagement.rules.services import set_rules_settings
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
from frontend_api.dashboard.pickers import PickerField, category_choices, channel_choices, role_choices
from integrations.discord.directory import Directory, get_directory
from saas.core.errors import InvalidInputError

HOUR = 3_600
LISTS = {
    "excluded_channels": channel_choices,
    "excluded_categories": category_choices,
    "excluded_roles": role_choices,
}


class GeneralForm(DeskForm):
    reversal_hours = forms.IntegerField(
        label="Hours in which a deletion takes points back",
        min_value=0,
        max_value=90 * 24,
        help_text="Counted from the message. 0: what was earned once stays. 168 hours are a week.",
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    excluded_channels = PickerField(
        label="Channels in which nothing is earned",
        summary="every channel counts",
        help_text="Their threads likewise.",
    )
    excluded_categories = PickerField(
        label="Categories in which nothing is earned", summary="every category counts"
    )
    excluded_roles = PickerField(
        label="Roles with which nothing is earned",
        summary="everybody can earn",
        help_text="Such as a muted role.",
    )

    def __init__(self, *args: Any, directory: Directory, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, choices in LISTS.items():
            picker = self.fields[name]
            assert isinstance(picker, PickerField)
            picker.choices = choices(directory, self[name].value() or ())


def initial_of(settings: RulesSettings) -> dict[str, Any]:
    return {
        "reversal_hours": round(settings.reversal_seconds / HOUR),
        **{name: sorted(getattr(settings, name)) for name in LISTS},
    }


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_rules")
def change_general(request: HttpRequest, desk: Desk) -> HttpResponse:
    directory, settings = get_directory(desk.context), get_rules_settings()
    initial = initial_of(settings)
    standing = as_posted(GeneralForm(initial=initial, directory=directory))
    now = Opened(version_of(standing), standing)
    opened = read_opened(request.POST) if request.method == "POST" else None
    form = GeneralForm(
        settle(request.POST) if request.method == "POST" else None, initial=initial, directory=directory
    )
    back = reverse("dashboard-rules")
    if form.is_valid():
        try:
            if opened is None or opened.version != now.version:
                raise RulesSettingsChangedError()
            _save(desk, form, settings)
            return go_to(request, back, "Saved. It holds from the next activity on.")
        except InvalidInputError as error:
            form.add_problem(error)
        except RulesSettingsChangedError:
            return show_conflict(
                request, form=form, opened=opened, now=now, changed_by="", title="These settings were changed meanwhile",
                back=back, names=directory.names,
            )  # fmt: skip
    page = FormPage(
        form,
        title="Earning in general",
        lead="What holds for all rules, before any of them is asked.",
        submit="Save",
        back=back,
        opened=seal(opened or now),
        facts={"directory": directory},
    )
    return show_form(request, page, template="dashboard/rules/general.html")


def _save(desk: Desk, form: GeneralForm, seen: RulesSettings) -> None:
    data = form.cleaned_data
    # Kept to the second where nobody touched it: hours are only how the form shows it.
    hours: int = data["reversal_hours"]
    seconds = seen.reversal_seconds if round(seen.reversal_seconds / HOUR) == hours else hours * HOUR
    set_rules_settings(
        actor=desk.actor, reversal_seconds=seconds, expected=seen, **{name: data[name] for name in LISTS}
    )
