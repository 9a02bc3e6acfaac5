"""A tier's form: new, changed against what stands, previewed as members will see it.

The form is sent to one address. `do` = preview answers the card alone; anything else saves.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from billing.plans import CURRENCIES
from engagement.supporters.forms import (
    LEAST,
    MAX_DESCRIPTION,
    MAX_NAME,
    MAX_PERK,
    MAX_PERKS,
    MAX_POINTS,
    MOST,
    TierForm,
)
from engagement.supporters.models import Interval, SupporterTier, TierState
from engagement.supporters.selectors import get_tier, list_tiers
from engagement.supporters.tiers import change_tier, create_tier, switch_tier
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to, tell
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
from frontend_api.dashboard.pickers import role_choices
from integrations.discord.directory import Directory, get_directory
from saas.core.errors import ConflictError, InvalidInputError
from tenants.gates import GateClosedError

from .cards import show_tier, write_price

TEMPLATE: Final = "dashboard/supporters/form.html"
_MONEY: Final = f"Write an amount from {LEAST // 100} to {MOST // 100:,}, such as 5 or 4.50."


class TierEditForm(DeskForm):
    name = forms.CharField(
        label="Name",
        max_length=MAX_NAME,
        help_text="As members read it, such as Friend of the studio.",
        error_messages={"required": "Give it a name, as members will read it."},
    )
    amount = forms.DecimalField(
        label="Price", min_value=Decimal(LEAST) / 100, max_value=Decimal(MOST) / 100, decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value", "max_decimal_places"), _MONEY),
    )  # fmt: skip
    currency = forms.ChoiceField(label="Currency", choices=[(one, one.upper()) for one in CURRENCIES])
    interval = forms.ChoiceField(
        label="Paid", choices=[(Interval.MONTH, "Every month"), (Interval.YEAR, "Every year")]
    )
    description = forms.CharField(
        label="What it is for", required=False, max_length=MAX_DESCRIPTION, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="In a sentence or two. Line breaks stay.",
    )  # fmt: skip
    perks = forms.CharField(
        label="What supporters get", required=False, max_length=(MAX_PERK + 2) * MAX_PERKS * 2,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=f"One a line, up to {MAX_PERKS} of them.",
    )  # fmt: skip
    role_id = forms.ChoiceField(label="Discord role", required=False)
    points = forms.IntegerField(
        label="Points", required=False, min_value=0, max_value=MAX_POINTS,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "min": None, "max": None}),
        help_text="Given once for each period that is paid. Empty: none. A refund takes them back.",
        error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), f"Write a whole number from 0 to {MAX_POINTS:,}."),
    )  # fmt: skip

    def __init__(self, *args: Any, directory: Directory, points_name: str, **options: Any) -> None:
        super().__init__(*args, **options)
        chosen = str(self.initial.get("role_id") or "")
        # A choice that was sent stays as it was sent: the service says what is wrong with it.
        sent = str(self.data.get("role_id", ""))[:20] if self.is_bound else ""
        role = self.fields["role_id"]
        assert isinstance(role, forms.ChoiceField)
        role.choices = [
            ("", "None"),
            *role_choices(directory, [one for one in (chosen, sent) if one.isdecimal()]),
        ]
        role.help_text = "Had while the support runs, and taken away when it ends."
        self.problems = {line.id: line.problem for line in directory.roles if line.problem}
        self.fields["points"].label = points_name.capitalize()

    def clean_role_id(self) -> str:
        role_id: str = self.cleaned_data["role_id"]
        if role_id in self.problems and role_id != str(self.initial.get("role_id") or ""):
            raise forms.ValidationError(self.problems[role_id])
        return role_id

    def read(self) -> TierForm:
        """What was typed, for the service."""
        data = self.cleaned_data
        return TierForm(
            name=data["name"],
            description=data["description"],
            perks=tuple(line.strip() for line in data["perks"].splitlines() if line.strip()),
            amount=int(data["amount"] * 100),
            currency=data["currency"],
            interval=data["interval"],
            role_id=data["role_id"],
            points=data["points"] or 0,
        )


def initial_of(tier: SupporterTier) -> dict[str, Any]:
    whole, cents = divmod(tier.amount, 100)
    return {
        "name": tier.name,
        "amount": f"{whole}.{cents:02}" if cents else str(whole),
        "currency": tier.currency,
        "interval": tier.interval,
        "description": tier.description,
        "perks": "\n".join(str(perk) for perk in tier.perks),
        "role_id": tier.role_id,
        "points": tier.points or "",
    }


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("manage_supporters")
def add_tier(request: HttpRequest, desk: Desk) -> HttpResponse:
    sold_in = [one.tier.currency for one in list_tiers()] or [CURRENCIES[0]]
    form, directory = _form(request, desk, {"currency": sold_in[0], "interval": Interval.MONTH})
    if _is_preview(request):
        return _preview(request, desk, form, SupporterTier(), directory)
    if form.is_valid():
        made = form.try_to(lambda: create_tier(context=desk.context, form=form.read(), actor=desk.actor))
        if made is not None:
            return _after(request, desk, made)
    page = _page(request, desk, form, title="New tier", submit="Save the draft", is_new=True)
    return show_form(request, page, template=TEMPLATE)


@require_http_methods(["GET", "HEAD", "POST"])
@dashboard_page("manage_supporters")
def edit_tier(request: HttpRequest, desk: Desk, tier_key: str) -> HttpResponse:
    """Somebody else's change since the form was opened is shown first; two who save in the same instant are not told apart."""
    tier = get_tier(key=tier_key)
    initial = initial_of(tier)
    standing = TierEditForm(
        initial=initial, directory=get_directory(desk.context), points_name=desk.context.points_name
    )
    values = as_posted(standing)
    now = Opened(version_of(values), values)
    form, directory = _form(request, desk, initial)
    opened = read_opened(request.POST) if request.method == "POST" else None
    if _is_preview(request):
        return _preview(request, desk, form, tier, directory)
    if form.is_valid():
        if opened is not None and opened.version != now.version:
            return show_conflict(
                request, form=form, opened=opened, now=now, changed_by="Somebody", names=directory.names,
                title=f"“{tier.name}” was changed meanwhile", back=reverse("dashboard-support-tiers"),
            )  # fmt: skip
        saved = form.try_to(
            lambda: change_tier(context=desk.context, key=tier.key, form=form.read(), actor=desk.actor)
        )
        if saved is not None:
            return _after(request, desk, saved)
    page = _page(request, desk, form, title=tier.name, submit="Save", tier=tier, opened=seal(opened or now))
    return show_form(request, page, template=TEMPLATE)


