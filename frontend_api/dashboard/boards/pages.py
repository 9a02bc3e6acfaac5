"""Leaderboards as the community wants them, with the top ten as they stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from engagement.leaderboards.selectors import get_board, get_board_rules
from engagement.members.selectors import list_figures
from engagement.progression.boards import offer_periods, set_board_rules
from engagement.progression.figures import choose_tie_figure
from engagement.progression.seasons import SeasonPreview, change_season_length, preview_seasons
from engagement.settings.services import change_settings
from engagement.standings.periods import KINDS
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
from frontend_api.dashboard.pickers import PickerField, role_choices
from frontend_api.figures import write_unit
from frontend_api.portal.boards import KINDS as NAMES
from integrations.discord.directory import Directory, get_directory
from saas.core.errors import InvalidInputError, NotFoundError
from tenants.community import get_facts

TOP: Final = 10
_LENGTHS: Final = {"month": "A month", "quarter": "A quarter of a year", "year": "A year"}


class BoardsForm(DeskForm):
    public = forms.TypedChoiceField(
        label="Who may see boards and members’ pages",
        choices=[("yes", "Everybody, without a login"), ("no", "Members of the community, after signing in")],
        widget=forms.RadioSelect,
        help_text="It holds for pages, live updates and the API alike. The bot always answers inside your server.",
    )
    periods = forms.MultipleChoiceField(
        label="Boards on offer",
        choices=[(kind, NAMES[kind]) for kind in KINDS],
        widget=forms.CheckboxSelectMultiple,
        help_text="Those left out are counted on, so that you can offer them again at any time.",
        error_messages={"required": "Offer at least one board."},
    )
    season_length = forms.ChoiceField(
        label="A season is",
        choices=(),
        widget=forms.RadioSelect,
        help_text="Changed, the points of the months in each season are counted together anew, also of seasons that are over, so places in "
        "them may be others. All time, months and weeks stay as they are. You can go back at any time: then every season is as it was.",
    )
    excluded_roles = PickerField(
        label="Roles that hold no rank",
        summary="everybody can hold one",
        help_text="Such as your staff’s. Their points go on counting, and the ranks come back with the role’s going. Bots, who "
        "left and who chose to be hidden hold no rank either way.",
    )
    tie_figure = forms.ChoiceField(
        label="Equal points: after who got there first",
        required=False,
        help_text="More of the chosen figure stands higher, then who joined earlier.",
    )

    def __init__(
        self, *args: Any, directory: Directory, seasons: Mapping[str, SeasonPreview], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        roles, tie, season = (self.fields[name] for name in ("excluded_roles", "tie_figure", "season_length"))
        assert isinstance(roles, PickerField)
        assert isinstance(season, forms.ChoiceField)
        season.choices = [(length, _season_text(one)) for length, one in seasons.items()]
        assert isinstance(tie, forms.ChoiceField)
        roles.choices = role_choices(directory, self["excluded_roles"].value() or ())
        names = dict.fromkeys([figure.name for figure in list_figures()])
        chosen = str(self["tie_figure"].value() or "")
        tie.choices = [
            ("", "Who joined earlier"),
            *((name, name) for name in dict.fromkeys([*names, chosen]) if name),
        ]


def _season_text(season: SeasonPreview) -> str:
    """“A quarter: now 1 Oct – 31 Dec 2026, the next begins on 1 Jan 2027”."""
    begin, end = (
        f"{season.starts_on.day} {season.starts_on:%b}",
        f"{season.ends_on.day} {season.ends_on:%b %Y}",
    )
    following = f"{season.next_on.day} {season.next_on:%b %Y}"
    return f"{_LENGTHS[season.length]}: now {begin} – {end}, the next begins on {following}"


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_boards")
def change_boards(request: HttpRequest, desk: Desk) -> HttpResponse:
    directory, rules = get_directory(desk.context), get_board_rules()
    needs: dict[str, Any] = {"directory": directory, "seasons": preview_seasons(context=desk.context)}
    initial = {
        "public": "yes" if get_facts(tenant_id=desk.context.tenant_id)["board_public"] else "no",
        "periods": list(rules.periods),
        "excluded_roles": list(rules.excluded_roles),
        "tie_figure": rules.tie_figure,
        "season_length": rules.season_length,
    }
    values = as_posted(BoardsForm(initial=initial, **needs))
    now = Opened(version_of(values), values)
    opened = read_opened(request.POST) if request.method == "POST" else None
    form = BoardsForm(settle(request.POST) if request.method == "POST" else None, initial=initial, **needs)
    back = reverse("dashboard-boards")
    if form.is_valid():
        if opened is None or opened.version != now.version:
            return show_conflict(
                request, form=form, opened=opened, now=now, changed_by="", back=back, names=directory.names,
                title="The leaderboards were changed meanwhile",
            )  # fmt: skip
        try:
            moved = _save(desk, form.cleaned_data, initial)
            text = "The leaderboards are saved."
            return go_to(
                request,
                back,
                f"{text} {write_unit(moved, 'members')} gained or lost a rank." if moved else text,
            )
        except (InvalidInputError, NotFoundError) as error:
            form.add_problem(error)
    page = FormPage(
        form, title="Leaderboards", submit="Save", back=back, opened=seal(opened or now),
        lead="Who stands on them, which are offered, and to whom.", preview="dashboard/boards/preview.html",
        facts={"directory": directory, "board": get_board(kind=rules.periods[0], size=TOP)},
    )  # fmt: skip
    return show_form(request, page, template="dashboard/boards/boards.html")


def _save(desk: Desk, data: dict[str, Any], before: dict[str, Any]) -> int:
    """Each part through its own service, and only where it differs: each is recorded by itself. Answers how many members gained or
    lost their ranks."""
    change_settings(context=desk.context, changes={"board_public": data["public"] == "yes"}, actor=desk.actor)
    offer_periods(periods=data["periods"], actor=desk.actor)
    if data["season_length"] != before["season_length"]:
        change_season_length(length=data["season_length"], actor=desk.actor)
    if data["tie_figure"] != before["tie_figure"]:
        choose_tie_figure(name=data["tie_figure"], actor=desk.actor)
    return set_board_rules(excluded_roles=data["excluded_roles"], actor=desk.actor, context=desk.context)
