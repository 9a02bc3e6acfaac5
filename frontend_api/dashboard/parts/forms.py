"""Forms of the dashboard: plain Django forms whose errors stand beside the field and at the top.

    class RegisterForm(DeskForm):
        name = forms.CharField(label="Name", max_length=100, help_text="As it shall stand on boards.")

    def register(request, desk):
        form = RegisterForm(request.POST or None)
        if form.is_valid() and (made := form.try_to(lambda: register_member(…))):
            return go_to(request, …, "Ada is registered.")
        return show_form(request, FormPage(form, title="Register a member", submit="Register", back=…))

`preview` names a template that stands at the right and shows what others will see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from saas.core.errors import ConflictError, EngageHubError, InvalidInputError
from tenants.gates import LimitReachedError

Made = TypeVar("Made")


class DeskForm(forms.Form):
    """What a service refuses is shown like what a field refuses."""

    error_css_class = "has-error"
    use_required_attribute = False  # our own words, in the same place as every other error

    def try_to(self, act: Callable[[], Made]) -> Made | None:
        """The service's answer; None when it refused the input, which then stands in the form. Other errors pass."""
        try:
            return act()
        except InvalidInputError as error:
            self.add_problem(error)
        except (ConflictError, LimitReachedError) as error:
            self.add_problem(error)
        return None

    def add_problem(self, error: EngageHubError) -> None:
        """An error of ours beside the field that it names, else at the top."""
        name = getattr(error, "field", "")
        self.add_error(name if name in self.fields else None, error.message)


@dataclass(frozen=True, slots=True)
class FormPage:
    """A form as a page. `opened` is what parts.conflicts seals; `facts` goes to the template."""

    form: forms.BaseForm
    title: str
    submit: str
    back: str
    lead: str = ""
    action: str = ""  # where it is sent; empty: here
    opened: str = ""
    preview: str = ""  # a template
    danger: bool = False
    locked_by: str = ""  # a gate that the plan does not have: the form can be read and not sent
    unsaved: bool = False  # holds changes already, such as after a conflict was settled
    facts: Mapping[str, Any] = field(default_factory=dict)


def show_form(
    request: HttpRequest, page: FormPage, *, template: str = "parts/form_page.html"
) -> HttpResponse:
    """The page; 422 when the form was sent and did not fit."""
    return render(
        request,
        template,
        {"page": page, "form": page.form, **page.facts},
        status=422 if page.form.is_bound and page.form.errors else 200,
    )
