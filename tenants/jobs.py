"""Work of the tenants package that is done later: sending mails, forgetting what REST kept for a while."""

from __future__ import annotations

from smtplib import SMTPRecipientsRefused

from saas.events.jobs import job, periodic_job
from saas.events.retries import Backoff, PermanentJobError

from .idempotency import prune_requests
from .letters import build_mail, open_letter
from .tokens import prune_families


@job(queue="mail", retry=Backoff(tries=14, first=5, longest=3600))
def deliver_letter(*, tenant: str, sealed: str) -> None:
    """Hand one mail to the mail server; where that is away, again for about seven hours."""
    try:
        build_mail(open_letter(sealed)).send()
    except SMTPRecipientsRefused as error:
        raise PermanentJobError("The mail server refuses this address.") from error


@periodic_job(cron="23 * * * *", queue="housekeeping")
def prune_idempotent_requests(*, tenant: str, timestamp: int = 0) -> None:
    """Answers under an Idempotency-Key are kept for 24 hours. Idempotent."""
    prune_requests()


@periodic_job(cron="41 3 * * *", queue="housekeeping")
def prune_token_families(*, tenant: str, timestamp: int = 0) -> None:
    """Sign-ins over the API are kept for 30 days after their end. Idempotent."""
    prune_families()
