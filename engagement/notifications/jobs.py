"""What members are told of follows from the news of others; old notices go."""

from __future__ import annotations

import logging
from typing import Any, Final

from django.db import ProgrammingError

from saas.core.schemas import enter_schema
from saas.events.jobs import defer, job, periodic_job
from tenants.context import current_tenant
from tenants.routing import get_routing

from . import affordable, notices, outcomes, supports
from .selectors import has_old_notices

logger = logging.getLogger(__name__)
QUEUE: Final = "maintenance"


@job(queue=QUEUE)
def follow_merge(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of MembersMerged. Idempotent."""
    notices.move_notices(member_id=int(event["member_id"]), merged_id=int(event["merged_id"]))


@job(queue=QUEUE)
def tell_redemption(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of RedemptionChanged. Idempotent."""
    outcomes.tell_redemption(
        redemption_id=int(event["redemption_id"]), state=event["state"], was=event["was"]
    )


@job(queue=QUEUE)
def tell_stuck(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of FulfilmentStuck. Idempotent."""
    outcomes.tell_held_up(redemption_id=int(event["redemption_id"]), why=event["why"])


@job(queue=QUEUE)
def tell_address_asked(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of AddressAsked. Idempotent."""
    outcomes.tell_address_asked(
        redemption_id=int(event["redemption_id"]), again=bool(event["again"]), event_id=event_id
    )


@job(queue=QUEUE)
def tell_drop_offered(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of DropOffered. Idempotent."""
    outcomes.tell_drop_offered(
        reward_id=int(event["reward_id"]),
        member_id=int(event["member_id"]),
        name=str(event["name"]),
        until=str(event["until"]),
        event_id=event_id,
    )


@job(queue=QUEUE)
def tell_role_ended(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of RewardRoleEnded. Idempotent."""
    outcomes.tell_role_ended(redemption_id=int(event["redemption_id"]))


@job(queue=QUEUE)
def tell_submission(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of SubmissionDecided. Idempotent."""
    outcomes.tell_submission(
        submission_id=int(event["submission_id"]),
        member_id=int(event["member_id"]),
        state=event["state"],
        points=int(event["points"]),
        reason=event["reason"],
        title=event["title"] or event["type_name"],
        key=str(event_id),
    )


@job(queue=QUEUE)
def tell_submission_undone(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of SubmissionUndone. Idempotent."""
    if event["told"]:
        outcomes.tell_submission_undone(
            submission_id=int(event["submission_id"]),
            member_id=int(event["member_id"]),
            points=int(event["points"]),
            title=event["title"] or event["type_name"],
            key=str(event_id),
        )


@job(queue=QUEUE)
def tell_credit_decision(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of CreditRequestDecided. Idempotent."""
    outcomes.tell_credit_decision(
        request_id=int(event["request_id"]),
        state=event["state"],
        granted=int(event["granted"]),
        automatic=bool(event.get("automatic")),
        undone=bool(event.get("undone")),
        event_id=event_id,
    )


@job(queue=QUEUE)
def tell_large_request(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of CreditRequested. Idempotent."""
    context = get_routing().context_for_schema(tenant)
    if context is not None:
        outcomes.tell_large_request(context=context, request_id=int(event["request_id"]), event_id=event_id)


@job(queue=QUEUE)
def tell_credits_granted(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of CreditsGranted. Idempotent."""
    outcomes.tell_credits_moved(move_id=int(event["move_id"]), kind="credits_granted")


@job(queue=QUEUE)
def tell_credits_revoked(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of CreditsRevoked. Idempotent."""
    outcomes.tell_credits_moved(move_id=int(event["move_id"]), kind="credits_revoked")


@job(queue=QUEUE)
def tell_support_began(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of SupporterJoined. Idempotent."""
    supports.tell_support_began(supporter_id=int(event["supporter_id"]), event_id=event_id)


@job(queue=QUEUE)
def tell_support_late(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of SupporterLate. Idempotent."""
    supports.tell_support_late(supporter_id=int(event["supporter_id"]), event_id=event_id)


@job(queue=QUEUE)
def tell_support_ending(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of SupporterEnding. Idempotent."""
    supports.tell_support_ending(supporter_id=int(event["supporter_id"]), why=event["why"], event_id=event_id)


@job(queue=QUEUE)
def tell_support_ended(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of SupporterLeft. Idempotent."""
    supports.tell_support_ended(supporter_id=int(event["supporter_id"]), event_id=event_id)


@job(queue=QUEUE)
def tell_credits_low(*, tenant: str, event_id: int, event: dict[str, Any]) -> None:
    """Handler of CreditsLow. Idempotent."""
    outcomes.tell_credits_low(
        member_id=int(event["member_id"]),
        type_id=int(event["type_id"]),
        balance=int(event["balance"]),
        entry_id=int(event["entry_id"]),
    )


@periodic_job(cron="*/5 * * * *", queue=QUEUE)
def sweep_gains(*, tenant: str, timestamp: int = 0) -> None:
    """Every five minutes, in each community where somebody gained points since: never a job for each entry."""
    for context in get_routing().contexts():
        try:
            with enter_schema(context.schema):
                there = affordable.has_gains()
        except ProgrammingError:
            logger.warning("Community %s went meanwhile.", context.schema)
            continue
        if there:
            defer(tell_affordable, tenant=context.schema, queueing_lock="tell affordable")


@job(queue=QUEUE, lock="tell affordable")
def tell_affordable(*, tenant: str) -> None:
    """Tell members what came within their reach, slice by slice. Idempotent."""
    context = current_tenant()
    while affordable.tell_affordable(context=context):
        pass


@periodic_job(cron="33 4 * * *", queue=QUEUE)
def sweep_old_notices(*, tenant: str, timestamp: int = 0) -> None:
    """Every night, in each community that has notices older than 30 days."""
    for context in get_routing().contexts():
        try:
            with enter_schema(context.schema):
                old = has_old_notices()
        except ProgrammingError:
            logger.warning("Community %s went meanwhile.", context.schema)
            continue
        if old:
            defer(sweep_tenant_notices, tenant=context.schema, queueing_lock="sweep notices")


@job(queue=QUEUE, lock="sweep notices")
def sweep_tenant_notices(*, tenant: str) -> None:
    """Remove them a few thousand at a time. Idempotent."""
    while notices.sweep_notices():
        pass
