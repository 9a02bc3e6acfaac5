"""The bot's commands: whether and in which channels each answers, and how often one member may ask."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from engagement.commands.catalogue import COMMANDS
from engagement.commands.selectors import EVERY_COMMAND, CommandPolicy, get_command_policies
from engagement.commands.services import (
    MAX_SECONDS,
    MAX_USES,
    clear_command_policy,
    set_command_policy,
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
from frontend_api.dashboard.pickers import PickerField, channel_choices
from integrations.discord.directory import Directory, get_directory

ALL = "all"  # in addresses


class PolicyForm(DeskForm):
    enabled = forms.TypedChoiceField(
        label="The command",
        choices=[("yes", "Answers"), ("no", "Is switched off, and says so")],
        widget=forms.RadioSelect,
        coerce=lambda value: value == "yes",
    )
    channel_ids = PickerField(
        label="Channels in which it answers",
        summary="every channel",
        help_text="Their threads too. Elsewhere the bot names the right channel.",
    )
    uses = forms.IntegerField(
        label="Uses", min_value=1, max_value=MAX_USES, help_text="So often may one member use it …",
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )  # fmt: skip
    seconds = forms.IntegerField(
        label="Seconds", min_value=1, max_value=MAX_SECONDS, help_text="… within so many seconds.",
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )  # fmt: skip

    def __init__(self, *args: Any, directory: Directory, **options: Any) -> None:
        super().__init__(*args, **options)
        picker = self.fields["channel_ids"]
        assert isinstance(picker, PickerField)
        picker.choices = channel_choices(directory, self["channel_ids"].value() or ())


@require_safe
@dashboard_page("view_settings")
def show_commands(request: HttpRequest, desk: Desk) -> HttpResponse:
    directory, policies = get_directory(desk.context), get_command_policies()
    lines = [
        _line(
            ALL,
            "every command without settings of its own",
            policies.policy_for(EVERY_COMMAND),
            EVERY_COMMAND in policies.by_command,
            directory,
        )
    ]
    lines += [
        _line(name, text, policies.policy_for(name), name in policies.by_command, directory)
        for name, text in COMMANDS.items()
    ]
    return render(request, "dashboard/settings/commands.html", {"lines": lines, "directory": directory})


def _line(name: str, text: str, policy: CommandPolicy, is_own: bool, directory: Directory) -> dict[str, Any]:
    return {
        "key": name,
        "name": "All commands" if name == ALL else f"/{name}",
        "text": text,
        "policy": policy,
        "channels": sorted(directory.name_of(channel) for channel in policy.channel_ids),
        "is_own": is_own,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_commands")
def change_command(request: HttpRequest, desk: Desk, name: str) -> HttpResponse:
    command = _command(name)
    directory = get_directory(desk.context)
    policy = get_command_policies().policy_for(command)
    initial = {
        "enabled": "yes" if policy.enabled else "no",
        "channel_ids": sorted(policy.channel_ids),
        "uses": policy.uses,
        "seconds": policy.seconds,
    }
    values = as_posted(PolicyForm(initial=initial, directory=directory))
    now = Opened(version_of(values), values)
    opened = read_opened(request.POST) if request.method == "POST" else None
    form = PolicyForm(
        settle(request.POST) if request.method == "POST" else None, initial=initial, directory=directory
    )
    back, title = reverse("dashboard-commands"), "All commands" if name == ALL else f"/{command}"
    if form.is_valid():
        if opened is None or opened.version != now.version:
            return show_conflict(
                request, form=form, opened=opened, now=now, changed_by="", back=back, names=directory.names,
                title=f"{title} was changed meanwhile",
            )  # fmt: skip
        data = form.cleaned_data
        if form.try_to(lambda: set_command_policy(command=command, actor=desk.actor, **data)) is not None:
            return go_to(request, back, f"{title} is set. The bot follows within ten seconds.")
    page = FormPage(
        form,
        title=title,
        submit="Save",
        back=back,
        opened=seal(opened or now),
        facts={"directory": directory},
    )
    return show_form(request, page, template="dashboard/settings/command.html")


@require_POST
@dashboard_page("change_commands")
def follow_others(request: HttpRequest, desk: Desk, name: str) -> HttpResponse:
    """The command follows its group or all the others again."""
    clear_command_policy(command=_command(name), actor=desk.actor)
    return go_to(
        request,
        reverse("dashboard-commands"),
        "It follows the others again. The bot knows within ten seconds.",
    )


def _command(name: str) -> str:
    """The stored name. Raises Http404."""
    if name == ALL:
        return EVERY_COMMAND
    if name not in COMMANDS:
        raise Http404("The bot has no such command to set up.")
    return name
