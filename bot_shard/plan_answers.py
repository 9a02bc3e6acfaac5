"""What the bot says when the community's plan lacks something: members get a neutral line, whoever may see the bill the way to
the plans. Never in public."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from saas.core.errors import EngageHubError
from tenants.context import TenantContext
from tenants.gates import GateClosedError, LimitReachedError
from tenants.permissions import may, rights_for_interaction
from tenants.tickets import get_tenant_address

from .answers import WARNING_COLOUR, Answer, Button, error_answer
from .gateway import role_ids_of
from .limits import CommandLimiter, CommunityBusyError

if TYPE_CHECKING:
    from .questions import Ask

log = structlog.get_logger(__name__)
PLANS_PATH: Final = "/dashboard/billing/plans/"


async def answer_about_plan(ask: Ask, error: GateClosedError | LimitReachedError) -> Answer:
    """Personal in either case."""
    hint = ask.say("reference", reference=error.reference)
    if not await _is_staff(ask):
        return Answer(title="", text=ask.say("plan_member"), hint=hint, colour=WARNING_COLOUR)
    if isinstance(error, LimitReachedError):
        text = ask.say("plan_limit", what=error.limit.title, count=ask.number(error.allowed))
    else:
        text = ask.say("plan_gate", what=error.gate.title)
    return Answer(title="", text=text, hint=hint, buttons=[_way_to_plans(ask)], colour=WARNING_COLOUR)


async def answer_about_quota(ask: Ask, error: CommunityBusyError, limiter: CommandLimiter) -> Answer:
    """How long to wait; for whoever may see the bill, once in a while, what the plan includes and the way to more."""
    answer = error_answer(error, ask.language)
    if await limiter.may_hint(ask.context, ask.interaction.user.id) and await _is_staff(ask):
        answer.text = f"{error.message}\n{ask.say('community_busy_plan', count=ask.number(error.allowed))}"
        answer.buttons = [_way_to_plans(ask)]
    return answer


def _way_to_plans(ask: Ask) -> Button:
    return Button(ask.say("plan_open"), url=f"{get_tenant_address(ask.context.slug)}{PLANS_PATH}")


async def _is_staff(ask: Ask) -> bool:
    """Nobody is sent to the plans on a guess: where the database is away, the neutral line does."""
    interaction = ask.interaction
    try:
        return await ask.do(
            sees_bill, context=ask.context, discord_id=interaction.user.id,
            permissions=interaction.permissions.value, role_ids=role_ids_of(interaction.user),
        )  # fmt: skip
    except EngageHubError as trouble:
        log.warning("rights_not_asked", problem=str(trouble))
        return False


def sees_bill(
    *, context: TenantContext, discord_id: int, permissions: int, role_ids: tuple[int, ...]
) -> bool:
    """Whether whoever asks may see the plan and what it costs. One query."""
    return may(rights_for_interaction(context, discord_id, permissions, role_ids), "view_billing")
