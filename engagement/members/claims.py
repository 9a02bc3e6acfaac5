"""Claim codes: made by the team for a member without a login, entered by the person.

Invariants: a code opens one member of one community, once, until it expires; three wrong codes of one person within a quarter of
an hour lock that person out for an hour, right codes included, and the team is told. Failures are counted in a transaction of
their own under the row's lock, so that neither an error nor a second window of the browser gets anybody another try.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.utils.crypto import salted_hmac

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from saas.core import clock
from saas.events import publish

from .errors import ClaimLockedError, InvalidClaimError, NotClaimableError
from .events import ClaimLocked
from .models import ClaimCode, ClaimTries, Member
from .selectors import get_member

ALPHABET: Final = "ACDEFGHJKLMNPQRTUVWXY34679"  # no look-alikes: 0 O, 1 I, 2 Z, 5 S, 8 B
LENGTH: Final = 10
LIFETIME: Final = timedelta(days=7)
TRIES: Final = 3
WINDOW: Final = timedelta(minutes=15)
LOCK: Final = timedelta(hours=1)
_KEPT: Final = timedelta(days=1)  # a count of failures that nothing came of


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """Shown once: only its digest is kept."""

    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LockedClaimant:
    name: str
    locked_until: datetime


def issue_claim_code(*, member_id: int, actor: Actor) -> IssuedCode:
    """A new code for a member who has neither login nor Discord account; a former one is worthless from now on.

    Raises MemberNotFoundError, MemberDeletedError, NotClaimableError.
    """
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    expires_at = clock.now() + LIFETIME
    with transaction.atomic():
        member = Member.objects.select_for_update().get(pk=get_member(member_id=member_id).pk)
        if member.user_id is not None or member.identities.filter(provider="discord").exists():
            raise NotClaimableError(
                f"{member.display_name} signs in already, so that there is nothing to claim. "
                "Merge two members if the same person is here twice."
            )
        ClaimCode.objects.update_or_create(
            member=member, defaults={"digest": _digest(code), "expires_at": expires_at}
        )
        record_audit(
            actor=actor,
            action="member.code_issued",
            target_kind="member",
            target_id=member_id,
            target_name=member.display_name,
        )
    return IssuedCode(f"{code[:5]}-{code[5:]}", expires_at)


def check_code(*, code: str, claimant: str, name: str) -> int:
    """The id of the member whom the code opens. A wrong one is counted against `claimant`, in a transaction of its own.

    Raises InvalidClaimError, and ClaimLockedError from the third wrong one on, whatever is entered then.
    """
    with transaction.atomic():
        tries, _made = ClaimTries.objects.get_or_create(
            claimant=claimant, defaults={"began_at": clock.now(), "name": name[:100]}
        )
        tries = _lock_tries(tries.pk)
        wait = _remaining(tries)
        member_id = None if wait else find_code(code)
        if member_id is None and not wait:
            wait = _count_failure(tries, name)
    if wait:
        raise ClaimLockedError(
            f"That were {TRIES} wrong codes. You can try again in {max(1, round(wait / 60))} minutes; "
            "the team has been told. Ask them for a new code meanwhile.",
            retry_after=max(1, wait),
        )
    if member_id is None:
        left = TRIES - tries.failures
        raise InvalidClaimError(
            f"No member waits under this code: it may be mistyped, used or expired. "
            f"You can try {left} more time{'s' if left != 1 else ''}, or ask the team for a new code.",
            field="code",
        )
    return member_id


def find_code(code: str) -> int | None:
    """The member whom an unexpired code opens. For callers who count wrong ones."""
    plain = normalise(code)
    if len(plain) != LENGTH:
        return None
    return (
        ClaimCode.objects.filter(digest=_digest(plain), expires_at__gt=clock.now(), member__deleted_at=None)
        .values_list("member_id", flat=True)
        .first()
    )


def use_code(code: str) -> int:
    """Take the code out of the world and answer its member. In the caller's transaction, which holds the ledger lock.

    Raises InvalidClaimError for one that somebody else used meanwhile.
    """
    member_id = find_code(code)
    if member_id is None or not ClaimCode.objects.filter(digest=_digest(normalise(code))).delete()[0]:
        raise InvalidClaimError("This code was used a moment ago. Ask the team for a new one.", field="code")
    return member_id


def list_locked_claimants() -> list[LockedClaimant]:
    """Who is locked out now: for the team's attention. One query."""
    rows = ClaimTries.objects.filter(locked_until__gt=clock.now()).order_by("-locked_until")[:20]
    return [LockedClaimant(row.name, row.locked_until) for row in rows if row.locked_until is not None]


def forget_old_claims() -> int:
    """Remove expired codes and counts of failures that are a day old. Idempotent. Answers how many rows went."""
    now = clock.now()
    codes, _ = ClaimCode.objects.filter(expires_at__lte=now).delete()
    old = ClaimTries.objects.filter(began_at__lt=now - _KEPT).exclude(locked_until__gt=now)
    tries, _ = old.delete()
    return codes + tries


def normalise(code: str) -> str:
    """As it was made: people type small letters, spaces and hyphens."""
    return "".join(letter for letter in code[:60].upper() if letter.isalnum())


def _lock_tries(pk: int) -> ClaimTries:
    return ClaimTries.objects.select_for_update().get(pk=pk)


def _remaining(tries: ClaimTries) -> int:
    """Seconds for which the person is still locked out."""
    if tries.locked_until is None:
        return 0
    return max(0, round((tries.locked_until - clock.now()).total_seconds()))


def _count_failure(tries: ClaimTries, name: str) -> int:
    """One more wrong code; answers the seconds of the lock that it brought, or 0."""
    now = clock.now()
    if tries.began_at < now - WINDOW or tries.locked_until is not None:
        tries.failures, tries.began_at, tries.locked_until = 0, now, None
    tries.failures += 1
    tries.name = name[:100]
    if tries.failures >= TRIES:
        tries.locked_until = now + LOCK
        publish(ClaimLocked(tries.claimant, tries.name))
        kind, _, identifier = tries.claimant.partition(":")
        record_audit(
            actor=Actor(kind, int(identifier), tries.name or "somebody"),
            action="member.claim_locked",
            note=f"{TRIES} wrong claim codes",
        )
    tries.save()
    return _remaining(tries)


def _digest(code: str) -> str:
    """Keyed and bound to the community: worthless in another one, and to whoever reads the table."""
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    return salted_hmac(f"claim:{schema}", code, algorithm="sha256").hexdigest()


__all__ = [
    "IssuedCode",
    "LockedClaimant",
    "check_code",
    "find_code",
    "forget_old_claims",
    "issue_claim_code",
    "list_locked_claimants",
    "normalise",
    "use_code",
]
