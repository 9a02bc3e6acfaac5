"""Sponsors: who they are, for how long they pay, and how far their budget is."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from engagement.files.errors import InvalidFileError
from engagement.files.models import FileUse
from engagement.files.selectors import file_address, list_files
from engagement.files.services import store_file
from engagement.rewards.errors import SponsorChangedError, SponsorNotFoundError
from engagement.rewards.facts import MOST
from engagement.rewards.models import RewardState, Sponsor
from engagement.rewards.sponsors import (
    MAX_NAME,
    MAX_NOTE,
    archive_sponsor,
    change_sponsor,
    count_sponsored,
    create_sponsor,
    describe_sponsor,
    is_sponsoring,
    restore_sponsor,
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
from frontend_api.dashboard.parts.moments import LocalMomentField
from saas.core import clock
from saas.core.errors import EngageHubError, NotAllowedError
from tenants.gates import require_open

GATE: Final = "sponsors"


class SponsorForm(DeskForm):
    name = forms.CharField(
        label="Name", max_length=MAX_NAME, error_messages={"required": "Give the sponsor's name."}
    )
    url = forms.CharField(
        label="Page",
        required=False,
        max_length=500,
        help_text="Begins with https://. Their name links to it.",
    )
    picture = forms.FileField(
        label="Picture",
        required=False,
        help_text="PNG, JPEG, WebP or GIF, up to 8 MB.",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
    )
    picture_id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    no_picture = forms.BooleanField(label="Take the picture away", required=False)
    starts_at = LocalMomentField(label="Named from", help_text="Empty: at once.")
    ends_at = LocalMomentField(label="Until", help_text="Empty: until you archive it.")
    budget = forms.IntegerField(
        label="Redemptions that it pays for",
        required=False,
        min_value=1,
        max_value=MOST,
        help_text="After so many it is no longer named. Empty: no end.",
    )
    note = forms.CharField(
        label="Note of the team",
        required=False,
        max_length=MAX_NOTE,
        help_text="Members don’t see it.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, timezone: str, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            if isinstance(field, LocalMomentField):
                field.zone = timezone
        self.fields["starts_at"].help_text = f"Empty: at once. On the community’s clock: {timezone}."

    def facts(self) -> dict[str, Any]:
        """Raises InvalidFileError for the picture."""
        data = self.cleaned_data
        facts = {name: data[name] for name in ("name", "url", "starts_at", "ends_at", "budget", "note")}
        facts["picture_id"] = data["picture_id"]
        sent = self.files.get("picture")
        if sent is not None:
            try:
                facts["picture_id"] = store_file(
                    use=FileUse.PICTURE, name=sent.name or "", data=sent.read()
                ).pk
            except InvalidFileError as error:
                self.add_error("picture", error.message)
                raise
        elif data["no_picture"]:
            facts["picture_id"] = None
        return facts


@require_safe
@dashboard_page("view_rewards")
def show_sponsors(request: HttpRequest, desk: Desk) -> HttpResponse:
    """All of them, the archived last. The number of queries does not depend on how many there are."""
    rewards = Count("rewards", filter=~Q(rewards__state=RewardState.ARCHIVED))
    found = list(Sponsor.objects.annotate(reward_count=rewards).order_by("archived_at", "name"))
    used = count_sponsored([one.pk for one in found])
    now = clock.now()
    rows = [
        {
            "sponsor": one,
            "picture": file_address(desk.context, one.picture_id) if one.picture_id else "",
            "used": used.get(one.pk, 0),
            "named": is_sponsoring(one, used.get(one.pk, 0), now, in_plan=desk.opens[GATE]),
            "spent": one.budget is not None and used.get(one.pk, 0) >= one.budget,
            "waits": one.starts_at is not None and one.starts_at > now,
        }
        for one in sorted(found, key=lambda one: (one.archived_at is not None, one.name.casefold()))
    ]
    return render(request, "dashboard/rewards/sponsors.html", {"rows": rows})


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_rewards")
def add_sponsor(request: HttpRequest, desk: Desk) -> HttpResponse:
    _refuse_closed(request, desk)
    form = _form(request, desk, {})
    if form.is_valid():
        made = _try(form, lambda facts: create_sponsor(context=desk.context, facts=facts, actor=desk.actor))
        if made is not None:
            return go_to(
                request,
                reverse("dashboard-sponsors"),
                f"“{made.name}” is added. Name it on rewards in their forms.",
            )
    page = _page(request, desk, form, title="Add a sponsor", submit="Add the sponsor")
    return show_form(request, page, template="dashboard/rewards/sponsor_form.html")


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_rewards")
def edit_sponsor(request: HttpRequest, desk: Desk, sponsor_id: int) -> HttpResponse:
    _refuse_closed(request, desk)
    sponsor = Sponsor.objects.filter(pk=sponsor_id if 0 < sponsor_id < 2**31 else 0).first()
    if sponsor is None:
        raise SponsorNotFoundError
    initial = {
        name: getattr(sponsor, name)
        for name in ("name", "url", "picture_id", "starts_at", "ends_at", "budget", "note")
    }
    standing = SponsorForm(initial=initial, timezone=desk.context.timezone)
    values = as_posted(standing)
    now = Opened(version_of(values), values)
    form = _form(request, desk, initial)
    opened = read_opened(request.POST) if request.method == "POST" else None
    if form.is_valid():
        expected = describe_sponsor(sponsor) if opened is not None and opened.version == now.version else {}
        try:
            saved = _try(
                form,
                lambda facts: change_sponsor(
                    context=desk.context,
                    sponsor_id=sponsor.pk,
                    facts=facts,
                    actor=desk.actor,
                    expected=expected,
                ),
            )
        except SponsorChangedError:
            return show_conflict(
                request,
                form=form,
                opened=opened,
                now=now,
                changed_by="Somebody",
                title=f"“{sponsor.name}” was changed meanwhile",
                back=reverse("dashboard-sponsors"),
            )
        if saved is not None:
            return go_to(request, reverse("dashboard-sponsors"), f"“{saved.name}” is saved.")
    page = _page(request, desk, form, title=sponsor.name, submit="Save", opened=seal(opened or now))
    return show_form(request, page, template="dashboard/rewards/sponsor_form.html")


@require_POST
@dashboard_page("change_rewards")
def move_sponsor(request: HttpRequest, desk: Desk, sponsor_id: int) -> HttpResponse:
    """`do` is archive or restore."""
    if request.POST.get("do") == "restore":
        sponsor = restore_sponsor(context=desk.context, sponsor_id=sponsor_id, actor=desk.actor)
        text = f"“{sponsor.name}” is back."
    else:
        sponsor = archive_sponsor(sponsor_id=sponsor_id, actor=desk.actor)
        text = (
            f"“{sponsor.name}” is in the archive and named no longer. What it paid for stays in its report."
        )
    return go_to(request, reverse("dashboard-sponsors"), text)


def _refuse_closed(request: HttpRequest, desk: Desk) -> None:
    """What is sent is refused for the plan before it is read, whatever else may be wrong with it; the locked form can be looked at."""
    if request.method == "POST":
        require_open(GATE, desk.context.entitlements, clock.now())


def _form(request: HttpRequest, desk: Desk, initial: dict[str, Any]) -> SponsorForm:
    sent = request.method == "POST"
    return SponsorForm(
        settle(request.POST) if sent else None,
        request.FILES if sent else None,
        initial=initial,
        timezone=desk.context.timezone,
    )


def _try(form: SponsorForm, act: Any) -> Sponsor | None:
    try:
        facts = form.facts()
        made: Sponsor = act(facts)
        return made
    except (SponsorChangedError, NotAllowedError):
        raise
    except InvalidFileError:
        return None
    except EngageHubError as error:
        form.add_problem(error)
        return None


def _page(
    request: HttpRequest, desk: Desk, form: SponsorForm, *, title: str, submit: str, opened: str = ""
) -> FormPage:
    held = form["picture_id"].value()
    picture = list_files(ids=[int(held)]).get(int(held)) if str(held or "").isdecimal() else None
    return FormPage(
        form,
        title=title,
        lead="Named on the rewards that it pays for, on what was redeemed, and in its report.",
        submit=submit,
        back=reverse("dashboard-sponsors"),
        action=request.path,
        opened=opened,
        locked_by="" if desk.opens[GATE] else GATE,
        facts={"picture": picture},
    )
