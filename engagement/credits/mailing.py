"""Mail to approvers of large requests, who decide from it: by a signed link that is theirs alone.

Invariants: the link names the request as it stood when the mail was written, so it is good for one decision; it gives its bearer
what its addressee may do at that moment and no more; it is over after LASTS. Opening it changes nothing, because mail programs open
links too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction

from engagement.audit.actor import Actor
from engagement.members.models import Member
from saas.core.counts import write_count
from saas.core.crypto import BadSignatureError, sign, unsign
from saas.core.schemas import PUBLIC, enter_schema
from saas.core.text import clean_line
from tenants.context import TenantContext
from tenants.letters import Letter, send_letter
from tenants.models import User
from tenants.permissions import rights_of_user
from tenants.tickets import get_tenant_address

from .addressees import find_addressees
from .approvers import Authority, get_authority
from .deciding import approve_request, reject_request
from .errors import CreditRequestNotFoundError, MailLinkStaleError
from .flagging import words_of_flag
from .models import CreditRequest, RequestState
from .people import get_owner, roles_of_user
from .selectors import RequestLine, get_request
from .states import is_large, lock_request

PURPOSE: Final = "credit mail"
LASTS: Final = timedelta(days=7)
ACTS: Final = ("approve", "reject")


@dataclass(frozen=True, slots=True)
class MailTicket:
    """What a link says: whose it is, which request it is about, and after how many steps of it."""

    request_id: int
    user_id: int
    steps: int


@dataclass(frozen=True, slots=True)
class MailPage:
    """The request as it is now; `is_open`: this link still decides it."""

    line: RequestLine
    is_open: bool
    name: str  # of whom the link is for


@transaction.atomic
def mail_approvers(*, context: TenantContext, event_id: int, request_id: int) -> int:
    """Write to everybody who may decide and confirmed an address, where the request is large (states.is_large). Not to whoever asked.
    Who has no address is told as a member (engagement.notifications.large_requests).

    Locks the request's row. Idempotent on `event_id`. Answers to how many.
    """
    try:
        request = lock_request(request_id)
    except CreditRequestNotFoundError:
        return 0
    if not is_large(request):
        return 0
    if request.mailed_for is not None and request.mailed_for >= event_id:
        return 0
    request.mailed_for = event_id
    request.save(update_fields=["mailed_for"])
    member = get_owner(request.member_id)
    mails = find_addressees(context=context, type_id=request.type_id, asker=member).mails
    for user_id, address in mails.items():
        send_letter(_write(context, request, member, user_id, address))
    return len(mails)


def link_of(context: TenantContext, request: CreditRequest, user_id: int) -> str:
    token = sign(
        {"s": context.schema, "r": request.pk, "u": user_id, "n": len(request.history)}, purpose=PURPOSE
    )
    return f"{get_tenant_address(context.slug)}/decide/?ticket={token}"


def open_ticket(token: str, context: TenantContext) -> MailTicket:
    """Raises BadSignatureError: too old, not whole, or another community's."""
    facts = unsign(token, purpose=PURPOSE, max_age=int(LASTS.total_seconds()))
    if facts.get("s") != context.schema:
        raise BadSignatureError("This link is not whole. Copy all of it, or ask for a new one.")
    return MailTicket(int(facts["r"]), int(facts["u"]), int(facts["n"]))


def read_page(ticket: MailTicket) -> MailPage:
    """Changes nothing. Raises CreditRequestNotFoundError, BadSignatureError where its addressee has no login any more."""
    line = get_request(request_id=ticket.request_id)
    return MailPage(line, _is_open(line.request, ticket), str(_addressee(ticket)))


@transaction.atomic
def decide_by_mail(
    *,
    context: TenantContext,
    ticket: MailTicket,
    act: str,
    note: str = "",
    amount: int | None = None,
    address: str = "",
) -> CreditRequest:
    """Approve or reject as the one to whom the mail was sent, with what they may do now. Lock, news and errors as approve_request and
    reject_request; MailLinkStaleError where something happened since the mail, so that a link decides once."""
    if act not in ACTS:
        raise ValueError(f"Nobody decides {act!r} by mail.")
    request = lock_request(ticket.request_id)
    if not _is_open(request, ticket):
        raise MailLinkStaleError(
            "Something happened to this request since you got the mail, so the link no longer decides it. Look at it on the dashboard."
        )
    user = _addressee(ticket)
    authority, role = _authority(context, user.pk)
    actor = Actor("user", user.pk, str(user), role=role, via="web", address=address)
    if act == "approve":
        return approve_request(
            context=context, request_id=request.pk, actor=actor, amount=amount, note=note, authority=authority
        )
    return reject_request(
        context=context, request_id=request.pk, actor=actor, reason=note, authority=authority
    )


def _is_open(request: CreditRequest, ticket: MailTicket) -> bool:
    return request.state == RequestState.PENDING and len(request.history) == ticket.steps


def _addressee(ticket: MailTicket) -> User:
    with enter_schema(PUBLIC):
        user = User.objects.filter(pk=ticket.user_id, is_active=True).first()
    if user is None:
        raise BadSignatureError("The login that this link was sent to is gone. Ask somebody of the team.")
    return user


def _authority(context: TenantContext, user_id: int) -> tuple[Authority, str]:
    with enter_schema(PUBLIC):
        rights = rights_of_user(user_id=user_id, tenant_id=context.tenant_id)
        user = User.objects.filter(pk=user_id).first()
    roles = roles_of_user(user_id=user_id, discord_id=None if user is None else user.discord_id)
    return get_authority(rights=rights, user_id=user_id, discord_role_ids=roles), rights.role.title


def _write(
    context: TenantContext, request: CreditRequest, member: Member, user_id: int, address: str
) -> Letter:
    name, community = clean_line(member.display_name, limit=60), clean_line(context.name, limit=80)
    amount = clean_line(write_count(request.amount, f"{request.type.name} {request.type.unit}"), limit=80)
    reason = clean_line(request.reason, limit=500)
    flags = "; ".join(words_of_flag(flag) for flag in request.flags)
    lines = [f"{name} asks for {amount} in {community}."]
    lines += [f"Reason: {reason}"] if reason else ["No reason was given."]
    lines += [f"Look twice: {flags}."] if flags else []
    lines.append(
        f"The link shows the request and lets you decide. It is yours alone, works for {LASTS.days} days, and only until somebody decides."
    )
    return Letter(
        to=address,
        subject=f"{name} asks for {amount}",
        lines=tuple(lines),
        action="Look and decide",
        address=link_of(context, request, user_id),
        reason=f"You get this mail because you may decide on {request.type.name} credits of {community}, and large requests are mailed.",
    )
