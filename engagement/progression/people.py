"""People come, change and go: registered by hand, corrected, deleted, restored, purged.

Every change is one transaction under the ledger lock, because ingest remembers members. Deleting is soft: the member vanishes
from boards, lists, search and mentions, signs in as a stranger and earns nothing, whatever they do, until somebody restores
them; then everything is as it was. What they did meanwhile is not booked afterwards. 30 days later name, picture, e-mail, note,
roles and identities are erased; the ledger's sums stay, under no name. Who comes back after that is somebody new.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection

from engagement.audit.actor import SYSTEM, Actor
from engagement.audit.services import record_audit
from engagement.ledger.statements import ledger_unit
from engagement.members.errors import InvalidMemberError, MemberChangedError, MemberPurgedError
from engagement.members.events import MemberDeleted, MemberRegistered, MemberRestored
from engagement.members.models import ClaimCode, Identity, Member, MemberType
from engagement.members.selectors import get_member
from engagement.standings.models import Standing
from saas.core import clock
from saas.core.ids import new_ulid
from saas.events import publish
from saas.events.jobs import JobRow, defer_rows
from tenants.context import TenantContext, current_tenant
from tenants.models import User

from .models import HeldActivity
from .newcomers import Newcomer, create_members
from .room import require_member_room
from .units import rerank

BY_HAND: Final = "manual"  # the provider of members whom the team registered
PURGE_AFTER: Final = timedelta(days=30)
PURGED_NAME: Final = "Deleted member"
MAX_NAME: Final = 100
MAX_NOTE: Final = 500
_PURGED_AT_ONCE: Final = 500
_ERASE_JOB: Final = "engagement.progression.erase_traces"
_ERASE_AFTER: Final = timedelta(minutes=5)
_EARLIEST: Final = 1970


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """What the team writes about a member. `name` is Discord's for whoever has an account there, and then left alone."""

    name: str
    email: str = ""
    type_id: int | None = None
    joined_at: datetime | None = None
    note: str = ""


def register_member(*, facts: MemberFacts, request_key: str, actor: Actor, context: TenantContext) -> Member:
    """A member without a Discord account. Idempotent on `request_key`: a form sent twice registers one.

    Publishes MemberRegistered. Raises InvalidMemberError, and LimitReachedError where the plan tracks no more members.
    """
    checked = _checked(facts)
    key = request_key[:60] or new_ulid()
    with ledger_unit() as (run, schema):
        known = Member.objects.filter(identities__provider=BY_HAND, identities__external_id=key).first()
        if known is not None:
            return known
        require_member_room(run, schema, context)
        joined = checked.joined_at or clock.now()
        newcomer = Newcomer(BY_HAND, key, checked.name, "", int(joined.timestamp() * 1000), False, [])
        (member_id,) = create_members(run, schema, [newcomer])
        member = Member.objects.get(pk=member_id)
        member.email, member.type_id, member.note = checked.email, checked.type_id, checked.note
        member.save(update_fields=["email", "type", "note"])
        publish(MemberRegistered(member_id, member.display_name))
        record_audit(
            actor=actor,
            action="member.registered",
            target_kind="member",
            target_id=member_id,
            target_name=member.display_name,
            after=describe_member(member),
        )
    return member


def change_member(
    *, member_id: int, facts: MemberFacts, expected: dict[str, Any] | None = None, actor: Actor
) -> Member:
    """Write down what the team knows of a member. Idempotent. `expected` is `describe_member` as the form was opened: when the
    member reads otherwise by now, nothing is changed.

    Raises MemberNotFoundError, InvalidMemberError, MemberChangedError.
    """
    checked = _checked(facts)
    with ledger_unit():
        member = get_member(member_id=member_id)
        before = describe_member(member)
        if expected is not None and expected != before:
            raise MemberChangedError(
                f"Somebody changed {member.display_name} since you opened this. Compare, and save once more."
            )
        if not has_outside_name(member_id):
            member.display_name = checked.name
        member.email, member.type_id, member.note = checked.email, checked.type_id, checked.note
        if checked.joined_at is not None and checked.joined_at != member.joined_at:
            member.joined_at = checked.joined_at
            Standing.objects.filter(pk=member_id).update(joined_at=checked.joined_at)
        member.save(update_fields=["display_name", "email", "type", "note", "joined_at"])
        after = describe_member(member)
        if after != before:
            record_audit(
                actor=actor,
                action="member.changed",
                target_kind="member",
                target_id=member_id,
                target_name=member.display_name,
                before=before,
                after=after,
            )
    return member


def delete_member(*, member_id: int, actor: Actor, context: TenantContext) -> Member:
    """Take a member out of everything, for 30 days in which they can be restored. Idempotent.

    Publishes MemberDeleted. Raises MemberNotFoundError.
    """
    with ledger_unit() as (run, schema):
        member = get_member(member_id=member_id, with_deleted=True)
        if member.deleted_at is None:
            member.deleted_at = clock.now()
            member.save(update_fields=["deleted_at"])
            rerank(run, schema, context, [member_id])
            publish(MemberDeleted(member_id))
            _record(actor, "member.deleted", member)
    return member


