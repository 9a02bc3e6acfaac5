"""/claim in Discord: what the code opens is shown first, then taken over; wrong codes lock out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from engagement.audit.actor import SYSTEM
from engagement.ledger.models import LedgerBalance
from engagement.members.claims import issue_claim_code
from engagement.members.selectors import find_member
from engagement.progression.people import MemberFacts, register_member
from engagement.progression.services import adjust_points
from tenants.context import TenantContext
from tests.cast import ACME

from .conftest import Talk
from .test_member_commands import embed, give

Inside = Callable[..., Awaitable[Any]]


def register(context: TenantContext) -> str:
    member = register_member(facts=MemberFacts("Hedy"), request_key="hedy", actor=SYSTEM, context=context)
    adjust_points(
        member_id=member.pk, amount=40, reason="x", actor=SYSTEM, idempotency_key="hedy", context=context
    )
    return issue_claim_code(member_id=member.pk, actor=SYSTEM).code


def lifetime(context: TenantContext) -> int:
    member = find_member(provider="discord", external_id=str(ACME.discord_id("member")))
    return 0 if member is None else LedgerBalance.objects.get(member_id=member.pk, currency=0).lifetime


async def test_a_code_is_shown_then_claimed(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    code = await inside(register, acme)
    asked = await talk.command("member", "claim", {"code": code})
    assert "Hedy, with 40 points" in embed(asked)["title"]
    assert asked["ephemeral"]
    assert await inside(lifetime, acme) == 0
    done = await talk.command("member", "claim", {"code": code, "confirm": True})
    assert "It is yours now" in embed(done)["title"]
    assert await inside(lifetime, acme) == 40


async def test_a_member_reads_what_becomes_of_both(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    await inside(give, acme, "member", 100)
    code = await inside(register, acme)
    asked = embed(await talk.command("member", "claim", {"code": code}))
    assert "140 points" in asked["description"]
    await talk.command("member", "claim", {"code": code, "confirm": True})
    assert await inside(lifetime, acme) == 140


async def test_three_wrong_codes_lock_out(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    code = await inside(register, acme)
    for _ in range(3):
        answer = await talk.command("member", "claim", {"code": "AAAAA-AAAAA"})
    assert "wrong codes" in str(answer["replies"])
    locked = await talk.command("member", "claim", {"code": code, "confirm": True})
    assert "wrong codes" in str(locked["replies"])
    assert await inside(lifetime, acme) == 0
