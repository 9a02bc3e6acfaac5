"""The mails that wait as jobs, sent as the worker would send them."""

from __future__ import annotations

import json
import re

from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import connection

from tenants.jobs import deliver_letter


def send_waiting() -> list[EmailMultiAlternatives]:
    """Run the waiting mail jobs; what has arrived since the last call, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "delete from public.procrastinate_jobs where task_name = %s and status = 'todo' returning id, args",
            [deliver_letter.name],
        )
        rows = sorted(cursor.fetchall())
    mail.outbox = []
    for _, args in rows:
        deliver_letter(**(json.loads(args) if isinstance(args, str) else args))
    return list(mail.outbox)  # type: ignore[arg-type]


def only_mail(to: str) -> EmailMultiAlternatives:
    """The one mail that has arrived, which is to `to`."""
    (arrived,) = send_waiting()
    assert arrived.to == [to]
    return arrived


def link_in(message: EmailMultiAlternatives) -> str:
    """The address that the mail asks to open."""
    found = re.search(r":\n(https?://\S+)", str(message.body))
    assert found, message.body
    return found[1]
