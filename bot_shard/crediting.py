"""What /credits and its buttons do, a function a unit of work: each runs in its community and calls one service."""

from __future__ import annotations

from dataclasses import dataclass

from bot_shard.answers import MAX_CHOICES
from bot_shard.cog import PROVIDER, member_of
from bot_shard.who import Who
from engagement.credits.approvers import Authority, get_authority, require_authority
from engagement.credits.deciding import approve_request, ask_about_request, reject_request
from engagement.credits.models import CreditRequest, RequestState
from engagement.credits.moving import CreditChange, grant_credits, revoke_credits, undo_move
from engagement.credits.selectors import BalanceLine, get_request, list_balances, list_requests
from engagement.credits.states import require_open
from engagement.members.errors import MemberNotFoundError
from engagement.progression.services import ensure_member
from tenants.models import User
from tenants.permissions import rights_for_interaction


@dataclass(frozen=True)
class Target:
    """Whose credits change, as the interaction names them."""

    user_id: int
    name: str
    avatar_url: str = ""


@dataclass(frozen=True)
class Balances:
    """`member` False: who was never seen here."""

    lines: list[BalanceLine]
    member: bool = True


def authority_of(who: Who) -> Authority:
    """By role, by Discord role or by login. Raises NotPermittedError for who may decide on nothing."""
    rights = rights_for_interaction(who.context, who.discord_id, who.permissions, who.role_ids)
    user_id = User.objects.filter(discord_id=who.discord_id).values_list("pk", flat=True).first()
    authority = get_authority(rights=rights, user_id=user_id, discord_role_ids=who.role_ids)
    require_authority(authority)
    return authority


def approve(who: Who, request_id: int, *, amount: int | None = None, note: str = "") -> CreditRequest:
    """Raises what the service raises."""
    return approve_request(
        context=who.context,
        request_id=request_id,
        actor=who.actor,
        amount=amount,
        note=note,
        authority=authority_of(who),
    )


def reject(who: Who, request_id: int, reason: str) -> CreditRequest:
    return reject_request(
        context=who.context,
        request_id=request_id,
        actor=who.actor,
        reason=reason,
        authority=authority_of(who),
    )


def ask_about(who: Who, request_id: int, question: str) -> CreditRequest:
    return ask_about_request(
        context=who.context,
        request_id=request_id,
        actor=who.actor,
        question=question,
        authority=authority_of(who),
    )


def open_request(who: Who, request_id: int) -> CreditRequest:
    """For a form: raises CreditRequestNotFoundError, NotPermittedError, RequestDecidedError."""
    authority = authority_of(who)
    row = get_request(request_id=request_id).request
    require_authority(authority, row.type_id)
    require_open(row)
    return row


def suggest_requests(who: Who, typed: str) -> list[tuple[str, int]]:
    """(what is shown, the number) of what waits and they may decide on, the oldest first."""
    authority = authority_of(who)
    lines = list_requests(
        states=[RequestState.PENDING], type_ids=authority.type_ids, oldest_first=True, limit=100
    )
    wanted = typed.strip().lstrip("#").casefold()
    return [
        (
            f"#{row.pk} · {line.member.display_name[:40]} · {row.amount:,} {row.type.name} {row.type.unit}",
            row.pk,
        )
        for line in lines
        if wanted in f"{(row := line.request).pk} {line.member.display_name} {row.type.name}".casefold()
    ][:MAX_CHOICES]


def grant(who: Who, target: Target, *, type_key: str, amount: int, reason: str, key: str) -> CreditChange:
    who.check("grant_credits")
    member = ensure_member(
        provider=PROVIDER,
        external_id=str(target.user_id),
        display_name=target.name,
        avatar_url=target.avatar_url,
    )
    return grant_credits(
        context=who.context, member_id=member.pk, type_key=type_key, amount=amount, reason=reason, actor=who.actor, key=key
    )  # fmt: skip


def revoke(who: Who, target: Target, *, type_key: str, amount: int, reason: str, key: str) -> CreditChange:
    who.check("grant_credits")
    member = member_of(target.user_id)
    if member is None:
        raise MemberNotFoundError("There is no such member in this community.")
    return revoke_credits(
        context=who.context, member_id=member.pk, type_key=type_key, amount=amount, reason=reason, actor=who.actor, key=key
    )  # fmt: skip


def undo(who: Who, move_id: int) -> CreditChange:
    who.check("grant_credits")
    return undo_move(context=who.context, move_id=move_id, actor=who.actor)


def read_balances(who: Who, user_id: int) -> Balances:
    """One's own; another member's for the team alone. Raises NotPermittedError."""
    own = user_id == who.discord_id
    who.check("request_credits" if own else "view_credits")
    member = member_of(user_id)
    if member is None:
        return Balances([], member=False)
    return Balances(list_balances(member_id=member.pk))
