"""Credit types, requests and moves, as the tests of this folder make them."""

from __future__ import annotations

from itertools import count
from typing import Any

from engagement.audit.actor import SYSTEM, Actor
from engagement.credits.models import CreditRequest, CreditType
from engagement.credits.moving import CreditChange, grant_credits, spend_credits
from engagement.credits.types import TypeDraft, create_type
from engagement.ledger.models import LedgerBalance
from engagement.members.models import Member
from engagement.progression.crediting import request_credits
from engagement.progression.services import ensure_member
from tenants.context import TenantContext

_numbers = count(1)
ADA = Actor("user", 7_001, "Ada", role="admin", via="web")
BOB = Actor("discord", 7_002, "Bob", role="moderator", via="bot")


def make_type(context: TenantContext, key: str = "ai", **facts: Any) -> CreditType:
    """Of the tenant in hand."""
    facts.setdefault("name", key.upper())
    return create_type(context=context, draft=TypeDraft(key=key, **facts), actor=ADA)


def make_member(name: str = "Grace") -> Member:
    """Somebody who has been here for long."""
    number = next(_numbers)
    made = ensure_member(provider="discord", external_id=str(90_000 + number), display_name=name)
    Member.objects.filter(pk=made.pk).update(joined_at="2024-01-01T00:00:00Z")
    return Member.objects.get(pk=made.pk)


def ask(
    context: TenantContext, member: Member, amount: int = 50, key: str = "ai", **more: Any
) -> CreditRequest:
    given = {
        "reason": "",
        "via": "web",
        "actor": member_actor(member),
        "key": f"test-{next(_numbers)}",
    } | more
    return request_credits(context=context, member_id=member.pk, type_key=key, amount=amount, **given)


def grant(
    context: TenantContext, member: Member, amount: int, type_key: str = "ai", **more: Any
) -> CreditChange:
    given = {"reason": "Welcome", "actor": ADA, "key": f"test-{next(_numbers)}"} | more
    return grant_credits(context=context, member_id=member.pk, type_key=type_key, amount=amount, **given)


def spend(context: TenantContext, member: Member, amount: int, **more: Any) -> CreditChange:
    given = {"reason": "A picture", "actor": SYSTEM, "key": f"test-{next(_numbers)}"} | more
    return spend_credits(context=context, member_id=member.pk, type_key="ai", amount=amount, **given)


def member_actor(member: Member) -> Actor:
    return Actor("member", member.pk, member.display_name, role="member", via="web")


def held(member: Member, credit_type: CreditType) -> tuple[int, int]:
    """(current, debt)."""
    balance = LedgerBalance.objects.filter(member_id=member.pk, currency=credit_type.pk).first()
    return (0, 0) if balance is None else (balance.current, balance.debt)
