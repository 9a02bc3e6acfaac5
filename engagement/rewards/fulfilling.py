"""What happens once a redemption is approved, by kind.

Invariant: each is given once. The row is locked, what it gives is written in the same transaction as the state that says so, and a
job that comes twice, or again after its process was killed, finds that state. What lies outside of the database (a role) is desired
state: asking for it twice gives it once. Lock order: redemption, code or balance, reward.

`Redemption.outcome` notes: `role_id`, `days`, `giving`, `had`, `ended` of a role · `file_id`, `link_hours`, `downloads`, `downloaded` of
a download · `url`, `code` of a partner's offer · `type_id`, `amount` of credits · `ticket` of a raffle · `asked_at`, `nonce`, `given_at`
of an address · `waits`, why it does not go on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from django.db import connection, transaction

from engagement.audit.actor import SYSTEM, Actor
from engagement.credits.errors import CreditTypeNotFoundError, InvalidCreditsError
from engagement.credits.moving import give_reward_credits, take_reward_credits_back
from engagement.files.models import StoredFile
from engagement.progression.merged import find_owner
from saas.core import clock
from saas.core.crypto import new_secret
from saas.events import publish
from saas.events.retries import RetryLaterError

from .code_seals import make_code
from .deciding import mark_delivered, mark_fulfilled
from .fulfilment_events import AddressAsked, FulfilmentStuck, RewardRoleDue, RewardRoleEnded
from .models import Redemption, RedemptionState, Reward, RewardCode, RewardKind
from .redemption_errors import RedemptionStateError
from .states import APPROVED, ENDED, GIVEN, lock_redemption

WAIT_AGAIN: Final = timedelta(minutes=10)  # what waits for the team is looked at so often
REMIND_MEMBER: Final = timedelta(days=3)  # of the address that is missing
REMIND_TEAM: Final = timedelta(days=2)  # of what is to be done by hand, or shipped
# Nobody but the team can do these; everything else goes on by itself.
BY_HAND: Final = (RewardKind.CUSTOM.value, RewardKind.MERCHANDISE.value)
_NEXT_CODE: Final = (
    "SELECT id FROM reward_code WHERE reward_id = %s AND redemption_id IS NULL AND withdrawn_at IS NULL "
    "ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED"
)
_NEXT_TICKET: Final = "SELECT coalesce(max((outcome->>'ticket')::int), 0) + 1 FROM redemption WHERE reward_id = %s AND outcome ? 'ticket'"


@transaction.atomic
def fulfil_redemption(*, redemption_id: int) -> Redemption:
    """Give what was approved, or begin to. Locks the redemption; what it gives is committed with the state that says so.

    Idempotent. Publishes RedemptionChanged, or RewardRoleDue, AddressAsked, FulfilmentStuck. Raises RedemptionNotFoundError, and
    RetryLaterError while others hold the codes that are left.
    """
    redemption = lock_redemption(redemption_id)
    if redemption.state == APPROVED:
        reward = Reward.objects.get(pk=redemption.reward_id)
        _FULFIL[redemption.kind](redemption, reward.settings, reward)
    return redemption


@transaction.atomic
def undo_fulfilment(*, redemption_id: int) -> Redemption:
    """Take back what can be taken back of a redemption that was cancelled: credits, and the role. A code that was seen stays out, and
    is shown no longer; a link that was made ends. Idempotent. Publishes RewardRoleDue. Raises RedemptionNotFoundError."""
    redemption = lock_redemption(redemption_id)
    if redemption.state not in ENDED:
        return redemption
    if redemption.kind == RewardKind.CREDITS:
        take_reward_credits_back(redemption_id=redemption.pk)
    elif redemption.kind == RewardKind.ROLE and "role_id" in redemption.outcome:
        publish(RewardRoleDue(redemption.pk, redemption.member_id))
    return redemption


@transaction.atomic
def complete_by_hand(*, redemption_id: int, actor: Actor, note: str = "") -> Redemption:
    """The team did what a custom reward promises. Idempotent. Recorded in the audit log, publishes RedemptionChanged.

    Raises RedemptionNotFoundError, RedemptionStateError.
    """
    redemption = lock_redemption(redemption_id)
    if redemption.state not in GIVEN and redemption.kind != RewardKind.CUSTOM:
        raise RedemptionStateError(
            f"“{redemption.reward_name}” is not done by hand: EngageHub gives it by itself, or it is shipped. Open it to see what it waits for."
        )
    mark_fulfilled(
        redemption_id=redemption_id, outcome={"note": note[:300]} if note else {}, actor=actor, key="by hand"
    )
    return mark_delivered(redemption_id=redemption_id, actor=actor)


@transaction.atomic
def begin_giving_role(*, redemption_id: int, had: bool) -> Redemption | None:
    """Note that a role is about to be given, or that the member `had` it before, so that it is never taken from them. None for one that
    is not approved any more. Committed before Discord is asked: a crash then leaves no doubt whose the role is."""
    redemption = lock_redemption(redemption_id)
    if redemption.state != APPROVED or "role_id" not in redemption.outcome:
        return None
    if not {"giving", "had"} & redemption.outcome.keys():
        _note(redemption, **({"had": True} if had else {"giving": True}))
    return redemption


@transaction.atomic
def note_role_given(*, redemption_id: int) -> Redemption:
    """The member has the role: fulfilled and delivered. For a time, it ends so long after now, or after the time that is still running.

    Idempotent. Publishes RedemptionChanged.
    """
    redemption = lock_redemption(redemption_id)
    if redemption.state != APPROVED:
        return redemption
    days, ends_at = redemption.outcome.get("days"), None
    if days:
        running = Redemption.objects.filter(
            member_id=redemption.member_id,
            kind=RewardKind.ROLE,
            state__in=GIVEN,
            outcome__role_id=redemption.outcome["role_id"],
            ends_at__gt=clock.now(),
        ).order_by("-ends_at")
        begins = running.values_list("ends_at", flat=True).first() or clock.now()
        ends_at = begins + timedelta(days=int(days))
    return _give(redemption, {}, ends_at=ends_at)


@transaction.atomic
def note_role_ended(*, redemption_id: int, still: bool = False) -> Redemption:
    """The time of a role is over and it is gone; `still`: another redemption, a level or the team keeps it there. Idempotent.

    Publishes RewardRoleEnded, unless the member has it still.
    """
    redemption = lock_redemption(redemption_id)
    if "ended" not in redemption.outcome:
        redemption.outcome = {**redemption.outcome, "ended": clock.now().isoformat()}
        Redemption.objects.filter(pk=redemption.pk).update(outcome=redemption.outcome)
        if not still and "had" not in redemption.outcome:
            publish(RewardRoleEnded(redemption.pk, redemption.member_id))
    return redemption


def hold_up(*, redemption_id: int, why: str) -> None:
    """An approved one does not go on: the team is told once, and it is tried again. Publishes FulfilmentStuck."""
    with transaction.atomic():
        redemption = lock_redemption(redemption_id)
        if redemption.state == APPROVED:
            _wait(redemption, why)


# --- each kind ---


def _role(redemption: Redemption, settings: Mapping[str, Any], reward: Reward) -> None:
    role_id = redemption.outcome.get("role_id") or settings.get("role_id")
    if not role_id:
        _wait(redemption, "role")
        return
    _note(redemption, role_id=str(role_id), days=redemption.outcome.get("days") or settings.get("days"))
    publish(RewardRoleDue(redemption.pk, redemption.member_id))


def _download(redemption: Redemption, settings: Mapping[str, Any], reward: Reward) -> None:
    file_id = settings.get("file_id")
    if not file_id or not StoredFile.objects.filter(pk=file_id).exists():
        _wait(redemption, "file")
        return
    noted = {
        "file_id": file_id,
        "link_hours": settings.get("link_hours", 72),
        "downloads": settings.get("downloads", 5),
        "downloaded": 0,
    }
    _give(redemption, noted)


def _code(redemption: Redemption, settings: Mapping[str, Any], reward: Reward) -> None:
    if settings.get("source", "pool") != "pool":
        make_code(reward=reward, redemption=redemption, prefix=str(settings.get("prefix", "")))
        _give(redemption, {})
        return
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_CODE, [reward.pk])
        row = cursor.fetchone()
    if row is not None:
        RewardCode.objects.filter(pk=row[0]).update(redemption=redemption)
        _give(redemption, {})
    elif RewardCode.objects.filter(reward=reward, redemption=None, withdrawn_at=None).exists():
        # Others hold every one that is left; they may yet let go of them.
        raise RetryLaterError(f"The codes of reward {reward.pk} are all in hands at the moment.", seconds=1)
    else:
        _wait(redemption, "codes")


def _partner(redemption: Redemption, settings: Mapping[str, Any], reward: Reward) -> None:
    _give(redemption, {"url": settings.get("url", ""), "code": settings.get("code", "")})


def _credits(redemption: Redemption, settings: Mapping[str, Any], reward: Reward) -> None:
    type_id, amount = settings.get("type_id"), settings.get("amount")
    try:
        with transaction.atomic():
            give_reward_credits(
                member_id=find_owner(redemption.member_id),
                type_id=int(type_id or 0),
                amount=int(amount or 0),
                redemption_id=redemption.pk,
            )
    except (CreditTypeNotFoundError, InvalidCreditsError):
        _wait(redemption, "credits")
        return
    _give(redemption, {"type_id": type_id, "amount": amount})


def _raffle(redemption: Redemption, settings: Mapping[str, Any], reward: Reward) -> None:
    """Tickets of one raffle are numbered without gaps in the order in which they are given: its row is held meanwhile."""
    Reward.objects.select_for_update().only("pk").get(pk=reward.pk)
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_TICKET, [reward.pk])
        number = int(cursor.fetchone()[0])
    mark_fulfilled(
        redemption_id=redemption.pk, outcome={"ticket": number}, actor=SYSTEM, key=_key(redemption)
    )


def _merchandise(redemption: Redemption, settings: Mapping[str, Any], reward: Reward) -> None:
    if redemption.address:
        _note(redemption, due_at=clock.now() + REMIND_TEAM)
        return
    if "asked_at" in redemption.outcome:
        return
    _note(
        redemption,
        due_at=clock.now() + REMIND_MEMBER,
        asked_at=clock.now().isoformat(),
        nonce=new_secret()[:16],
    )
    publish(AddressAsked(redemption.pk, redemption.member_id, again=False))


def _custom(redemption: Redemption, settings: Mapping[str, Any], reward: Reward) -> None:
    if redemption.due_at is None:
        _note(redemption, due_at=clock.now() + REMIND_TEAM)


_FULFIL: Final[Mapping[str, Callable[[Redemption, Mapping[str, Any], Reward], None]]] = {
    RewardKind.ROLE.value: _role,
    RewardKind.DOWNLOAD.value: _download,
    RewardKind.CODE.value: _code,
    RewardKind.PARTNER.value: _partner,
    RewardKind.MERCHANDISE.value: _merchandise,
    RewardKind.CREDITS.value: _credits,
    RewardKind.RAFFLE.value: _raffle,
    RewardKind.CUSTOM.value: _custom,
}


def _give(redemption: Redemption, outcome: Mapping[str, Any], **noted: Any) -> Redemption:
    """It is with the member: fulfilled, and nothing is on its way."""
    kept = {name: value for name, value in redemption.outcome.items() if name != "waits"}
    if kept != redemption.outcome:
        Redemption.objects.filter(pk=redemption.pk).update(outcome=kept)
    mark_fulfilled(
        redemption_id=redemption.pk, outcome=dict(outcome), actor=SYSTEM, key=_key(redemption), **noted
    )
    return mark_delivered(redemption_id=redemption.pk, actor=SYSTEM)


def _wait(redemption: Redemption, why: str) -> None:
    """It stays approved, is looked at again, and the team is told the first time."""
    told = redemption.outcome.get("waits") == why
    _note(redemption, due_at=clock.now() + WAIT_AGAIN, waits=why)
    if not told:
        publish(FulfilmentStuck(redemption.pk, redemption.reward_id, redemption.reward_name, why))


def _note(redemption: Redemption, *, due_at: Any = None, **outcome: Any) -> None:
    """Columns of fulfilment's own, of a row that is locked and approved."""
    redemption.outcome = {
        **redemption.outcome,
        **{name: value for name, value in outcome.items() if value is not None},
    }
    changes: dict[str, Any] = {"outcome": redemption.outcome}
    if due_at is not None:
        changes["due_at"] = redemption.due_at = due_at
    Redemption.objects.filter(pk=redemption.pk, state=RedemptionState.APPROVED).update(**changes)


def _key(redemption: Redemption) -> str:
    return f"fulfil:{redemption.pk}"
