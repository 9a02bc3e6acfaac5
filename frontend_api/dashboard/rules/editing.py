"""A rule's form: new from a starter, changed against what stands, tried before it is saved.

The form is sent to one address. `do` says what for: `run` tries it on the last days, `one` on an imagined activity, anything else
saves. A trial writes nothing and may be asked for by who may only look.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_http_methods

from engagement.rules.condition_rows import ConditionRow
from engagement.rules.condition_words import (
    FIELD_WORDS,
    FLAG_OPERATORS,
    LIST_OPERATORS,
    NUMBER_OPERATORS,
    TEXT_OPERATORS,
)
from engagement.rules.differences import describe_rule
from engagement.rules.errors import InvalidRuleError, RuleChangedError, RuleKeyTakenError
from engagement.rules.freezing import list_frozen_ids, rules_allowed
from engagement.rules.models import Rule
from engagement.rules.selectors import get_rule, get_rule_by_id, list_rules
from engagement.rules.services import create_rule, key_of, revise_rule
from engagement.rules.starters import STARTERS
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.conflicts import Opened, as_posted, read_opened, seal, settle, show_conflict
from frontend_api.dashboard.parts.forms import FormPage, show_form
from integrations.discord.directory import Directory, get_directory
from saas.core.ids import new_ulid

from .condition_lines import BLANK_LINES, gather, kind_of
from .forms import RuleForm, initial_of
from .trying import SPANS, TRIALS, describe_trial

TEMPLATE = "dashboard/rules/form.html"


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("change_rules")
def add_rule(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Without a starter in the address: the choice of one."""
    starter = STARTERS.get(request.GET.get("from", ""))
    if starter is None:
        if request.GET.get("from"):
            raise Http404("There is no such start for a rule.")
        return render(request, "dashboard/rules/starters.html", {"starters": STARTERS.values()})
    directory = get_directory(desk.context)
    begun = initial_of(starter.name, starter.definition, directory)
    form = RuleForm(_sent(request), initial=begun, directory=directory)
    token = request.POST.get("token", "")[:26] or new_ulid()
    page = _page(
        request, desk, form, directory, rule=None, token=token, title="New rule", submit="Make the rule",
    )  # fmt: skip
    if request.method == "POST" and (trial := _trial(request, desk, page, key="")) is not None:
        return trial
    if form.is_valid():
        key = key_of(form.cleaned_data["name"], token[-8:])
        made = form.try_to(lambda: _make(desk, key, form))
        if made is not None:
            text = f"“{made.name}” is made and {'on' if made.enabled else 'off'}."
            return go_to(request, reverse("dashboard-rules"), text)
    return show_form(request, page, template=TEMPLATE)


def _make(desk: Desk, key: str, form: RuleForm) -> Rule:
    try:
        return create_rule(
            key=key,
            name=form.cleaned_data["name"],
            definition=form.definition(),
            actor=desk.actor,
            enabled=form.data.get("enabled") != "0",
        )
    except RuleKeyTakenError:
        return get_rule(key=key)  # this very form was sent before


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("view_rules")
def show_rule(request: HttpRequest, desk: Desk, rule_id: int) -> HttpResponse:
    rule = get_rule_by_id(rule_id=rule_id)
    assert rule.latest is not None
    directory = get_directory(desk.context)
    allowed = rules_allowed(desk.context)
    is_frozen = rule.pk in list_frozen_ids(list_rules(), allowed)
    if rule.archived_at is not None or is_frozen or not desk.may("change_rules"):
        if request.method == "POST":
            desk.require("change_rules")
        lines = describe_rule(rule.latest.name, rule.latest.definition, directory.names)
        facts = {"rule": rule, "lines": lines, "desk": desk, "is_frozen": is_frozen, "allowed": allowed}
        return render(request, "dashboard/rules/look.html", facts)
    standing = RuleForm(
        initial=initial_of(rule.latest.name, rule.latest.definition, directory), directory=directory
    )
    now = Opened(str(rule.latest.number), as_posted(standing))
    form = RuleForm(_sent(request), initial=standing.initial, directory=directory)
    opened = read_opened(request.POST) if request.method == "POST" else None
    page = _page(
        request, desk, form, directory, rule=rule, token="", title=rule.name, submit="Save",
        opened=seal(opened or now),
    )  # fmt: skip
    if request.method == "POST" and (trial := _trial(request, desk, page, key=rule.key)) is not None:
        return trial
    if form.is_valid():
        try:
            saved = _revise(desk, rule, form, opened)
            text = f"“{saved.name}” is saved and holds from the next activity on."
            return go_to(request, reverse("dashboard-rules"), text)
        except InvalidRuleError as error:
            form.add_problem(error)
        except RuleChangedError as error:
            back = reverse("dashboard-rule", args=[rule.pk])
            request.POST = gather(request.POST)  # type: ignore[assignment]
            return show_conflict(
                request, form=form, opened=opened, now=now, changed_by=error.standing.created_by,
                title=f"“{rule.name}” was changed meanwhile", back=back, names=directory.names,
            )  # fmt: skip
    return show_form(request, page, template=TEMPLATE)


def _revise(desk: Desk, rule: Rule, form: RuleForm, opened: Opened | None) -> Rule:
    # A form that does not say what it was opened at is taken for one that was opened before everything.
    began = int(opened.version) if opened is not None and opened.version.isdecimal() else 0
    return revise_rule(
        key=rule.key,
        name=form.cleaned_data["name"],
        definition=form.definition(),
        actor=desk.actor,
        expected_version=began,
    )


def _sent(request: HttpRequest) -> MultiValueDict[str, str] | None:
    return settle(gather(request.POST)) if request.method == "POST" else None


def _trial(request: HttpRequest, desk: Desk, page: FormPage, *, key: str) -> HttpResponse | None:
    """The answer to a trial; None when the form was sent to be saved."""
    asked = request.POST.get("do", "")
    form = page.form
    assert isinstance(form, RuleForm)
    if asked not in TRIALS:
        return None
    facts = (
        describe_trial(request, desk, form, asked=asked, key=key) if form.is_valid() else {"unfinished": True}
    )
    if request.headers.get("HX-Target") == "trial":
        return render(request, "dashboard/rules/trial.html", {"form": form, **facts})
    return render(request, TEMPLATE, {"page": page, "form": form, **page.facts, **facts})


def _page(
    request: HttpRequest,
    desk: Desk,
    form: RuleForm,
    directory: Directory,
    *,
    rule: Rule | None,
    token: str,
    title: str,
    submit: str,
    opened: str = "",
) -> FormPage:
    if form.is_bound:
        form.is_valid()  # so that the lines know their errors
    facts: dict[str, Any] = {
        "rule": rule,
        "token": token,
        "directory": directory,
        "spans": SPANS,
        "rows": [*form.rows, *([(ConditionRow("", "", ""), "")] * BLANK_LINES)],
        "fields": [(field, words, kind_of(field)) for field, words in FIELD_WORDS.items()],
        "operators": [
            (kind, list(operators.items()))
            for kind, operators in (
                ("number", NUMBER_OPERATORS),
                ("text", TEXT_OPERATORS),
                ("list", LIST_OPERATORS),
                ("flag", FLAG_OPERATORS),
            )
        ],
    }
    return FormPage(
        form,
        title=title,
        submit=submit,
        back=reverse("dashboard-rules"),
        action=request.get_full_path(),
        opened=opened,
        preview="dashboard/rules/preview.html",
        facts=facts,
    )
