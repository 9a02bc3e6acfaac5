"""A reward's form: new from a kind, changed against what stands, previewed as members will see it.

The form is sent to one address. `do` = preview answers the card alone; anything else saves.
"""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from engagement.files.errors import InvalidFileError
from engagement.rewards.catalogue import change_reward, create_reward, key_of, offer_reward
from engagement.rewards.errors import RewardArchivedError, RewardChangedError, RewardKeyTakenError
from engagement.rewards.freezing import names_sponsors
from engagement.rewards.kinds import KINDS, Kind, get_kind, is_pool
from engagement.rewards.models import Reward, RewardState, Sponsor
from engagement.rewards.selectors import find_reward, get_reward, list_categories
from engagement.rewards.tiers import list_tiers
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to, tell
from frontend_api.dashboard.parts.conflicts import Opened, as_posted, read_opened, seal, settle, show_conflict
from frontend_api.dashboard.parts.forms import FormPage, show_form
from integrations.discord.directory import Directory, get_directory
from saas.core.errors import ConflictError, InvalidInputError, NotAllowedError
from saas.core.ids import new_ulid

from .cards import show_card
from .forms import RewardForm, initial_of, settings_initial

TEMPLATE: Final = "dashboard/rewards/form.html"
PREVIEW: Final = "preview"


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_rewards")
def add_reward(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Without a kind in the address: the choice of one."""
    asked = request.GET.get("kind", "")
    if asked not in KINDS:
        return render(request, "dashboard/rewards/kinds.html", {"kinds": KINDS.values()})
    kind = get_kind(asked)
    token = request.POST.get("token", "")[:26] or new_ulid()
    form = _form(request, desk, kind, settings_initial(asked, {}), get_directory(desk.context))
    page = _page(
        request,
        desk,
        form,
        title=f"New reward: {kind.title}",
        submit="Save the draft",
        back=reverse("dashboard-rewards"),
    )
    page.facts["token"] = token  # type: ignore[index]
    if _is_preview(request):
        return _preview(request, desk, form, Reward(kind=asked))
    if form.is_valid():
        made = form.try_to(lambda: _make(desk, form, token))
        if made is not None:
            return _after(request, desk, made)
    return show_form(request, page, template=TEMPLATE)


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_rewards")
def edit_reward(request: HttpRequest, desk: Desk, reward_id: int) -> HttpResponse:
    reward = get_reward(reward_id=reward_id)
    back = reverse("dashboard-reward", args=[reward.pk])
    if reward.state == RewardState.ARCHIVED:
        return go_to(request, back, RewardArchivedError(reward.name).message, kind="warn")
    directory, kind, initial = get_directory(desk.context), get_kind(reward.kind), initial_of(reward)
    standing = _form(None, desk, kind, initial, directory)
    now = Opened(str(reward.version), as_posted(standing))
    form = _form(request, desk, kind, initial, directory)
    opened = read_opened(request.POST) if request.method == "POST" else None
    page = _page(
        request,
        desk,
        form,
        title=reward.name,
        submit="Save",
        back=back,
        opened=seal(opened or now),
        reward=reward,
    )
    if _is_preview(request):
        return _preview(request, desk, form, reward)
    if form.is_valid():
        try:
            saved = _save(desk, reward, form, opened)
        except RewardChangedError:
            return show_conflict(
                request,
                form=form,
                opened=opened,
                now=now,
                changed_by="Somebody",
                title=f"“{reward.name}” was changed meanwhile",
                back=back,
                names=directory.names,
            )
        if saved is not None:
            return _after(request, desk, saved)
    return show_form(request, page, template=TEMPLATE)


def _make(desk: Desk, form: RewardForm, token: str) -> Reward | None:
    key = key_of(form.cleaned_data["name"], token)
    facts = _facts(form)
    if facts is None:
        return None
    try:
        return create_reward(
            context=desk.context, kind=form.kind.kind, facts=facts, actor=desk.actor, key=key
        )
    except RewardKeyTakenError:
        return find_reward(key=key)  # this very form was sent before
    except NotAllowedError as error:
        form.add_problem(error)
        return None


def _save(desk: Desk, reward: Reward, form: RewardForm, opened: Opened | None) -> Reward | None:
    facts = _facts(form)
    if facts is None:
        return None
    seen = opened.values.get("stock", [""])[0] if opened is not None else ""
    try:
        return change_reward(
            context=desk.context,
            reward_id=reward.pk,
            facts=facts,
            actor=desk.actor,
            # A form that does not say what it was opened at is taken for one that was opened before everything.
            expected_version=int(opened.version) if opened is not None and opened.version.isdecimal() else 0,
            stock_seen=int(seen) if seen.isdecimal() else None,
        )
    except RewardChangedError:
        raise
    except (NotAllowedError, ConflictError, InvalidInputError) as error:
        form.add_problem(error)
        return None


def _facts(form: RewardForm) -> dict[str, Any] | None:
    """None where an upload was refused, which then stands in the form."""
    try:
        return form.facts()
    except InvalidFileError:
        return None


def _after(request: HttpRequest, desk: Desk, reward: Reward) -> HttpResponse:
    """To the reward's page; by way of the shop where that was asked for as well."""
    here = reverse("dashboard-reward", args=[reward.pk])
    if request.POST.get("offer") == "1" and reward.state != RewardState.ACTIVE:
        try:
            offer_reward(context=desk.context, reward_id=reward.pk, actor=desk.actor)
        except (ConflictError, InvalidInputError, NotAllowedError) as error:
            tell(request, f"“{reward.name}” is saved, and not on offer yet.")
            return go_to(request, here, error.message, kind="warn")
        return go_to(request, here, f"“{reward.name}” is on offer: members find it in the shop.")
    return go_to(request, here, f"“{reward.name}” is saved.")


def _form(
    request: HttpRequest | None, desk: Desk, kind: Kind, initial: dict[str, Any], directory: Directory
) -> RewardForm:
    sent = request is not None and request.method == "POST"
    return RewardForm(
        settle(request.POST) if request is not None and sent else None,
        request.FILES if request is not None and sent else None,
        initial=initial,
        kind=kind,
        directory=directory,
        timezone=desk.context.timezone,
        opens_drops=desk.opens["drops"],
        names_sponsors=names_sponsors(desk.context),
    )


def _page(
    request: HttpRequest,
    desk: Desk,
    form: RewardForm,
    *,
    title: str,
    submit: str,
    back: str,
    opened: str = "",
    reward: Reward | None = None,
) -> FormPage:
    settings = {one.name: form[f"settings_{one.name}"].value() for one in form.kind.settings}
    return FormPage(
        form,
        title=title,
        lead=form.kind.what,
        submit=submit,
        back=back,
        action=request.get_full_path(),
        opened=opened,
        preview="dashboard/rewards/preview.html",
        facts={
            "kind": form.kind,
            "reward": reward,
            "is_draft": reward is None or reward.state != RewardState.ACTIVE,
            "pool": is_pool(form.kind.kind, settings),
            "categories": list_categories(),
            "picture": form.stored("picture_id"),
            "file": form.stored("settings_file_id_id") if "settings_file_id_id" in form.fields else None,
            "gate_sponsors": desk.opens["sponsors"],
        },
    )


def _is_preview(request: HttpRequest) -> bool:
    return request.method == "POST" and request.POST.get("do") == PREVIEW


def _preview(request: HttpRequest, desk: Desk, form: RewardForm, reward: Reward) -> HttpResponse:
    """The card of what the form holds, as far as it can be read. Writes nothing."""
    form.is_valid()
    data = form.cleaned_data
    for name in ("name", "description", "price", "stock"):
        setattr(reward, name, data.get(name))
    reward.name = reward.name or "The reward’s name"
    reward.description, reward.price = reward.description or "", reward.price or 0
    picture = data.get("picture_id")
    reward.picture_id = None if data.get("no_picture") else picture if form.stored("picture_id") else None
    sponsor = data.get("sponsor")
    reward.sponsor = Sponsor.objects.filter(pk=int(sponsor)).first() if sponsor else None
    reward.state = RewardState.DRAFT
    facts = {
        "card": show_card(reward, desk.context, list_tiers()),
        "waits": "picture" in request.POST or form.files,
    }
    return render(request, "dashboard/rewards/card.html", facts)
