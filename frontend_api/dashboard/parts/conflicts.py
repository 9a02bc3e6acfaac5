"""Two people edit one thing: the second sees what the first changed, and chooses field by field.

Each form carries what it was opened at, sealed: the thing's version and its values. The service is given that version and
refuses with a ConflictError when the thing has another one by now; then

    opened = read_opened(request.POST)                       # what the form was opened at
    form = RuleForm(settle(request.POST))                    # with the choices of a former conflict applied
    if form.is_valid():
        try:
            revise_rule(…, expected_version=opened.version)
        except RuleChangedError:
            now = Opened(str(rule.version), as_posted(RuleForm(initial=…)))
            return show_conflict(request, form=form, opened=opened, now=now, changed_by="Bea", title=…, back=…)

What only one of the two changed is chosen beforehand; only what both changed asks for a decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import orjson
from django import forms
from django.core import signing
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

FIELD: Final = "opened"
_CHOICE: Final = "choose-"
_SALT: Final = "dashboard.opened"
_DAYS: Final = 14 * 86_400  # that a form may stay open
_MAX: Final = 400_000

Values = Mapping[str, list[str]]  # as a form sends them


@dataclass(frozen=True, slots=True)
class Opened:
    """A thing as somebody saw it."""

    version: str
    values: Values


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that is not the same for both. `clash`: both changed it, to different things."""

    name: str
    label: str
    base: str
    mine: str
    theirs: str
    clash: bool
    keeps_mine: bool


def as_posted(form: forms.BaseForm) -> dict[str, list[str]]:
    """The values of an unbound form as it would send them if nobody touched it."""
    values = {}
    for bound in form:
        value = bound.value()
        if isinstance(bound.field.widget, forms.CheckboxInput):
            values[bound.name] = ["on"] if value else []
        elif isinstance(value, list | tuple):
            values[bound.name] = [str(one) for one in value]
        else:
            shown = bound.field.widget.format_value(value)
            values[bound.name] = (
                [str(one) for one in shown] if isinstance(shown, list) else [str(shown or "")]
            )
    return values


def version_of(values: Values) -> str:
    """A version for things that keep none of their own: a digest of their values."""
    return sha256(orjson.dumps(dict(values), option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def seal(opened: Opened) -> str:
    """For the hidden field `opened`. Nobody but us can make one, so that a form never lies about what it was opened at."""
    return signing.dumps([opened.version, dict(opened.values)], salt=_SALT, compress=True)


def read_opened(data: QueryDict) -> Opened | None:
    """What a sent form was opened at; None where it says nothing that is ours."""
    text = data.get(FIELD, "")
    if not text or len(text) > _MAX:
        return None
    try:
        version, values = signing.loads(text, salt=_SALT, max_age=_DAYS)
    except (signing.BadSignature, ValueError):
        return None
    return Opened(version, values)


def settle(data: QueryDict) -> QueryDict:
    """The sent form with the other person's value wherever that was chosen. Any other form comes back as it is."""
    opened = read_opened(data)
    chosen = [name.removeprefix(_CHOICE) for name in data if name.startswith(_CHOICE)]
    if opened is None or not chosen:
        return data
    settled = data.copy()
    for name in chosen:
        if data[_CHOICE + name] == "theirs" and name in opened.values:
            settled.setlist(name, list(opened.values[name]))
    return settled


def compare(
    *,
    labels: Mapping[str, str],
    base: Values,
    mine: Values,
    theirs: Values,
    names: Mapping[str, str] | None = None,
) -> list[Difference]:
    """The fields in which the two differ, in the order of `labels`; values are shown by their `names` where they have one. Pure."""
    differences = []
    for name, label in labels.items():
        was, own, other = (_write(values.get(name, []), names or {}) for values in (base, mine, theirs))
        if own == other:
            continue
        changed, clash = own != was, own != was and other != was
        differences.append(Difference(name, label, was, own, other, clash, keeps_mine=changed))
    return differences


def show_conflict(
    request: HttpRequest,
    *,
    form: forms.BaseForm,
    opened: Opened | None,
    now: Opened,
    changed_by: str,
    title: str,
    back: str,
    action: str = "",
    names: Mapping[str, str] | None = None,
) -> HttpResponse:
    """The page of the difference, with status 409. Sending it saves against the version that stands now, and meets this page again
    if somebody is faster once more."""
    sent = settle(request.POST)
    mine = {name: sent.getlist(name) for name in form.fields}
    differences = compare(
        labels={bound.name: str(bound.label) for bound in form},
        base=now.values if opened is None else opened.values,
        mine=mine,
        theirs=now.values,
        names=names,
    )
    facts = {
        "title": title,
        "back": back,
        "action": action,
        "changed_by": changed_by,
        "differences": differences,
        "clashes": sum(one.clash for one in differences),
        "opened": seal(now),
        "mine": [(name, value) for name, values in mine.items() for value in values],
    }
    return render(request, "parts/conflict.html", facts, status=409)


def _write(values: list[str], names: Mapping[str, str]) -> str:
    return ", ".join(names.get(value, value).replace("\r\n", "\n").strip() for value in values)
