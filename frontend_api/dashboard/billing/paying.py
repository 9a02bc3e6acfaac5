"""Who pays: their facts, another of one's own payers, somebody else on the team, and taking the payment over."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from billing.errors import AlreadySubscribedError
from billing.models import BillingAttempt, Payer
from billing.moving import accept_payment, get_payment_offer, offer_payment, withdraw_payment_offer
from billing.payers import change_payer, list_payers
from frontend_api.dashboard.access import Desk, dashboard_page
from frontend_api.dashboard.notices import go_to
from frontend_api.dashboard.parts.forms import DeskForm
from saas.core.errors import ConflictError, InvalidInputError, UnavailableError
from tenants.models import Membership, User
from tenants.permissions import PERMISSIONS, NotPermittedError

from .books import GET_OR_POST, Books, open_books, require_sold, try_stripe
from .payer_form import PayerForm


class FactsForm(DeskForm):
    kind = forms.ChoiceField(label="You pay as", choices=Payer.Kind.choices, widget=forms.RadioSelect)
    name = forms.CharField(label="Name of the company", max_length=100, required=False)
    email = forms.EmailField(label="Where invoices go", max_length=254)


class HeirForm(DeskForm):
    heir = forms.ChoiceField(
        label="Who is to pay", error_messages={"required": "Choose somebody on the team."}
    )

    def __init__(self, *args: Any, people: list[Membership], **given: Any) -> None:
        super().__init__(*args, **given)
        field = self.fields["heir"]
        assert isinstance(field, forms.ChoiceField)
        lines = [(str(one.user_id), f"{one.user} · {one.get_role_display()}") for one in people]
        field.choices = [("", "Choose…"), *lines]


@never_cache
@require_http_methods(GET_OR_POST)
@dashboard_page("view_billing")
def show_payer(request: HttpRequest, desk: Desk) -> HttpResponse:
    """One page, three forms; `do` says which was sent. What somebody may do here: _rights."""
    require_sold()
    books = open_books(desk.context.tenant_id)
    if books.subscription is None:
        return go_to(
            request, reverse("billing"), "Nobody pays for this community at the moment.", kind="warn"
        )
    offer = get_payment_offer(tenant_id=desk.context.tenant_id)
    rights = _rights(desk, books, offer)
    if not any(rights.values()):
        raise NotPermittedError(PERMISSIONS["manage_billing"])
    user = User.objects.get(pk=desk.user_id)
    act = request.POST.get("do", "") if request.method == "POST" else ""
    page = {
        "facts": _facts_form(request, books, act),
        "take": PayerForm(
            request.POST if act == "take" else None, payers=list_payers(user=user), email=user.email,
            without=books.subscription.payer.key,
        ),
        "offer": HeirForm(request.POST if act == "offer" else None, people=_list_heirs(desk, books)),
    }  # fmt: skip
    done, status = None, 200
    if act in page and not rights[act]:
        raise NotPermittedError(PERMISSIONS["manage_billing"])
    if act in page:
        done, status = _act(request, desk, books, page, act, user)
    if done is not None:
        return done
    facts = {
        "books": books,
        "payer": books.subscription.payer,
        "forms": page,
        "rights": rights,
        "offer": offer,
        **_who(desk, books, offer),
    }
    return render(request, "dashboard/billing/payer.html", facts, status=status)


@require_POST
@dashboard_page("view_billing")
def end_offer(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Payer, owner or heir end the offer."""
    user = User.objects.get(pk=desk.user_id)
    ended = withdraw_payment_offer(tenant_id=desk.context.tenant_id, user=user, actor=desk.actor)
    text = "The offer is ended. Who pays stays the same." if ended else "There was no offer of yours to end."
    return go_to(request, reverse("billing"), text, kind="good" if ended else "warn")


