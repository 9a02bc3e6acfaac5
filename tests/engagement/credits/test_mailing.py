"""Mail to approvers of large requests: to whom, once, and the link by which they decide."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress

from engagement.audit.models import AuditEntry
from engagement.credits.addressees import find_addressees
from engagement.credits.approvers import add_approver
from engagement.credits.deciding import ask_about_request, undo_decision
from engagement.credits.errors import (
    ApproverQuotaError,
    InvalidCreditsError,
    MailLinkStaleError,
    OwnRequestError,
)
from engagement.credits.mailing import decide_by_mail, link_of, mail_approvers, open_ticket, read_page
from engagement.credits.models import CreditRequest
from engagement.members.models import Identity, Member
from saas.core import clock
from saas.core.crypto import BadSignatureError
from tenants.context import TenantContext
from tenants.models import Membership, User
from tenants.permissions import NotPermittedError
from tests.engagement.credits.holding import ADA, BOB, ask, held, make_member, make_type
from tests.mailbox import send_waiting


def confirm(*usernames: str) -> None:
    for username in usernames:
        user = User.objects.get(username=username)
        EmailAddress.objects.create(user=user, email=f"{username}@example.org", verified=True, primary=True)


def user(username: str) -> Any:
    return User.objects.get(username=username)


def ticket(context: TenantContext, request: CreditRequest, username: str = "acme-moderator") -> Any:
    address = link_of(context, CreditRequest.objects.get(pk=request.pk), user(username).pk)
    return open_ticket(address.partition("ticket=")[2], context)


def test_only_large_requests_are_mailed_and_only_to_who_may_decide(here: TenantContext) -> None:
    confirm("acme-owner", "acme-moderator", "acme-member", "acme-stranger", "globex-owner")
    type_ = make_type(here, mail_above=100)
    add_approver(type_id=type_.pk, name="Sam", user_id=user("acme-stranger").pk, actor=ADA)
    grace = make_member()
    small, large = (
        ask(here, grace, 100),
        ask(here, grace, 101, reason="A <b>poster</b>\r\nBcc: x@example.org"),
    )
    assert mail_approvers(context=here, event_id=1, request_id=small.pk) == 0
    assert mail_approvers(context=here, event_id=2, request_id=large.pk) == 3
    assert mail_approvers(context=here, event_id=2, request_id=large.pk) == 0
    assert mail_approvers(context=here, event_id=3, request_id=999_999) == 0
    sent = send_waiting()
    assert sorted(one.to[0] for one in sent) == [
        "acme-moderator@example.org",
        "acme-owner@example.org",
        "acme-stranger@example.org",
    ]
    letter = sent[0]
    assert letter.subject == "Grace asks for 101 AI credits"
    assert "Bcc" not in letter.extra_headers
    assert "/decide/?ticket=" in letter.body


def test_whoever_has_the_role_is_mailed_told_as_a_member_or_neither(here: TenantContext) -> None:
    confirm("acme-member", "acme-stranger")
    type_, grace = make_type(here, mail_above=100), make_member()
    add_approver(type_id=type_.pk, name="Mentors", role_id=555, actor=ADA)
    linked, by_discord, mailless, left = (make_member(name) for name in ("Linked", "Known", "None", "Left"))
    Member.objects.filter(pk__in=[one.pk for one in (linked, by_discord, mailless, left, grace)]).update(
        role_ids=["554", "555"]
    )
    Member.objects.filter(pk=linked.pk).update(user_id=user("acme-stranger").pk)
    Identity.objects.filter(member_id=by_discord.pk).update(external_id=str(user("acme-member").discord_id))
    Member.objects.filter(pk=left.pk).update(departed_at=clock.now())
    request = ask(here, grace, 101)

    assert mail_approvers(context=here, event_id=1, request_id=request.pk) == 2
    found = find_addressees(context=here, type_id=type_.pk, asker=grace)

    assert set(found.mails.values()) == {"acme-member@example.org", "acme-stranger@example.org"}
    assert mailless.pk in found.member_ids
    assert not {linked.pk, by_discord.pk, left.pk, grace.pk} & set(found.member_ids)
    Member.objects.filter(pk=linked.pk).update(role_ids=[])
    with pytest.raises(NotPermittedError):
        decide_by_mail(context=here, ticket=ticket(here, request, "acme-stranger"), act="approve")
    decide_by_mail(context=here, ticket=ticket(here, request, "acme-member"), act="approve")


def test_who_asks_gets_no_mail_about_their_own(here: TenantContext) -> None:
    confirm("acme-owner", "acme-moderator")
    make_type(here, mail_above=0)
    grace = make_member()
    Member.objects.filter(pk=grace.pk).update(user_id=user("acme-moderator").pk)
    own = ask(here, grace, 5)
    assert mail_approvers(context=here, event_id=1, request_id=own.pk) == 1
    with pytest.raises(OwnRequestError):
        decide_by_mail(context=here, ticket=ticket(here, own), act="approve")


def test_a_link_decides_once_and_is_recorded_as_its_addressees(here: TenantContext) -> None:
    type_ = make_type(here)
    grace = make_member()
    request = ask(here, grace, 50)
    link = ticket(here, request)
    assert read_page(link).is_open
    done = decide_by_mail(context=here, ticket=link, act="approve", amount=20, note="For now")
    assert (done.granted, done.decided_by) == (20, str(user("acme-moderator")))
    assert held(grace, type_) == (20, 0)
    with pytest.raises(MailLinkStaleError):
        decide_by_mail(context=here, ticket=link, act="reject", note="No")
    entry = AuditEntry.objects.get(action="credit_request.approved")
    assert (entry.actor_kind, entry.actor_id, entry.actor_role) == (
        "user",
        user("acme-moderator").pk,
        "moderator",
    )
    undo_decision(context=here, request_id=request.pk, actor=BOB)
    with pytest.raises(MailLinkStaleError):
        decide_by_mail(context=here, ticket=link, act="approve")
    assert held(grace, type_) == (0, 0)


def test_what_happened_meanwhile_makes_the_link_stale(here: TenantContext) -> None:
    make_type(here)
    request = ask(here, make_member(), 50)
    link = ticket(here, request)
    ask_about_request(context=here, request_id=request.pk, actor=BOB, question="What for?")
    assert not read_page(link).is_open
    with pytest.raises(MailLinkStaleError):
        decide_by_mail(context=here, ticket=link, act="approve")


def test_the_link_gives_what_its_addressee_may_do_now(here: TenantContext) -> None:
    type_ = make_type(here)
    grace = make_member()
    stranger = user("acme-stranger")
    request = ask(here, grace, 50)
    with pytest.raises(NotPermittedError):
        decide_by_mail(context=here, ticket=ticket(here, request, "acme-stranger"), act="approve")
    add_approver(type_id=type_.pk, name="Sam", user_id=stranger.pk, quota=30, actor=ADA)
    with pytest.raises(ApproverQuotaError):
        decide_by_mail(context=here, ticket=ticket(here, request, "acme-stranger"), act="approve")
    decide_by_mail(context=here, ticket=ticket(here, request, "acme-stranger"), act="approve", amount=30)
    other = ask(here, grace, 10)
    link = ticket(here, other)
    Membership.objects.filter(user=user("acme-moderator")).delete()
    with pytest.raises(NotPermittedError):
        decide_by_mail(context=here, ticket=link, act="approve")


def test_bad_input_changes_nothing(here: TenantContext) -> None:
    make_type(here)
    request = ask(here, make_member(), 50)
    for facts in (
        {"act": "approve", "amount": 51},
        {"act": "reject", "note": " "},
        {"act": "approve", "amount": 0},
    ):
        with pytest.raises(InvalidCreditsError):
            decide_by_mail(context=here, ticket=ticket(here, request), **facts)
    assert CreditRequest.objects.get().state == "pending"


def test_an_old_a_changed_and_a_foreign_link_are_refused(here: TenantContext, globex: TenantContext) -> None:
    make_type(here)
    request = ask(here, make_member(), 50)
    token = link_of(here, request, user("acme-moderator").pk).partition("ticket=")[2]
    with pytest.raises(BadSignatureError):
        open_ticket(token + "x", here)
    with pytest.raises(BadSignatureError):
        open_ticket("", here)
    with pytest.raises(BadSignatureError):
        open_ticket(token, globex)
