"""Going live, and back into shadow: said in numbers before it is done."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from engagement.kinds.lifecycle import take_back_to_shadow, take_live
from engagement.notifications.models import LevelUp
from engagement.notifications.selectors import get_notification_settings
from frontend_api.actors import actor_of
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.confirm import Confirm, Consequence, is_confirmed, show_confirm
from frontend_api.figures import write_unit, write_whole

from .parts import read_role_changes


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("go_live")
def go_live(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Ask, then leave shadow mode. A second press finds it done."""
    page = Confirm(
        title=f"Take {desk.context.name} live",
        submit="Go live",
        back=reverse("setup"),
        lead="From now on what happens shows in Discord.",
        consequences=describe_going_live(desk),
        danger=False,
    )
    if not is_confirmed(request, page):
        return show_confirm(request, page)
    if take_live(context=desk.context, actor=actor_of(request)):
        return go_to(request, reverse("setup"), f"{desk.context.name} is live.")
    return go_to(request, reverse("setup"), f"{desk.context.name} was live already.")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("go_live")
def go_to_shadow(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Ask, then go back to shadow mode."""
    page = Confirm(
        title="Back to shadow mode",
        submit="Go back to shadow",
        back=reverse("setup"),
        lead="Everything goes on being counted.",
        consequences=[
            Consequence("Level-ups are no longer announced; commands answer only the one who asks.", "bell"),
            Consequence("No role is given or taken from now on. Members keep the roles they have.", "users"),
            Consequence("You can go live again at any time. What is reached meanwhile stays quiet.", "flask"),
        ],
        danger=False,
    )
    if not is_confirmed(request, page):
        return show_confirm(request, page)
    changed = take_back_to_shadow(context=desk.context, actor=actor_of(request))
    told = "is in shadow mode" if changed else "was in shadow mode already"
    return go_to(request, reverse("setup"), f"{desk.context.name} {told}.")


def describe_going_live(desk: Desk) -> list[Consequence]:
    """What will happen, in numbers."""
    roles = read_role_changes(desk)
    give, take = sum(role.give for role in roles), sum(role.take for role in roles)
    told = {
        LevelUp.CHANNEL: "New level-ups are announced in Discord, short and without a ping.",
        LevelUp.DM: "New level-ups are told to the member alone.",
        LevelUp.OFF: "Level-ups are not announced; you chose so.",
    }[LevelUp(get_notification_settings().level_up)]
    lines = [Consequence(f"{told} What was reached before stays quiet.", "bell")]
    made = [role.name for role in roles if role.name]
    if made:
        text = f"{write_unit(len(made), 'roles')} will be made in Discord: {', '.join(made)}."
        lines.append(Consequence(text, "users"))
    if not roles:
        lines.append(Consequence("No level gives a role yet, so no role changes.", "users"))
    else:
        text = f"{write_unit(give, 'roles')} will be given"
        if take:
            text += f" and {write_whole(take)} taken back"
        lines.append(Consequence(f"{text}, a few a second so that Discord's limits hold.", "users"))
    lines.append(Consequence("Commands such as /leaderboard answer for everybody to see.", "message"))
    lines.append(Consequence("You can go back to shadow mode at any time.", "arrow-back-up"))
    return lines