def _rights(desk: Desk, books: Books, offer: BillingAttempt | None) -> dict[str, bool]:
    """The forms that this person can send: the payer's facts, taking the payment over, asking somebody else."""
    assert books.subscription is not None
    is_payer = books.subscription.payer.user_id == desk.user_id
    is_owner = desk.may("manage_billing")
    is_heir = offer is not None and offer.wanted["heir"] == desk.user_id
    return {"facts": is_payer, "take": is_payer or is_owner or is_heir, "offer": is_payer or is_owner}


def _who(desk: Desk, books: Books, offer: BillingAttempt | None) -> dict[str, Any]:
    assert books.subscription is not None
    heir = User.objects.filter(pk=offer.wanted["heir"]).first() if offer else None
    return {
        "is_payer": books.subscription.payer.user_id == desk.user_id,
        "is_heir": heir is not None and heir.pk == desk.user_id,
        "heir": heir,
        "others": books.subscription.payer.subscriptions.filter(ended_at=None).count() - 1,
    }


def _facts_form(request: HttpRequest, books: Books, act: str) -> FactsForm:
    assert books.subscription is not None
    payer = books.subscription.payer
    initial = {"kind": payer.kind, "name": payer.name, "email": payer.email or payer.user.email}
    return FactsForm(request.POST if act == "facts" else None, initial=initial)


def _list_heirs(desk: Desk, books: Books) -> list[Membership]:
    assert books.subscription is not None
    team = Membership.objects.select_related("user").filter(
        tenant_id=desk.context.tenant_id, role__in=(Membership.Role.OWNER, Membership.Role.ADMIN)
    )
    rest = team.exclude(user_id__in=(books.subscription.payer.user_id, desk.user_id))
    return list(rest.order_by("user__display_name", "user_id"))


def _act(
    request: HttpRequest, desk: Desk, books: Books, page: dict[str, Any], act: str, user: User
) -> tuple[HttpResponse | None, int]:
    form = page[act]
    if not form.is_valid():
        return None, 422
    if act == "facts":
        return _save_facts(request, books, form)
    if act == "offer":
        return _offer(request, desk, form, user)
    try:
        address, status = try_stripe(form, lambda: _take(desk, books, form, user))
    except AlreadySubscribedError as error:
        return go_to(request, reverse("billing"), error.message, kind="warn"), 200
    return (HttpResponseRedirect(address) if address else None), status


def _save_facts(request: HttpRequest, books: Books, form: FactsForm) -> tuple[HttpResponse | None, int]:
    assert books.subscription is not None
    payer = books.subscription.payer
    saved, status = try_stripe(form, lambda: change_payer(payer=payer, **form.cleaned_data))
    if saved is None:
        return None, status
    return go_to(request, reverse("billing-payer"), "Saved, for every community that you pay for so."), 200


def _offer(request: HttpRequest, desk: Desk, form: HeirForm, user: User) -> tuple[HttpResponse | None, int]:
    heir_id = int(form.cleaned_data["heir"])
    try:
        offer_payment(tenant_id=desk.context.tenant_id, user=user, heir_id=heir_id, actor=desk.actor)
    except (ConflictError, InvalidInputError, UnavailableError) as error:
        form.add_problem(error)
        return None, error.http_status
    text = "They are asked by mail. Until they have paid, nothing changes."
    return go_to(request, reverse("billing-payer"), text), 200


def _take(desk: Desk, books: Books, form: PayerForm, user: User) -> str:
    """The owner needs nobody's offer: theirs to themselves is one."""
    assert books.subscription is not None
    tenant_id = desk.context.tenant_id
    offer = get_payment_offer(tenant_id=tenant_id)
    offered = offer is not None and offer.wanted["heir"] == user.pk
    if books.subscription.payer.user_id != user.pk and not offered:
        offer_payment(tenant_id=tenant_id, user=user, heir_id=user.pk, actor=desk.actor)
    return accept_payment(
        tenant_id=tenant_id, user=user, payer_key=form.obtain_payer_key(user), actor=desk.actor
    )
