"""The jobs of the review channel, one at a time a tenant, in the order of what happened."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from engagement.submissions.models import Submission
from engagement.submissions.states import PENDING
from saas.events.jobs import defer, job
from saas.events.retries import Backoff
from tenants.context import TenantContext
from tenants.routing import get_routing
from tenants.selectors import read_liveness

from ..client import get_client
from . import messages

QUEUE: Final = "discord"
PATIENT: Final = Backoff(tries=30, first=1, longest=60)
LOCK: Final = "discord reviews"
_UNHEARD: Final = -(2**61)  # below whatever other deliveries go by
MOST_AT_ONCE: Final = 200  # of those that waited when the community went live


def _heard(tenant: str) -> TenantContext | None:
    """The tenant while it is linked and live: in shadow mode nothing shows in Discord."""
    context = get_routing().context_for_schema(tenant)
    if context is None or context.guild_id is None or not read_liveness(schema=tenant).live:
        return None
    return replace(context, live=True)


@job(queue=QUEUE, retry=PATIENT, lock=LOCK)
def post_submission(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of SubmissionHandedIn."""
    context = _heard(tenant)
    if context is not None:
        messages.post_review_message(
            context, get_client(), event_id=event_id, submission_id=int(event["submission_id"])
        )


@job(queue=QUEUE, retry=PATIENT, lock=LOCK)
def follow_submission(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of SubmissionChanged: decided, asked about, taken back or withdrawn, here or on the web."""
    context = _heard(tenant)
    if context is not None:
        messages.update_review_message(context, get_client(), submission_id=int(event["submission_id"]))


@job(queue=QUEUE, retry=PATIENT)
def follow_live(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of WentLive: what waits from shadow mode is posted, the oldest first."""
    waiting = Submission.objects.filter(state=PENDING, message_id=None, type__channel_id__isnull=False)
    for pk in waiting.order_by("submitted_at", "pk").values_list("pk", flat=True)[:MOST_AT_ONCE]:
        defer(post_waiting, tenant=tenant, submission_id=pk, queueing_lock=f"post submission {pk}")


@job(queue=QUEUE, retry=PATIENT, lock=LOCK, priority=-10)
def post_waiting(*, tenant: str, submission_id: int) -> None:
    """Post what waits, once: a number of its own stands for the news that was not heard."""
    context = _heard(tenant)
    if context is not None:
        messages.post_review_message(
            context, get_client(), event_id=_UNHEARD - submission_id, submission_id=submission_id
        )
