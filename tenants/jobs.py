"""Work of the tenants package that is done later: sending mails."""

from __future__ import annotations

from smtplib import SMTPRecipientsRefused

from saas.events.jobs import job
from saas.events.retries import Backoff, PermanentJobError

from .letters import build_mail, open_letter


@job(queue="mail", retry=Backoff(tries=14, first=5, longest=3600))
def deliver_letter(*, tenant: str, sealed: str) -> None:
    """Hand one mail to the mail server; where that is away, again for about seven hours."""
    try:
        build_mail(open_letter(sealed)).send()
    except SMTPRecipientsRefused as error:
        raise PermanentJobError("The mail server refuses this address.") from error
