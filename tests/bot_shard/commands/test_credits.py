"""/request, /requests and /credits, and the buttons by which requests are decided in their channel: over the local Discord."""

from __future__ import annotations

from typing import Any

import pytest

from engagement.audit.actor import SYSTEM, Actor
from engagement.audit.models import AuditEntry
from engagement.credits.approvers import add_approver
from engagement.credits.deciding import approve_request, ask_about_request
from engagement.credits.models import CreditMove, CreditRequest, CreditType
from engagement.credits.types import TypeDraft, create_type
from engagement.ledger.models import LedgerBalance
from engagement.progression.crediting import request_credits
from engagement.progression.services import ensure_member
from integrations.discord.credit_asking import follow_request
from tenants.context import TenantContext
from tests.cast import ACME

from .conftest import Talk
from .test_desk import channel_id
from .test_member_commands import Inside, embed
from .test_points_commands import _show_to_everybody
from .test_shop import _client, after, rows, shown

TEAM = Actor("system", 0, "the team")
WHO = {"member": ACME.discord_id("member"), "type": "ai", "amount": 30, "reason": "For the *workshop*"}


def make_type(context: TenantContext, **facts: Any) -> int:
    draft = TypeDraft(**{"key": "ai", "name": "AI", **facts})
    return create_type(context=context, draft=draft, actor=SYSTEM).pk


def meet(role: str) -> int:
    made = ensure_member(
        provider="discord", external_id=str(ACME.discord_id(role)), display_name=f"Acme {role.title()}"
    )
    return int(made.pk)


def ask_as(context: TenantContext, role: str, amount: int, key: str) -> int:
    row = request_credits(
        context=context, member_id=meet(role), type_key="ai", amount=amount, reason="Because", key=key, via="bot", actor=TEAM
    )  # fmt: skip
    return int(row.pk)


def all_requests() -> list[CreditRequest]:
    return list(CreditRequest.objects.order_by("pk"))


def credits_of(role: str) -> int:
    found = LedgerBalance.objects.filter(member_id=meet(role), currency=CreditType.objects.get().pk)
    return found.values_list("current", flat=True).first() or 0


# --- members


