"""What the log says, and what it must not."""

from __future__ import annotations

import logging

import pytest

from saas.settings.logs import configure_logging, hide_secrets


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("GET /invites/s3cret/", "GET /invites/…/"),
        ("GET /signup/confirm/Mg:1a-b:s3cret/?next=/", "GET /signup/confirm/…/?next=/"),
        ("GET /password/new/2-s3cret/", "GET /password/new/…/"),
        ("GET /visit/?ticket=s3cret&x=1", "GET /visit/?ticket=…&x=1"),
        (
            "GET /oauth/discord/callback?code=s3cret&state=s3cret",
            "GET /oauth/discord/callback?code=…&state=…",
        ),
        ("GET /login/?next=%2Finvites%2Fs3cret%2F", "GET /login/?next=%2Finvites%2F…%2F"),
        ("GET /members/?q=code&page=2", "GET /members/?q=code&page=2"),
    ],
)
def test_a_links_secret_is_cut_out(said: str, kept: str) -> None:
    assert hide_secrets(None, "", {"request": said, "number": 3}) == {"request": kept, "number": 3}


@pytest.mark.parametrize("form", ["json", "readable"])
def test_both_forms_cut_it(form: str) -> None:
    formatter = configure_logging(form=form, level="INFO")["formatters"]["line"]
    made = formatter.pop("()")(**formatter)
    record = logging.LogRecord("django.request", 30, "", 0, "Not Found: %s", ("/invites/s3cret/",), None)
    assert "s3cret" not in made.format(record)
    configure_logging(form="readable", level="WARNING")
