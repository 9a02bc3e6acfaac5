"""What happened lately with who supports; and who hears of it: the team, and everybody where the community thanks in public."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from engagement.notifications.models import SupportNews
from engagement.notifications.notice_words import choose_language
from engagement.notifications.selectors import get_notification_settings
from engagement.notifications.services import set_support_notices
from engagement.notifications.texts import DEFAULT_THANKS, MAX_TEXT, THANKS_PLACES, fill_text
from engagement.supporters.news import list_news
from engagement.supporters.selectors import list_tiers
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
from integrations.discord.directory import Directory, get_directory
from saas.core import clock

GATE: Final = "supporters"
TEMPLATE: Final = "dashboard/supporters/news.html"
# Icon, and the words after the name; {tier} is the tier's.
_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "joined": ("sparkles", "supports with {tier} now"),
    "moved": ("stairs-up", "changed to {tier}"),
    "planned": ("calendar", "changes to {tier} with the next payment"),
    "kept": ("refresh", "stays with {tier} after all"),
    "ending": ("calendar", "set their support with {tier} to end"),
    "resumed": ("refresh", "goes on supporting with {tier}"),
    "ended": ("circle-x", "no longer supports with {tier}"),
}
_ON_HOME: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ShownNews:
    """`href` is empty where the support is no longer that member's."""

    icon: str
    name: str
    words: str
    at: datetime
    href: str


def list_shown_news(*, since: datetime, limit: int) -> list[ShownNews]:
    """The newest first. Two queries."""
    shown = []
    for line in list_news(since=since, limit=limit):
        icon, words = _WORDS[line.kind]
        href = reverse("dashboard-supporter", args=[line.key]) if line.key else ""
        tier = line.tier or "a tier"
        shown.append(ShownNews(icon, line.name or "Somebody", words.format(tier=tier), line.at, href))
    return shown


def list_home_news(desk: Desk) -> list[ShownNews]:
    """For Home: of the last days, for who may see supporters, unless the team does not want it. No query where there never was a plan
    with supporters."""
    if not desk.may("view_supporters") or not (desk.opens[GATE] or desk.context.entitlements.phases):
        return []
    if get_notification_settings().support_news == SupportNews.OFF:
        return []
    return list_shown_news(since=clock.now() - _ON_HOME, limit=3)


class NewsForm(DeskForm):
    news = forms.ChoiceField(
        label="The team hears who begins, changes and ends",
        choices=SupportNews.choices,
        widget=forms.RadioSelect,
        help_text="By name and tier. What somebody pays is never said.",
    )
    thanks_channel_id = forms.ChoiceField(
        label="Thank in public",
        required=False,
        help_text="Whoever begins to support is thanked there by the name that they chose to be shown with. Hidden members, and who does "
        "not want it, are not named. Nobody is pinged.",
    )
    thanks_text = forms.CharField(
        label="Words of the thanks",
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Empty: our own sentence. In place of these stands: "
        + "; ".join(f"{{{name}}} {words}" for name, words in THANKS_PLACES.items())
        + ".",
    )

    def __init__(self, *args: Any, directory: Directory, **options: Any) -> None:
        super().__init__(*args, **options)
        channel = self.fields["thanks_channel_id"]
        assert isinstance(channel, forms.ChoiceField)
        known = channel_choices(directory, [str(self["thanks_channel_id"].value() or "")], speaking=True)
        channel.choices = [("", "Nowhere"), *known]

    def clean_thanks_channel_id(self) -> str:
        chosen = str(self.cleaned_data["thanks_channel_id"])
        if chosen and not (chosen.isascii() and chosen.isdecimal() and 17 <= len(chosen) <= 19):
            raise forms.ValidationError("This is no channel of Discord's. Choose one of the list.")
        return chosen


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("manage_supporters")
def change_news(request: HttpRequest, desk: Desk) -> HttpResponse:
    """`do` = preview answers the thanks as they would read."""
    directory, standing = get_directory(desk.context), get_notification_settings()
    initial = {
        "news": standing.support_news,
        "thanks_channel_id": str(standing.thanks_channel_id or ""),
        "thanks_text": standing.thanks_text,
    }
    values = as_posted(NewsForm(initial=initial, directory=directory))
    now = Opened(version_of(values), values)
    opened = read_opened(request.POST) if request.method == "POST" else None
    form = NewsForm(
        settle(request.POST) if request.method == "POST" else None, initial=initial, directory=directory
    )
    if request.POST.get("do") == "preview":
        return render(request, "dashboard/supporters/thanks.html", {"thanks": _describe(desk, form)})
    here = reverse("dashboard-support-news")
    if form.is_valid():
        if opened is not None and opened.version != now.version:
            return show_conflict(
                request, form=form, opened=opened, now=now, changed_by="Somebody", names=directory.names,
                title="This was changed meanwhile", back=here,
            )  # fmt: skip
        data = form.cleaned_data
        saved = form.try_to(
            lambda: set_support_notices(
                news=data["news"],
                thanks_channel_id=int(data["thanks_channel_id"]) if data["thanks_channel_id"] else None,
                thanks_text=data["thanks_text"],
                actor=desk.actor,
            )
        )
        if saved is not None:
            return go_to(request, here, "Saved. It holds for what happens from now on.")
    page = FormPage(
        form,
        title="News and thanks",
        lead="Who hears that somebody supports. The member themselves is told in any case.",
        submit="Save",
        back=reverse("dashboard-supporters"),
        action=here,
        opened=seal(opened or now),
        preview="dashboard/supporters/thanks_preview.html",
        facts={
            "directory": directory,
            "thanks": _describe(desk, form),
            "team_channel": directory.name_of(str(standing.team_channel_id))
            if standing.team_channel_id
            else "",
        },
    )
    return show_form(request, page, template=TEMPLATE)


def _describe(desk: Desk, form: NewsForm) -> dict[str, Any]:
    """How the thanks would read for somebody named Ada."""
    ours = DEFAULT_THANKS[choose_language(desk.context.locale)]
    text = str(form["thanks_text"].value() or "").strip()[:MAX_TEXT] or ours
    first = next((one.tier.name for one in list_tiers()), "Friends")
    said = fill_text(text, {"member": "Ada", "tier": first, "community": desk.context.name})
    pieces = [(number % 2 == 1, piece) for number, piece in enumerate(said.split("**")) if piece]
    return {"is_off": not form["thanks_channel_id"].value(), "pieces": pieces}