def restore_member(*, member_id: int, actor: Actor, context: TenantContext) -> Member:
    """Bring a deleted member back with everything they had. Idempotent.

    Publishes MemberRestored. Raises MemberNotFoundError, MemberPurgedError, and LimitReachedError for somebody who would be tracked
    where the plan tracks no more.
    """
    with ledger_unit() as (run, schema):
        member = get_member(member_id=member_id, with_deleted=True)
        if member.purged_at is not None:
            raise MemberPurgedError(
                "This member cannot come back: the name and the accounts were erased"
                + (
                    " when they were merged into another member."
                    if member.merged_into_id
                    else " after 30 days."
                )
            )
        if member.deleted_at is not None:
            if not member.is_bot and member.departed_at is None and member.waiting_since is None:
                require_member_room(run, schema, context)
            member.deleted_at = None
            member.save(update_fields=["deleted_at"])
            rerank(run, schema, context, [member_id])
            publish(MemberRestored(member_id))
            _record(actor, "member.restored", member)
    return member


def purge_deleted_members(*, now: datetime | None = None) -> int:
    """Erase who they were from members deleted 30 days ago; the sums stay. One transaction a few hundred, idempotent. Answers how
    many were erased. What the audit log tells of them is erased by a job, which each transaction defers."""
    before = (now or clock.now()) - PURGE_AFTER
    purged = 0
    while True:
        with ledger_unit() as (_run, schema):
            some = list(
                Member.objects.filter(deleted_at__lt=before, purged_at=None).order_by("pk")[:_PURGED_AT_ONCE]
            )
            traces = [trace for member in some for trace in _erase(member)]
            if traces:
                # By name: the jobs import this module. Later, because only sealed entries can be emptied.
                later = clock.now() + _ERASE_AFTER
                with connection.cursor() as cursor:
                    defer_rows(cursor, [JobRow(_ERASE_JOB, schema, {"people": traces}, run_at=later)])
        purged += len(some)
        if len(some) < _PURGED_AT_ONCE:
            return purged


def describe_member(member: Member) -> dict[str, Any]:
    """What the team wrote about a member: of the audit log, and of telling whether it changed."""
    return {
        "name": member.display_name,
        "email": member.email,
        "type": member.type_id,
        "joined": member.joined_at.isoformat() if member.joined_at else None,
        "note": member.note,
    }


def has_outside_name(member_id: int) -> bool:
    """Whether the name comes from a provider, which would set it again at the member's next message."""
    return Identity.objects.filter(member_id=member_id).exclude(provider=BY_HAND).exists()


def _erase(member: Member) -> list[tuple[str, int]]:
    """As what the audit log knows them: (kind, id). Who works on the team is kept there by their Discord id, as a teammate."""
    found = Identity.objects.filter(member=member, provider="discord").values_list("external_id", flat=True)
    accounts = {int(one) for one in found if one.isdecimal() and len(one) < 20 and int(one) < 2**63}
    tenant_id = current_tenant().tenant_id
    accounts -= set(
        User.objects.filter(discord_id__in=accounts, memberships__tenant_id=tenant_id).values_list(
            "discord_id", flat=True
        )
    )
    record_audit(
        actor=SYSTEM,
        action="member.purged",
        target_kind="member",
        target_id=member.pk,
        target_name=f"Member {member.pk}",
        note="Deleted 30 days ago",
    )
    Identity.objects.filter(member=member).delete()
    HeldActivity.objects.filter(member_id=member.pk).delete()
    ClaimCode.objects.filter(member=member).delete()
    Member.objects.filter(pk=member.pk).update(
        display_name=PURGED_NAME,
        avatar_url="",
        alias="",
        email="",
        note="",
        timezone="",
        locale="",
        role_ids=[],
        user_id=None,
        type=None,
        purged_at=clock.now(),
    )
    return [("member", member.pk), *(("discord", account) for account in sorted(accounts))]


def _record(actor: Actor, action: str, member: Member) -> None:
    record_audit(
        actor=actor,
        action=action,
        target_kind="member",
        target_id=member.pk,
        target_name=member.display_name,
    )


def _checked(facts: MemberFacts) -> MemberFacts:
    name, note = " ".join(facts.name.split()), facts.note.replace("\r\n", "\n").strip()
    email = facts.email.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise InvalidMemberError(f"A name has 1 to {MAX_NAME} printable characters.", field="name")
    if len(note) > MAX_NOTE or "\x00" in note:
        raise InvalidMemberError(
            f"The note has {len(note):,} characters; at most {MAX_NOTE} are kept. Shorten it.", field="note"
        )
    if email:
        try:
            validate_email(email)
        except ValidationError:
            raise InvalidMemberError(
                f"{email!r:.60} is no e-mail address. Write it as ada@example.org.", field="email"
            ) from None
    if facts.joined_at is not None and not _EARLIEST <= facts.joined_at.year <= clock.now().year + 1:
        raise InvalidMemberError(f"Choose a day from {_EARLIEST} on, and none far ahead.", field="joined_at")
    if facts.type_id is not None and not MemberType.objects.filter(pk=facts.type_id).exists():
        raise InvalidMemberError("That type is gone from the list. Choose another one.", field="type")
    return MemberFacts(name, email[:254], facts.type_id, facts.joined_at, note)
