"""The forms of the site."""

from __future__ import annotations

from django import forms


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