async def test_a_member_asks_once_an_interaction_and_takes_it_back(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    await inside(make_type, acme, most=100)
    nobody = await talk.command("member", "request", {"type": "ai", "amount": 10})
    assert "no points yet" in embed(nobody)["title"]
    await inside(meet, "member")

    asked = await talk.command("member", "request", {"type": "AI", "amount": 60, "reason": "A *picture*"})

    assert asked["ephemeral"]
    assert embed(asked)["title"] == "You asked for 60 AI credits"
    [row] = await inside(all_requests)
    assert (row.amount, row.reason, row.state, row.via) == (60, "A *picture*", "pending", "bot")
    listed = await talk.command("member", "requests")
    assert "**60 AI credits** · the team looks at it" in embed(listed)["description"]
    message = listed["replies"][-1]["id"]
    chosen = [str(row.pk)]
    await after(talk, message, talk.local.state.choose(message, "acme-member", "See one of them", chosen))
    gone = await after(talk, message, talk.local.state.press_button(message, "acme-member", "Take it back"))
    assert gone["title"] == "You no longer ask for 60 AI credits"
    assert (await inside(all_requests))[0].state == "cancelled"


async def test_limits_are_said_and_types_are_offered_while_typing(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    await inside(make_type, acme, most=100)
    await inside(meet, "member")
    over = await talk.command("member", "request", {"type": "ai", "amount": 101})
    assert "at most 100 AI credits at once" in embed(over)["description"]
    unknown = await talk.command("member", "request", {"type": "gold", "amount": 1})
    assert "no such credits" in embed(unknown)["description"]
    assert await inside(all_requests) == []
    offered = await talk.local.state.autocomplete(
        "Acme Makers", "general", "acme-member", "request", "type", {"type": "a", "amount": 1}
    )
    assert [(one["name"], one["value"]) for one in offered["choices"]] == [
        ("AI credits · up to 100 now", "ai")
    ]


async def test_a_rule_grants_at_once(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    await inside(make_type, acme, automatic={"most": 50})
    await inside(meet, "member")
    await inside(_join_long_ago)
    asked = await talk.command("member", "request", {"type": "ai", "amount": 20})
    assert embed(asked)["title"] == "20 AI credits are yours"
    assert embed(asked)["description"] == "You have 20 AI credits now."


def _join_long_ago() -> None:
    from engagement.members.models import Member

    Member.objects.update(joined_at="2024-01-01T00:00:00Z")


async def test_a_question_is_answered_in_a_form(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    await inside(make_type, acme)
    one = await inside(ask_as, acme, "member", 60, "one")
    await inside(_ask, acme, one)
    listed = await talk.command("member", "requests")
    message = listed["replies"][-1]["id"]
    await after(talk, message, talk.local.state.choose(message, "acme-member", "See one of them", [str(one)]))
    opened = await talk.local.state.press_button(message, "acme-member", "Answer the team")
    sent = await talk.local.state.submit_modal(opened["id"], {"text": "For Friday"})
    assert "Your answer is there" in embed(sent)["title"]
    [row] = await inside(all_requests)
    assert (row.state, row.history[-1]["note"]) == ("pending", "For Friday")


def _ask(context: TenantContext, request_id: int) -> None:
    ask_about_request(context=context, request_id=request_id, actor=TEAM, question="What for?")


async def test_balances_are_ones_own_and_the_teams(talk: Talk, inside: Inside, acme: TenantContext) -> None:
    await inside(make_type, acme)
    await talk.command("owner", "credits grant", WHO)
    mine = await talk.command("member", "credits balance")
    assert mine["ephemeral"]
    assert embed(mine)["description"] == "**30 AI credits**"
    other = {"member": ACME.discord_id("member")}
    assert (
        "**30 AI credits**" in embed(await talk.command("moderator", "credits balance", other))["description"]
    )
    refused = await talk.command("member", "credits balance", {"member": ACME.discord_id("owner")})
    assert "analysts and above" in embed(refused)["description"]


# --- the team


async def test_credits_are_granted_and_revoked_once_and_taken_back(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    await inside(make_type, acme)
    given = await talk.command("owner", "credits grant", WHO)
    assert embed(given)["title"].replace("\\", "") == "Acme Member has 30 AI credits more"
    taken = await talk.command("owner", "credits revoke", WHO | {"amount": 10})
    assert await inside(credits_of, "member") == 20
    too_much = await talk.command("owner", "credits revoke", WHO | {"amount": 21})
    assert "Revoke what is there at most" in embed(too_much)["description"]
    message = taken["replies"][-1]["id"]
    await after(talk, message, talk.local.state.press_button(message, "acme-owner", "Undo"))
    assert await inside(credits_of, "member") == 30
    own = await talk.command("owner", "credits grant", WHO | {"member": ACME.discord_id("owner")})
    assert "your own credits" in embed(own)["description"]
    assert await inside(_moves) == ["grant", "revoke", "undo"]
    recorded = await inside(_recorded)
    assert recorded == [("credits.granted", "bot"), ("credits.revoked", "bot"), ("credits.undone", "bot")]


def _moves() -> list[str]:
    return list(CreditMove.objects.order_by("pk").values_list("kind", flat=True))


def _recorded() -> list[tuple[str, str]]:
    found = AuditEntry.objects.filter(action__startswith="credits.", outcome="done").order_by("id")
    return list(found.values_list("action", "via"))


async def test_requests_are_decided_by_command_whole_and_in_part(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    await inside(make_type, acme)
    one, two, three = [await inside(ask_as, acme, "member", 50, key) for key in ("a", "b", "c")]
    offered = await talk.local.state.autocomplete(
        "Acme Makers", "general", "acme-moderator", "credits approve", "request", {"request": str(two)}
    )
    assert offered["choices"][0]["name"] == f"#{two} · Acme Member · 50 AI credits"
    whole = await talk.command("moderator", "credits approve", {"request": one})
    assert embed(whole)["title"] == "50 AI credits are granted."
    part = await talk.command(
        "moderator", "credits approve", {"request": two, "amount": 20, "note": "For now"}
    )
    assert embed(part)["title"] == "20 AI credits are granted."
    no = await talk.command("moderator", "credits reject", {"request": three, "reason": "Not now"})
    assert embed(no)["title"] == "The request for 50 AI credits is rejected."
    late = await talk.command("owner", "credits reject", {"request": one, "reason": "Late"})
    assert "granted by" in embed(late)["description"]
    missing = await talk.command("moderator", "credits approve", {"request": 999_999})
    assert "no such credit request" in embed(missing)["description"]
    assert await inside(credits_of, "member") == 70


async def test_a_delegated_approver_decides_as_far_as_the_quota_goes(
    talk: Talk, inside: Inside, acme: TenantContext
) -> None:
    _show_to_everybody(talk)
    type_id = await inside(make_type, acme)
    role = talk.local.state.create_role("Acme Makers", "Treasurer").id
    talk.local.state.give_role("Acme Makers", "acme-stranger", role)
    await inside(_delegate, type_id, role, 60)
    one, two = [await inside(ask_as, acme, "member", 50, key) for key in ("a", "b")]
    done = await talk.command("stranger", "credits approve", {"request": one})
    assert embed(done)["title"] == "50 AI credits are granted."
    over = await talk.command("stranger", "credits approve", {"request": two})
    assert "10 are left" in embed(over)["description"]
    assert await inside(credits_of, "member") == 50


def _delegate(type_id: int, role_id: int, quota: int) -> None:
    add_approver(type_id=type_id, name="@Treasurer", actor=SYSTEM, role_id=role_id, quota=quota)


# --- in the channel


@pytest.fixture
async def asked(talk: Talk, inside: Inside, acme: TenantContext) -> tuple[int, int]:
    """A request that waits, and the message about it that a worker posted: the bot process never saw it made."""
    await inside(make_type, acme, channel_id=int(channel_id(talk, "bot-commands")))
    one = await inside(ask_as, acme, "member", 50, "one")
    await inside(follow_request, acme, _client(talk), event_id=1, request_id=one)
    row = (await inside(all_requests))[0]
    assert row.message_id is not None
    return one, row.message_id


async def test_a_button_grants_and_the_message_follows(
    talk: Talk, inside: Inside, acme: TenantContext, asked: tuple[int, int]
) -> None:
    one, message = asked
    assert "**Acme Member** asks for **50 AI credits**" in shown(talk, message)["description"]
    assert shown(talk, message)["fields"][-1]["name"] == "Look twice"  # they joined today
    pressed = await talk.local.state.press_button(message, "acme-moderator", "Approve")
    assert pressed["ephemeral"]
    assert embed(pressed)["title"] == "50 AI credits are granted."
    await inside(follow_request, acme, _client(talk), event_id=2, request_id=one)
    assert "granted by" in shown(talk, message)["description"]
    assert rows(talk, message) == []
    assert await inside(credits_of, "member") == 50


async def test_forms_grant_in_part_ask_and_reject(
    talk: Talk, inside: Inside, acme: TenantContext, asked: tuple[int, int]
) -> None:
    one, message = asked
    press, submit = talk.local.state.press_button, talk.local.state.submit_modal
    opened = await press(message, "acme-moderator", "Ask")
    sent = await submit(opened["id"], {"text": "What for?"})
    assert "The member is asked" in embed(sent)["title"]
    assert (await inside(all_requests))[0].state == "needs_info"
    opened = await press(message, "acme-moderator", "In part")
    wrong = await submit(opened["id"], {"amount": "many", "text": ""})
    assert "no whole number" in embed(wrong)["description"]
    opened = await press(message, "acme-moderator", "In part")
    sent = await submit(opened["id"], {"amount": "20", "text": "For now"})
    assert embed(sent)["title"] == "20 AI credits are granted."
    await inside(follow_request, acme, _client(talk), event_id=2, request_id=one)
    assert "in part: 20 AI credits" in shown(talk, message)["description"]


async def test_a_stale_button_says_what_was_decided(
    talk: Talk, inside: Inside, acme: TenantContext, asked: tuple[int, int]
) -> None:
    one, message = asked
    opened = await talk.local.state.press_button(message, "acme-moderator", "Reject")
    await inside(_approve, acme, one)
    late = await talk.local.state.submit_modal(opened["id"], {"text": "Too late"})
    assert "granted by the team already" in embed(late)["description"]
    for button in ("Approve", "Reject", "Ask", "In part"):
        again = await talk.local.state.press_button(message, "acme-moderator", button)
        assert "granted by the team already" in embed(again)["description"], button
    assert await inside(credits_of, "member") == 50


def _approve(context: TenantContext, request_id: int) -> None:
    approve_request(context=context, request_id=request_id, actor=TEAM)


async def test_who_may_not_is_refused_and_so_is_ones_own(
    talk: Talk, inside: Inside, acme: TenantContext, asked: tuple[int, int]
) -> None:
    _, message = asked
    for button in ("Approve", "Reject", "Ask", "In part"):
        refused = await talk.local.state.press_button(message, "acme-member", button)
        assert "moderators and above" in embed(refused)["description"], button
    own = await inside(ask_as, acme, "moderator", 5, "own")
    refused = await talk.command("moderator", "credits approve", {"request": own})
    assert "your own request" in embed(refused)["description"]
    assert {row.state for row in await inside(all_requests)} == {"pending"}


async def test_a_lost_message_loses_nothing(
    talk: Talk, inside: Inside, acme: TenantContext, asked: tuple[int, int]
) -> None:
    one, message = asked
    await inside(follow_request, acme, _client(talk), event_id=1, request_id=one)
    here = int(channel_id(talk, "bot-commands"))
    assert len(talk.local.world.messages[here]) == 1
    del talk.local.world.messages[here][message]
    await inside(_approve, acme, one)
    await inside(follow_request, acme, _client(talk), event_id=2, request_id=one)
    row = (await inside(all_requests))[0]
    assert (row.state, row.message_id) == ("approved", None)
