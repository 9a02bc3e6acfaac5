"""In which channel of Discord the team is asked to decide, beside the dashboard."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from engagement.notifications.selectors import get_notification_settings
from engagement.notifications.services import set_team_channel
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.forms import DeskForm, FormPage, show_form
from frontend_api.dashboard.pickers import channel_choices
from integrations.discord.directory import Directory, get_directory


class TeamChannelForm(DeskForm):
    channel_id = forms.ChoiceField(
        label="Channel",
        required=False,
        help_text="Choose one that only the team can read: the messages name members and what they want.",
    )

    def __init__(self, *args: Any, directory: Directory, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["channel_id"]
        assert isinstance(field, forms.ChoiceField)
        known = channel_choices(directory, [str(self["channel_id"].value() or "")], speaking=True)
        field.choices = [("", "None: on the dashboard alone"), *known]

    def clean_channel_id(self) -> int | None:
        chosen = str(self.cleaned_data["channel_id"])
        if chosen and not (chosen.isascii() and chosen.isdecimal() and 17 <= len(chosen) <= 19):
            raise forms.ValidationError("This is no channel of Discord's. Choose one of the list.")
        return int(chosen) if chosen else None


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_announcements")
def change_team_channel(request: HttpRequest, desk: Desk) -> HttpResponse:
    standing = get_notification_settings().team_channel_id
    form = TeamChannelForm(
        request.POST if request.method == "POST" else None,
        initial={"channel_id": str(standing or "")},
        directory=get_directory(desk.context),
    )
    back = reverse("dashboard-announcements")
    if form.is_valid():
        chosen = form.cleaned_data["channel_id"]
        if form.try_to(lambda: set_team_channel(channel_id=chosen, actor=desk.actor)) is not None:
            where = "in that channel as well" if chosen else "on the dashboard alone"
            return go_to(request, back, f"The team is asked {where} from now on.")
    page = FormPage(
        form,
        title="Where the team is asked",
        lead="What waits for a decision is told there, with buttons to decide. Who may decide is the same as on the dashboard.",
        submit="Save",
        back=back,
    )
    return show_form(request, page)
