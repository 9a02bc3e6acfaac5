"""Choosing who pays: oneself, a company of one's own, or a new one. Part of every form that leads to a payment."""

from __future__ import annotations

from typing import Any, Final

from django import forms

from billing.models import Payer
from billing.payers import add_company
from frontend_api.dashboard.parts.forms import DeskForm
from tenants.models import User

ME: Final = "me"
NEW_COMPANY: Final = "new"


class PayerForm(DeskForm):
    payer = forms.ChoiceField(label="Who pays", widget=forms.RadioSelect)
    company_name = forms.CharField(
        label="Name of the company", max_length=100, required=False, help_text="As it stands on invoices."
    )
    company_email = forms.EmailField(
        label="Where its invoices go", max_length=254, required=False,
        help_text="The company’s address and tax number are asked for on the next page.",
    )  # fmt: skip

    def __init__(self, *args: Any, payers: list[Payer], email: str, without: str = "", **given: Any) -> None:
        """`without` is the key of the payer who pays already and is not offered."""
        super().__init__(*args, **given)
        field = self.fields["payer"]
        assert isinstance(field, forms.ChoiceField)
        person = next((one.key for one in payers if one.kind == Payer.Kind.PERSON), "")
        choices = [] if person and person == without else [(ME, f"You · {email}" if email else "You")]
        companies = [one for one in payers if one.kind == Payer.Kind.COMPANY and one.key != without]
        choices += [(one.key, one.name) for one in companies]
        field.choices = [*choices, (NEW_COMPANY, "Another company" if companies else "A company")]
        self.initial.setdefault("payer", choices[0][0] if choices else NEW_COMPANY)
        if not self.is_bound:  # asked for with the company; sent with somebody else they are empty
            self.fields["company_name"].required = self.fields["company_email"].required = True

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("payer") == NEW_COMPANY:
            for name, message in (
                ("company_name", "Give the company’s name."),
                ("company_email", "Give the address that its invoices go to."),
            ):
                if not cleaned.get(name) and name not in self.errors:
                    self.add_error(name, message)
        return cleaned

    def obtain_payer_key(self, user: User) -> str:
        """Empty stands for the person. Makes the company where it is new."""
        chosen = self.cleaned_data["payer"]
        if chosen == ME:
            return ""
        if chosen != NEW_COMPANY:
            return str(chosen)
        company = add_company(
            user=user, name=self.cleaned_data["company_name"], email=self.cleaned_data["company_email"]
        )
        return company.key
