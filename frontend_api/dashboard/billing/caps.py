"""What a month may cost above the plan: nothing, until the owner allows it."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing.metering.caps import MOST, set_cap
from billing.usage import get_usage
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.forms import DeskForm, FormPage, show_form
from frontend_api.money import write_money

from .books import GET_OR_POST, require_sold, try_stripe


class CapForm(DeskForm):
    amount = forms.DecimalField(
        label="At most, each month", min_value=0, max_value=MOST // 100, decimal_places=2,
        help_text="0: nothing is ever charged above the plan, and what it includes is all there is.",
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
        error_messages={
            "min_value": "Write an amount of 0 or more.",
            "max_value": f"{MOST // 100:,} is the most that can be allowed here. Write to us if a month needs more.",
            "invalid": "Write an amount in figures, such as 25 or 12.50.",
            "max_decimal_places": "Write at most two decimal places.",
        },
    )  # fmt: skip


@never_cache
@require_http_methods(GET_OR_POST)
@dashboard_page("manage_billing")
def change_cap(request: HttpRequest, desk: Desk) -> HttpResponse:
    require_sold()
    usage = get_usage(desk.context.tenant_id)
    if usage is None or not usage.lines or not usage.sold:
        text = (
            "A retainer pays for this community, and nothing above its plan is sold, so there is nothing to limit."
            if usage is not None and not usage.sold
            else "This community’s plan sells nothing by use, so there is nothing to limit."
        )
        return go_to(request, reverse("billing"), text, kind="warn")
    form = CapForm(
        request.POST if request.method == "POST" else None,
        initial={"amount": Decimal(usage.cap) / 100 if usage.cap % 100 else usage.cap // 100},
    )
    form.fields["amount"].label = f"At most, each month, in {usage.currency.upper()}"
    if form.is_valid():
        amount = int(form.cleaned_data["amount"] * 100)
        done, _ = try_stripe(
            form, lambda: set_cap(tenant_id=desk.context.tenant_id, amount=amount, actor=desk.actor)
        )
        if done is not None:
            text = (
                f"Saved. A month costs at most {write_money(done.amount, done.currency)} more than the plan."
                if done.amount
                else "Saved. Nothing is charged above the plan."
            )
            return go_to(request, reverse("billing"), text)
    names = " and ".join(line.meter.title.lower() for line in usage.lines)
    page = FormPage(
        form, title="What a month may cost above the plan", submit="Save", back=reverse("billing"),
        lead=f"It pays for {names} beyond what the plan includes. You are told before it is used up, and it is never exceeded.",
    )  # fmt: skip
    return show_form(request, page)
