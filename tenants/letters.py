"""Mails to people about their login and their place on a team.

Invariants: a mail leaves by a job of the caller's transaction, so that a mail server that is away breaks nothing and nothing
is told of what was rolled back; it waits in the database sealed, because it may hold a link that signs somebody in.
A worker killed between sending and saying so sends it twice.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import orjson
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from saas.core.crypto import seal, unseal
from saas.core.schemas import PUBLIC
from saas.core.text import clean_line
from saas.events.jobs import defer

PURPOSE = "letter"


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says: a few sentences, at most one thing to do, and why it came."""

    to: str
    subject: str
    lines: tuple[str, ...]
    action: str = ""
    address: str = ""
    reason: str = ""


def send_letter(letter: Letter) -> None:
    """Have the mail sent once the caller's transaction commits; without one, at once. Queue: mail."""
    from .jobs import deliver_letter

    defer(deliver_letter, tenant=PUBLIC, sealed=seal(orjson.dumps(asdict(letter)).decode(), purpose=PURPOSE))


def open_letter(sealed: str) -> Letter:
    """The mail that `send_letter` sealed. Raises BadSealError."""
    values = orjson.loads(unseal(sealed, purpose=PURPOSE))
    return Letter(**{**values, "lines": tuple(values["lines"])})


def build_mail(letter: Letter) -> EmailMultiAlternatives:
    """The mail as text and as simple HTML."""
    facts = {"letter": letter, "home_address": settings.BASE_URL}
    mail = EmailMultiAlternatives(
        subject=clean_line(letter.subject, limit=150),
        body=render_to_string("mails/letter.txt", facts).strip() + "\n",
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[letter.to],
        headers={"Auto-Submitted": "auto-generated"},
    )
    mail.attach_alternative(render_to_string("mails/letter.html", facts), "text/html")
    return mail
