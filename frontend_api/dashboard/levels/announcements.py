"""What is said when somebody reaches a level, where, and how it will look in Discord."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from engagement.levels.selectors import get_level_name
from engagement.notifications.models import LevelUp
from engagement.notifications.selectors import get_notification_settings
from engagement.notifications.services import set_level_announcements
from engagement.notifications.texts import (
    DEFAULT_TO_CHANNEL,
    DEFAULT_TO_MEMBER,
    MAX_TEXT,
    PLACES,
    InvalidTextError,
    check_text,
    fill_text,
)
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
from frontend_api.dashboard.pickers import channel_choices
from frontend_api.figures import write_unit
from integrations.discord.directory import Directory, get_directory
from saas.core.errors import InvalidInputError

SAMPLE_LEVEL = 5
GATE = "announcements"


class AnnouncementForm(DeskForm):
    level_up = forms.ChoiceField(
        label="When somebody reaches a level", choices=LevelUp.choices, widget=forms.RadioSelect
    )
    channel_id = forms.ChoiceField(label="Channel", required=False)
    text = forms.CharField(
        label="Words",
        required=False,
        max_length=MAX_TEXT,
        strip=True,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Empty: our own sentence. In place of these stands: "
        + "; ".join(f"{{{name}}} {words}" for name, words in PLACES.items())
        + ".",
    )

    def __init__(self, *args: Any, directory: Directory, **options: Any) -> None:
        super().__init__(*args, **options)
        channel = self.fields["channel_id"]
        assert isinstance(channel, forms.ChoiceField)
        known = channel_choices(directory, [str(self["channel_id"].value() or "")], speaking=True)
        channel.choices = [("", "Where it happened"), *known]

    def clean_channel_id(self) -> str:
        chosen = str(self.cleaned_data["channel_id"])
        if chosen and not (chosen.isascii() and chosen.isdecimal() and 17 <= len(chosen) <= 19):
            raise forms.ValidationError("This is no channel of Discord's. Choose one of the list.")
        return chosen

    def clean_text(self) -> str:
        try:
            return check_text(self.cleaned_data["text"])
        except InvalidTextError as error:
            raise forms.ValidationError(error.message) from error


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_announcements")
def change_announcements(request: HttpRequest, desk: Desk) -> HttpResponse:
    directory, standing = get_directory(desk.context), get_notification_settings()
    initial = {
        "level_up": standing.level_up,
        "channel_id": str(standing.channel_id or ""),
        "text": standing.text,
    }
    values = as_posted(AnnouncementForm(initial=initial, directory=directory))
    now = Opened(version_of(values), values)
    opened = read_opened(request.POST) if request.method == "POST" else None
    sent = settle(request.POST) if request.method == "POST" else None
    form = AnnouncementForm(sent, initial=initial, directory=directory)
    back = reverse("dashboard-announcements")
    page = FormPage(
        form,
        title="Announcements",
        lead="What is said when somebody reaches a level, and where. Nobody is ever pinged.",
        submit="Save",
        back=back,
        opened=seal(opened or now),
        preview="dashboard/levels/embed.html",
        locked_by="" if desk.opens[GATE] else GATE,
        facts={"directory": directory, "embed": describe_embed(desk, form)},
    )
    if request.POST.get("do") == "look":
        template = "dashboard/levels/embed.html" if request.headers.get("HX-Target") == "preview" else "dashboard/levels/announcements.html"  # fmt: skip
        return render(request, template, {"page": page, "form": form, **page.facts})
    if form.is_valid():
        if opened is None or opened.version != now.version:
            return show_conflict(
                request, form=form, opened=opened, now=now, changed_by="", back=back, names=directory.names,
                title="The announcements were changed meanwhile",
            )  # fmt: skip
        try:
            _save(desk, form.cleaned_data)
            return go_to(request, back, "The announcements are saved.")
        except InvalidInputError as error:
            form.add_problem(error)
    return show_form(request, page, template="dashboard/levels/announcements.html")


def _save(desk: Desk, data: dict[str, Any]) -> None:
    set_level_announcements(
        level_up=data["level_up"],
        channel_id=int(data["channel_id"]) if data["channel_id"] else None,
        text=data["text"],
        actor=desk.actor,
    )


def describe_embed(desk: Desk, form: AnnouncementForm) -> dict[str, Any]:
    """How the words read for somebody who reaches level 5 now."""
    where = form["level_up"].value()
    ours = DEFAULT_TO_MEMBER if where == LevelUp.DM else DEFAULT_TO_CHANNEL
    text = str(form["text"].value() or "").strip()[:MAX_TEXT] or ours
    values = {
        "member": "Ada",
        "level": str(SAMPLE_LEVEL),
        "level_name": get_level_name(level=SAMPLE_LEVEL) or f"level {SAMPLE_LEVEL}",
        "points": write_unit(1_284, desk.context.points_name),
        "community": desk.context.name,
    }
    # Discord's bold, the one format that our own sentence uses.
    pieces = [
        (number % 2 == 1, piece) for number, piece in enumerate(fill_text(text, values).split("**")) if piece
    ]
    return {"is_off": where == LevelUp.OFF, "is_private": where == LevelUp.DM, "pieces": pieces}
