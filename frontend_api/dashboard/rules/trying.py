"""A rule tried in its form: over the last days' activities, or on one that somebody imagines. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.http import HttpRequest

from engagement.analytics.dry_run import DAYS, dry_run_rule
from engagement.rules.definition import parse_definition
from engagement.rules.errors import InvalidRuleError
from engagement.rules.selectors import get_rules_settings
from engagement.rules.trial import Trial, try_rule
from engagement.rules.words import named_amount, rule_text
from frontend_api.dashboard.access import Desk
from frontend_api.figures import write_unit
from integrations.discord.directory import Directory
from saas.core import clock
from tenants.gates import GateClosedError

from .forms import DEEDS, RuleForm

RUN: Final = "run"
ONE: Final = "one"
SAY: Final = "say"
# How far back a rule can be tried; beyond DAYS with the gate of advanced analytics.
SPANS: Final = (
    (DAYS, "the last 7 days"),
    (30, "the last 30 days"),
    (90, "the last 90 days"),
    (365, "the last year"),
)
TRIALS: Final = frozenset({RUN, ONE, SAY})
_HIGHEST: Final = 1_000_000


def describe_trial(
    request: HttpRequest, desk: Desk, form: RuleForm, *, asked: str, key: str
) -> dict[str, Any]:
    """What the trial's part shows, for a form that is valid in itself."""
    definition = form.definition()
    try:
        parsed = parse_definition(definition)
    except InvalidRuleError as error:
        form.add_problem(error)
        return {"unfinished": True}
    facts: dict[str, Any] = {"sentence": rule_text(parsed, desk.context.points_name)}
    if asked == RUN:
        try:
            run = dry_run_rule(
                definition=definition,
                key=key,
                now=clock.now(),
                context=desk.context,
                days=_read_days(request.POST),
            )
        except GateClosedError:
            facts["closed"] = True
        else:
            facts |= {"run": run, "examples": _examples(run.examples, form.directory)}
    if asked == ONE:
        trial = _read(request.POST, form.directory)
        verdict = try_rule(
            definition, trial, settings=get_rules_settings(), now=clock.now(), timezone=desk.context.timezone
        )
        if verdict.high:
            amount = (
                write_unit(verdict.low, desk.context.points_name)
                if verdict.low == verdict.high
                else f"{verdict.low:,}–{write_unit(verdict.high, desk.context.points_name)}"
            )
            facts["verdict"] = {"good": True, "text": f"It would earn {amount}."}
        else:
            facts["verdict"] = {"good": False, "text": f"It would earn nothing: {verdict.reason}."}
    facts["amount"] = named_amount(parsed, desk.context.points_name)
    return facts


def _read_days(given: Mapping[str, str]) -> int:
    """How far back to look, of SPANS; the usual week for anything else."""
    asked = given.get("try_since", "")
    return next((days for days, _ in SPANS if str(days) == asked), DAYS)


def _examples(found: list[Any], directory: Directory) -> list[dict[str, Any]]:
    return [
        {
            "one": one,
            "deed": DEEDS.get(one.type, one.type),
            "channel": directory.name_of(one.channel_id) if one.channel_id in directory.names else "",
        }
        for one in found
    ]


def _read(given: Mapping[str, str], directory: Directory) -> Trial:
    """The imagined activity as the form describes it; what makes no sense counts as not known."""
    channel = given.get("try_channel", "")
    line = next((one for one in directory.channels if one.id == channel), None)
    return Trial(
        type=given.get("try_type", "message")[:40] or "message",
        channel_id=channel if channel.isdecimal() else "",
        category_id=line.category_id if line is not None else "",
        is_thread=given.get("try_thread") == "on",
        length=_number(given.get("try_length", "")),
        emoji=given.get("try_emoji", "")[:60],
        level=_number(given.get("try_level", "")) or 0,
        role_ids=(given["try_role"],) if given.get("try_role", "").isdecimal() else (),
        membership_days=_number(given.get("try_days", "")),
    )


def _number(text: str) -> int | None:
    return min(int(text), _HIGHEST) if text.isdecimal() and text.isascii() and len(text) < 12 else None
