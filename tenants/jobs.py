"""Work of the tenants package that is done later: sending mails, dropping what was deleted long ago, forgetting what REST kept."""

from __future__ import annotations

import logging
from smtplib import SMTPRecipientsRefused

from saas.events.jobs import PUBLIC, defer, job, periodic_job
from saas.events.retries import Backoff, PermanentJobError

from .idempotency import prune_requests
from .letters import build_mail, open_letter
from .lifecycle import drop_deleted, list_droppable
from .sign_ups import forget_unconfirmed
from .tokens import prune_families

logger = logging.getLogger(__name__)


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


@periodic_job(cron="11 4 * * *", queue="housekeeping")
def forget_unconfirmed_sign_ups(*, tenant: str, timestamp: int = 0) -> None:
    """Each night: sign-ups of a week ago whose address nobody confirmed. Idempotent."""
    if forgotten := forget_unconfirmed():
        logger.info("%s sign-ups that nobody confirmed are forgotten.", forgotten)


# Needs the owner's role, as making schemas does: one queue for both.
@periodic_job(cron="41 3 * * *", queue="provisioning")
def drop_deleted_communities(*, tenant: str, timestamp: int = 0) -> None:
    """Each night: communities that were deleted 30 days ago go for good, one job each."""
    for tenant_id in list_droppable():
        defer(drop_deleted_community, tenant=PUBLIC, tenant_id=tenant_id, queueing_lock=f"drop {tenant_id}")


@job(queue="provisioning")
def drop_deleted_community(*, tenant: str, tenant_id: int) -> None:
    """Drop one, unless it was restored meanwhile."""
    if drop_deleted(tenant_id=tenant_id):
        logger.warning("Community %s was deleted 30 days ago; its schema is dropped.", tenant_id)
