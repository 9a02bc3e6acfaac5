"""In which channels of Discord the team is asked to decide, beside the dashboard, and members who take no direct messages hear of news."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from engagement.notifications.models import NotificationSettings
from engagement.notifications.selectors import get_notification_settings
from engagement.notifications.services import set_notice_channel, set_team_channel
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

    notice_channel_id = forms.ChoiceField(
        label="For members who take no direct messages",
        required=False,
        help_text="The bot says there that somebody has news on their page, never which. Nobody is pinged.",
    )

    def __init__(self, *args: Any, directory: Directory, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, none in (
            ("channel_id", "None: on the dashboard alone"),
            ("notice_channel_id", "None: on their page alone"),
        ):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            known = channel_choices(directory, [str(self[name].value() or "")], speaking=True)
            field.choices = [("", none), *known]

    def clean_channel_id(self) -> int | None:
        return self._channel("channel_id")

    def clean_notice_channel_id(self) -> int | None:
        return self._channel("notice_channel_id")

    def _channel(self, name: str) -> int | None:
        chosen = str(self.cleaned_data[name])
        if chosen and not (chosen.isascii() and chosen.isdecimal() and 17 <= len(chosen) <= 19):
            raise forms.ValidationError("This is no channel of Discord's. Choose one of the list.")
        return int(chosen) if chosen else None


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_announcements")
def change_team_channel(request: HttpRequest, desk: Desk) -> HttpResponse:
    standing = get_notification_settings()
    form = TeamChannelForm(
        request.POST if request.method == "POST" else None,
        initial={
            "channel_id": str(standing.team_channel_id or ""),
            "notice_channel_id": str(standing.notice_channel_id or ""),
        },
        directory=get_directory(desk.context),
    )
    back = reverse("dashboard-announcements")
    if form.is_valid():
        chosen = form.cleaned_data["channel_id"]
        if form.try_to(lambda: _save(desk, form.cleaned_data)) is not None:
            where = "in that channel as well" if chosen else "on the dashboard alone"
            return go_to(request, back, f"The team is asked {where} from now on.")
    page = FormPage(
        form,
        title="Channels for the team and for news",
        lead="What waits for a decision is told there, with buttons to decide. Who may decide is the same as on the dashboard.",
        submit="Save",
        back=back,
    )
    return show_form(request, page)


@transaction.atomic
def _save(desk: Desk, data: dict[str, Any]) -> NotificationSettings:
    set_team_channel(channel_id=data["channel_id"], actor=desk.actor)
    return set_notice_channel(channel_id=data["notice_channel_id"], actor=desk.actor)
