"""/support: what there is to support with, one's own support, and a neutral line where the plan has none."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from bot_shard.money import write_money
from saas.core import clock
from tenants.context import TenantContext
from tests.cast import ACME
from tests.frontend_api.supporting import connect, support, tier

from .conftest import Talk
from .test_member_commands import embed
from .test_plan_answers import buttons, put_on_a_bare_plan

in_thread = sync_to_async


@pytest.mark.parametrize(
    ("language", "amount", "currency", "text"),
    [
        ("en", 450, "eur", "€4.50"),
        ("en", 120_000, "usd", "$1,200"),
        ("de", 450, "eur", "4,50 €"),
        ("de", 120_000, "gbp", "1.200 £"),
        ("en", 500, "chf", "CHF 5"),
    ],
)
def test_amounts_are_written_as_the_reader_writes_them(
    language: str, amount: int, currency: str, text: str
) -> None:
    assert write_money(language, amount, currency) == text


async def test_the_tiers_and_the_way_to_the_page_for_ones_own_eyes(talk: Talk, acme: TenantContext) -> None:
    nothing = await talk.command("member", "support")
    assert nothing["ephemeral"]
    assert "nothing to support with" in embed(nothing)["title"]
    await in_thread(connect)(acme)
    await in_thread(tier)(acme, "Friends @everyone **x**", amount=450, currency="eur")

    answer = await talk.command("member", "support")

    assert answer["ephemeral"]
    assert r"Friends \@everyone \*\*x\*\*** · €4.50 a month" in embed(answer)["description"]
    [button] = buttons(answer)
    assert "url" in button
    assert "/visit/" in button["url"] or "ticket" in button["url"]


async def test_an_account_that_money_went_to_before_does_not_count(talk: Talk, acme: TenantContext) -> None:
    former = await in_thread(connect)(acme, ready=False)
    await in_thread(_make_former)(former.pk)
    await in_thread(connect)(acme, stripe_id="acct_second")
    await in_thread(tier)(acme)
    assert "Friends" in embed(await talk.command("member", "support"))["description"]


async def test_ones_own_support_comes_first(talk: Talk, acme: TenantContext) -> None:
    await in_thread(connect)(acme)
    friends = await in_thread(tier)(acme)
    row = await in_thread(support)(acme, friends, "Mia", ACME.discord_id("member"))
    answer = await talk.command("member", "support")
    assert embed(answer)["title"] == "You support with Friends. Thank you."
    assert "$5 a month. Next payment: <t:" in embed(answer)["description"]
    await in_thread(_plan)(acme, row.pk, (await in_thread(tier)(acme, "Fans", amount=200)).pk)
    planned = embed(await talk.command("member", "support"))["description"]
    assert "on: Fans, $2 a month." in planned
    await in_thread(_make_late)(acme, row.pk)
    late = embed(await talk.command("member", "support"))["description"]
    assert "The last payment did not go through" in late
    other = await talk.command("moderator", "support")
    assert "did not go through" not in str(embed(other))


async def test_a_plan_without_it_is_told_neutrally_and_spares_who_supports(
    talk: Talk, acme: TenantContext, settings: Any
) -> None:
    await in_thread(connect)(acme)
    friends = await in_thread(tier)(acme)
    await in_thread(support)(acme, friends, "Mod", ACME.discord_id("moderator"))
    settings.BILLING_ON = True
    await put_on_a_bare_plan()
    neutral = await talk.command("member", "support")
    assert neutral["ephemeral"]
    assert embed(neutral)["description"] == "This is not available in this community."
    assert buttons(neutral) == []
    told = await talk.command("owner", "support")
    assert "“Supporters” is not part of this community’s plan." in embed(told)["description"]
    mine = embed(await talk.command("moderator", "support"))
    assert mine["title"] == "You support with Friends. Thank you."


def _make_former(pk: int) -> None:
    from billing.income.models import PayoutAccount
    from saas.core.schemas import PUBLIC, enter_schema

    with enter_schema(PUBLIC):
        PayoutAccount.objects.filter(pk=pk).update(state="former")


def _plan(acme: TenantContext, pk: int, next_tier_id: int) -> None:
    from engagement.supporters.models import Supporter
    from tenants.context import enter_tenant

    with enter_tenant(acme):
        Supporter.objects.filter(pk=pk).update(next_tier_id=next_tier_id, next_amount=200)


def _make_late(acme: TenantContext, pk: int) -> None:
    from engagement.supporters.models import Supporter
    from tenants.context import enter_tenant

    with enter_tenant(acme):
        Supporter.objects.filter(pk=pk).update(state="late", late_since=clock.now() - timedelta(days=1))
