"""The forms of the site. Labels stand above, help under, errors beside the field."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from allauth.account.forms import (
    AddEmailForm,
    ChangePasswordForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SetPasswordForm,
    SignupForm,
)
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from tenants.logins import NAME_LENGTH, clean_name

PASSWORD_HELP = "At least 8 characters, not one that everybody uses. Longer is better than stranger."  # noqa: S105


class SignInForm(forms.Form):
    """Name and password, labelled above, with what a password manager needs."""

    name = forms.CharField(
        label="Username or e-mail",
        max_length=254,
        error_messages={"required": "Write your username or e-mail."},
        widget=forms.TextInput(
            attrs={
                "autocomplete": "username",
                "autocapitalize": "none",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
    )
    password = forms.CharField(
        label="Password",
        max_length=1024,
        strip=False,
        error_messages={"required": "Write your password."},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class NameField(forms.CharField):
    """A person's name: one line of visible characters."""

    def __init__(self, **given: Any) -> None:
        super().__init__(
            label="Your name",
            max_length=1000,  # cut to what fits below, so that a pasted page does not get in the way
            error_messages={
                "required": "Write the name that others shall see.",
                "max_length": f"A name has at most {NAME_LENGTH} characters.",
            },
            widget=forms.TextInput(attrs={"autocomplete": "name", "maxlength": NAME_LENGTH}),
            **given,
        )

    def clean(self, value: Any) -> str:
        name = clean_name(super().clean(value))
        if not name:
            raise forms.ValidationError("Write the name that others shall see.")
        return name


class SignUpForm(SignupForm):  # type: ignore[misc]
    """allauth's form with a name, in our words."""

    name = NameField(help_text="Shown to your team. It can be changed at any time.")
    field_order = ["name", "email", "password1"]

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        _word(
            self,
            "email",
            "E-mail",
            "email",
            help_text="We send a link to it, and nothing else but what you ask for.",
        )
        _word(self, "password1", "Password", "new-password", help_text=PASSWORD_HELP)

    def try_save(self, request: HttpRequest) -> Any:
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])  # takes as long as for a new address
        return super().try_save(request)


class ResendForm(forms.Form):
    email = forms.EmailField(
        label="E-mail",
        error_messages={
            "required": "Write your e-mail address.",
            "invalid": "It looks like name@example.org.",
        },
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )


class ForgotForm(ResetPasswordForm):  # type: ignore[misc]
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        _word(self, "email", "E-mail", "email")


class NewPasswordForm(ResetPasswordKeyForm):  # type: ignore[misc]
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        _word_new_password(self)


class ChangeForm(ChangePasswordForm):  # type: ignore[misc]
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        _word(self, "oldpassword", "Password now", "current-password")
        _word_new_password(self)


class SetForm(SetPasswordForm):  # type: ignore[misc]
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        _word_new_password(self)


class EmailForm(AddEmailForm):  # type: ignore[misc]
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        _word(
            self,
            "email",
            "New e-mail",
            "email",
            help_text="It counts once you have opened the link that we send there.",
        )


class CodeForm(AuthenticateForm):  # type: ignore[misc]
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        _word_code(self, "Six digits from your app, or one of your recovery codes.")


class ProofCodeForm(ReauthenticateForm):  # type: ignore[misc]
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        _word_code(self, "Six digits from your app, or one of your recovery codes.")


class EnrolForm(ActivateTOTPForm):  # type: ignore[misc]
    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        _word_code(self, "The six digits that your app shows now.")


class ProofPasswordForm(forms.Form):
    password = forms.CharField(
        label="Password",
        max_length=1024,
        strip=False,
        error_messages={"required": "Write your password."},
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )


def list_timezones() -> list[tuple[str, str]]:
    """The zones that people live in, by name."""
    named = sorted(
        zone
        for zone in available_timezones()
        if "/" in zone and not zone.startswith(("Etc/", "posix/", "right/"))
    )
    return [("UTC", "UTC"), *((zone, zone.replace("_", " ")) for zone in named)]


class ProfileForm(forms.Form):
    name = NameField(help_text="Shown to your team.")
    timezone = forms.ChoiceField(
        label="Time zone",
        choices=list_timezones,
        help_text="For times on these pages. Communities have their own.",
    )


class DeleteForm(forms.Form):
    """Typing the name where nothing can be undone."""

    typed = forms.CharField(
        label="Type your name to confirm",
        max_length=1000,
        error_messages={"required": "Type your name as it stands above."},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *given: Any, name: str, **named: Any) -> None:
        super().__init__(*given, **named)
        self.name = name

    def clean_typed(self) -> str:
        typed = clean_name(self.cleaned_data["typed"])
        if typed != clean_name(self.name):
            raise forms.ValidationError("That is not the name above. Nothing was deleted.")
        return typed


def _word(form: forms.BaseForm, name: str, label: str, autocomplete: str, *, help_text: str = "") -> None:
    """Our label and help for a field of allauth's; no placeholder, which vanishes when it is needed."""
    field = form.fields[name]
    field.label, field.help_text = label, help_text
    field.widget.attrs["autocomplete"] = autocomplete
    field.widget.attrs.pop("placeholder", None)
    field.error_messages["required"] = f"Fill in: {label.lower()}."
    if name == "email":
        field.error_messages["invalid"] = "It looks like name@example.org."
        for validator in field.validators:
            if hasattr(validator, "message"):
                validator.message = "It looks like name@example.org."


def _word_new_password(form: forms.BaseForm) -> None:
    _word(form, "password1", "New password", "new-password", help_text=PASSWORD_HELP)
    _word(form, "password2", "New password once more", "new-password")


def _word_code(form: forms.BaseForm, help_text: str) -> None:
    _word(form, "code", "Code", "one-time-code", help_text=help_text)
    form.fields["code"].widget.attrs |= {"inputmode": "numeric", "autofocus": True, "maxlength": 20}
