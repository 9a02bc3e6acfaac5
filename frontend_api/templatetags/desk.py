"""The template tags of the dashboard: fields of forms, the history of a thing."""

from __future__ import annotations

from typing import Any

from django import forms, template
from django.forms import BoundField
from django.template import Context
from django.utils.safestring import SafeString

from billing.income.accounts import get_payout_account
from engagement.audit.actions import words_of
from engagement.audit.models import AuditEntry
from engagement.audit.selectors import list_history
from frontend_api.dashboard.access import Desk
from frontend_api.dashboard.audit.difference import describe_change
from frontend_api.dashboard.parts.list_page import ListView
from frontend_api.dashboard.parts.rows import write_rows
from frontend_api.plan_locks import describe_lock

register = template.Library()


@register.inclusion_tag("parts/field.html")
def field(bound: BoundField) -> dict[str, Any]:
    """A field with its label above, its help under, its error beside; the three tied together for a screen reader."""
    widget = bound.field.widget
    identifier = bound.auto_id or bound.html_name
    described = [
        f"{identifier}-{part}"
        for part, there in (("help", bound.help_text), ("error", bound.errors))
        if there
    ]
    attributes: dict[str, str | bool] = {}
    if described:
        attributes["aria-describedby"] = " ".join(described)
    if bound.errors:
        attributes["aria-invalid"] = "true"
    if bound.field.required:
        attributes["aria-required"] = "true"
    grouped = isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple)
    if grouped:
        attributes.pop("aria-required", None)
    return {
        "field": bound,
        "id": identifier,
        "widget": "" if grouped else bound.as_widget(attrs=attributes),
        "choices": list(bound) if grouped else [],
        "kind": "group" if grouped else "tick" if isinstance(widget, forms.CheckboxInput) else "line",
        "described": attributes.get("aria-describedby", ""),
    }


@register.simple_tag
def list_rows(shown: ListView) -> SafeString:
    """The rows of a list's page, of whatever its columns show."""
    kind = shown.kind
    return write_rows(
        shown.rows, shown.shown, row_id=kind.row_id, row_name=kind.row_name, tickable=bool(shown.acts)
    )


@register.inclusion_tag("parts/picker.html")
def picker(bound: BoundField) -> dict[str, Any]:
    """A field of names to tick (dashboard/pickers.py), folded away while nothing is ticked."""
    chosen = {str(value) for value in bound.value() or ()}
    names = [str(name) for value, name in bound.field.choices if str(value) in chosen]  # type: ignore[attr-defined]
    return {"field": bound, "choices": list(bound), "picked": names}


@register.inclusion_tag("parts/lock.html", takes_context=True)
def lock(context: Context, gate: str, brief: bool = False) -> dict[str, Any]:
    """Nothing while the plan has `gate`; else what unlocks it, with the way there for whoever may see the bill. No query.
    `brief`: where nothing stands beside it that could be kept."""
    desk: Desk = context["desk"]
    shown = None if desk.opens[gate] else describe_lock(gate, desk.context, desk.person.rights)
    return {"lock": shown, "brief": brief}


@register.inclusion_tag("dashboard/supporters/whose_account.html", takes_context=True)
def whose_account(context: Context) -> dict[str, Any]:
    """After a transfer, until the new owner has decided: to whose account supporters' money goes. One query."""
    desk: Desk = context["desk"]
    account = get_payout_account(tenant_id=desk.context.tenant_id)
    open_question = account is not None and bool(account.stripe_id) and not account.is_confirmed
    return {"account": account if open_question else None, "may": desk.may("manage_payouts")}


@register.inclusion_tag("parts/history.html")
def history_of(target_kind: str, target_id: object, allowed: bool = True) -> dict[str, Any]:
    """What was done to one thing, newest first, for those who may read the audit log. One query."""
    entries = list_history(target_kind=target_kind, target_id=target_id) if allowed else []
    return {
        "allowed": allowed,
        "lines": [
            {"entry": entry, "words": words_of(entry.action), "changes": _changes(entry)} for entry in entries
        ],
    }


def _changes(entry: AuditEntry) -> list[tuple[str, str, str]]:
    """(field, before, after) of what an entry tells, as the log's own page writes them."""
    return [(line.name, line.before, line.after) for line in describe_change(entry)]
