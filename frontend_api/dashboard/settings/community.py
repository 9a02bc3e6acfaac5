"""The community itself: how it is called and looks, and how it counts its days."""

from __future__ import annotations

import zoneinfo
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_http_methods

from engagement.settings.services import change_settings
from frontend_api.colour import TEXT_CONTRAST, accent_of, contrast, parse_colour
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
from frontend_api.figures import initials_of
from saas.core.errors import InvalidInputError
from tenants.community import LOCALES, CommunityChangedError, Facts, get_facts
from tenants.models import Tenant

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FIELDS: Final = (
    "name", "description", "kind", "emblem_url", "colour", "points_name", "locale", "timezone", "first_weekday",
)  # fmt: skip
# Pages of other parts, shown where they exist: route, name, what it is for.
ELSEWHERE: Final = (
    ("community", "Community", "its address, its owner, and deleting it"),
    ("dashboard-team", "Team", "who may do what here"),
    ("bot", "Bot", "the Discord server and the bot’s permissions"),
    ("imports", "Imports", "bring levels over from another bot"),
    ("dashboard-keys", "API keys", "for your own programs"),
    ("dashboard-audit", "Audit log", "everything that anybody did"),
)


class CommunityForm(DeskForm):
    name = forms.CharField(label="Name", max_length=100)
    description = forms.CharField(
        label="Description",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One or two sentences for whoever finds your pages.",
    )
    kind = forms.ChoiceField(label="Kind", choices=Tenant.Kind.choices)
    emblem_url = forms.CharField(
        label="Emblem",
        required=False,
        max_length=500,
        help_text="The address of a square picture, beginning with https://. Empty: the initials.",
        widget=forms.URLInput(attrs={"inputmode": "url", "placeholder": "https://"}),
    )
    colour = forms.CharField(
        label="Colour",
        help_text="On members’ pages and in Discord.",
        widget=forms.TextInput(attrs={"type": "color"}),
    )
    points_name = forms.CharField(
        label="Name of the points", max_length=30, help_text="In the plural, such as points, stars or coins."
    )
    locale = forms.ChoiceField(
        label="Language", help_text="The bot answers each member in their own where it can."
    )
    timezone = forms.ChoiceField(
        label="Time zone",
        help_text="When a day, a week and a month begin for the boards. Points keep the day they were earned on; a change "
        "holds for what is earned from now on.",
    )
    first_weekday = forms.TypedChoiceField(
        label="First day of the week",
        choices=list(enumerate(WEEKDAYS)),
        coerce=int,
        help_text="The board of the week begins anew on this day. After a change the running week starts over on the new "
        "day; former weeks stay as they were.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        zone, locale = self.fields["timezone"], self.fields["locale"]
        assert isinstance(zone, forms.ChoiceField)
        assert isinstance(locale, forms.ChoiceField)
        names = sorted(zoneinfo.available_timezones() - {"localtime", "Factory"})
        zone.choices = [(name, name.replace("_", " ")) for name in names]
        standing = str(self.initial.get("locale", "en"))
        known = dict(LOCALES)
        known.setdefault(standing, f"{standing} (English is spoken where nothing is translated)")
        locale.choices = list(known.items())


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("view_settings")
def change_community(request: HttpRequest, desk: Desk) -> HttpResponse:
    if request.method == "POST":
        desk.require("change_settings")
    facts = get_facts(tenant_id=desk.context.tenant_id)
    initial = {name: facts[name] for name in FIELDS}
    values = as_posted(CommunityForm(initial=initial))
    now = Opened(version_of(values), values)
    opened = read_opened(request.POST) if request.method == "POST" else None
    form = CommunityForm(settle(request.POST) if request.method == "POST" else None, initial=initial)
    page = FormPage(
        form, title="Settings", submit="Save", back=reverse("dashboard-settings"), opened=seal(opened or now),
        lead="How the community is called, how it looks, and how it counts its days.",
        preview="dashboard/settings/look.html",
        facts={"look": describe_look(form), "elsewhere": list_elsewhere()},
    )  # fmt: skip
    if request.POST.get("do") == "look":
        part = request.headers.get("HX-Target") == "preview"
        template = "dashboard/settings/look.html" if part else "dashboard/settings/settings.html"
        return render(request, template, {"page": page, "form": form, **page.facts})
    if form.is_valid():
        try:
            if opened is None or opened.version != now.version:
                raise CommunityChangedError(facts, ["name"])
            after = _save(desk, form, facts)
            text = (
                "Saved. Every page and the bot follow within a second."
                if after
                else "Nothing was different, so nothing was saved."
            )
            return go_to(request, page.back, text)
        except InvalidInputError as error:
            form.add_problem(error)
        except CommunityChangedError:
            return show_conflict(
                request, form=form, opened=opened, now=now, changed_by="", back=page.back,
                title="The settings were changed meanwhile",
            )  # fmt: skip
    return show_form(request, page, template="dashboard/settings/settings.html")


def _save(desk: Desk, form: CommunityForm, facts: Facts) -> Facts:
    changes = {name: form.cleaned_data[name] for name in FIELDS}
    return change_settings(context=desk.context, changes=changes, expected=facts, actor=desk.actor)


def describe_look(form: CommunityForm) -> dict[str, Any]:
    """The colour as it will stand: itself where it can be read, else its nearest shade."""
    text = str(form["colour"].value() or "")
    try:
        parse_colour(text)
    except InvalidInputError as error:
        return {"error": error.message}
    accent = accent_of(text)
    name = str(form["name"].value() or "")[:100]
    return {
        "colour": text.lower(),
        "accent": accent,
        "is_same": accent.light == text.lower(),
        "ratio": f"{contrast(text, '#ffffff'):.1f}",
        "wanted": TEXT_CONTRAST,
        "name": name,
        "initials": initials_of(name),
        "points": str(form["points_name"].value() or "points")[:30],
    }


def list_elsewhere() -> list[dict[str, str]]:
    """The settings that stand on pages of their own, as far as they exist."""
    found = []
    for route, name, text in ELSEWHERE:
        try:
            found.append({"href": reverse(route), "name": name, "text": text})
        except NoReverseMatch:
            continue
    return found