def _after(request: HttpRequest, desk: Desk, tier: SupporterTier) -> HttpResponse:
    """To the list; by way of the sale where that was asked for as well."""
    here = reverse("dashboard-support-tiers")
    if request.POST.get("offer") == "1" and tier.state != TierState.ON_SALE:
        try:
            switch_tier(context=desk.context, key=tier.key, state=TierState.ON_SALE, actor=desk.actor)
        except (ConflictError, InvalidInputError, GateClosedError) as error:
            tell(request, f"“{tier.name}” is saved, and not on sale yet.")
            return go_to(request, here, error.message, kind="warn")
        return go_to(request, here, f"“{tier.name}” is on sale: members find it on their page.")
    return go_to(request, here, f"“{tier.name}” is saved.")


def _form(request: HttpRequest, desk: Desk, initial: dict[str, Any]) -> tuple[TierEditForm, Directory]:
    directory = get_directory(desk.context)
    form = TierEditForm(
        settle(request.POST) if request.method == "POST" else None,
        initial=initial,
        directory=directory,
        points_name=desk.context.points_name,
    )
    return form, directory


def _page(
    request: HttpRequest, desk: Desk, form: TierEditForm, *, title: str, submit: str,
    tier: SupporterTier | None = None, opened: str = "", is_new: bool = False,
) -> FormPage:  # fmt: skip
    was_sold = tier is not None and tier.offered_at is not None
    return FormPage(
        form,
        title=title,
        lead="" if tier is None else f"Now: {write_price(tier.amount, tier.currency, tier.interval)}.",
        submit=submit,
        back=reverse("dashboard-support-tiers"),
        action=request.get_full_path(),
        opened=opened,
        preview="dashboard/supporters/preview.html",
        facts={"was_sold": was_sold, "can_offer": is_new or (tier is not None and tier.state != TierState.ON_SALE)},
    )  # fmt: skip


def _is_preview(request: HttpRequest) -> bool:
    return request.method == "POST" and request.POST.get("do") == "preview"


def _preview(
    request: HttpRequest, desk: Desk, form: TierEditForm, tier: SupporterTier, directory: Directory
) -> HttpResponse:
    """The card of what the form holds, as far as it can be read. Writes nothing."""
    form.is_valid()
    data = form.cleaned_data
    tier.name = data.get("name") or "The tier’s name"
    tier.description, tier.points = data.get("description") or "", data.get("points") or 0
    tier.amount = int((data.get("amount") or 0) * 100)
    tier.currency = data.get("currency") or CURRENCIES[0]
    tier.interval = data.get("interval") or Interval.MONTH
    tier.role_id = data.get("role_id") or ""
    lines = str(data.get("perks") or "").splitlines()
    tier.perks = [line.strip() for line in lines if line.strip()][:MAX_PERKS]
    card = show_tier(tier, role=directory.names.get(tier.role_id, ""), points_name=desk.context.points_name)
    return render(request, "dashboard/supporters/card.html", {"card": card})
