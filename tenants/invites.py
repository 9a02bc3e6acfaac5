"""Invites to a tenant's team [public schema].

Invariants: an invite is taken at most once, by a conditional update; only its token's digest is kept; one that names an
address is taken by a login which has confirmed that address; nobody becomes owner by invite, and nobody's role falls by
taking one. Who may invite is asked by the caller (`manage_team`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q

from saas.core import clock
from saas.core.crypto import digest_of, new_secret
from saas.core.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RateLimitedError,
)
from saas.core.schemas import PUBLIC, enter_schema
from saas.core.text import clean_line

from .errors import BadRoleError
from .gates import LIMITS, LimitReachedError
from .letters import Letter, send_letter
from .models import Invite, Membership, Tenant, User
from .permissions import Role
from .seats import SEATS, require_seat_to_join, require_seat_to_offer

INVITE_DAYS = 7
OPEN_INVITES = 50
INVITES_KEPT = timedelta(days=90)
RESEND_SECONDS = 60
_STATES = (Tenant.State.PROVISIONING, Tenant.State.ACTIVE)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The place on the team, and whether this call took the invite or an earlier one did."""

    membership: Membership
    is_new: bool


class InviteGoneError(NotFoundError):
    """The token belongs to no invite: it was revoked, replaced by a newer one, or never existed."""

    code = "invite_gone"

    def __init__(self) -> None:
        super().__init__(
            "This invite no longer works: it was withdrawn, or a newer one was sent. Ask whoever invited you for a new link."
        )


class InviteExpiredError(ConflictError):
    code = "invite_expired"

    def __init__(self) -> None:
        super().__init__(
            f"This invite has expired; invites are good for {INVITE_DAYS} days. Ask whoever invited you for a new one."
        )


class InviteUsedError(ConflictError):
    code = "invite_used"

    def __init__(self) -> None:
        super().__init__("Somebody has used this invite already; each works once. Ask for one of your own.")


class InviteForAnotherError(NotAllowedError):
    code = "invite_for_another"

    def __init__(self, email: str) -> None:
        super().__init__(
            f"This invite is for {mask_email(email)}. Sign in with the login that has confirmed this address, or ask for an"
            " invite to yours."
        )


class TeamFullError(LimitReachedError):
    """The plan has no seat for whoever takes the invite; it stays open."""

    def __init__(self, allowed: int) -> None:
        super().__init__(
            LIMITS[SEATS],
            allowed,
            f"This team is full: the community's plan includes {allowed:,} people. Your invite stays open; ask whoever invited you "
            "to make room, or to have the plan changed.",
        )


class TooManyInvitesError(ConflictError):
    code = "too_many_invites"

    def __init__(self) -> None:
        super().__init__(
            f"{OPEN_INVITES} invites are open, which is the most at a time. Revoke one that nobody will use."
        )


def invite_person(*, tenant: Tenant, role: Role, email: str | None, invited_by: User) -> tuple[Invite, str]:
    """Offer `role` to whoever opens the link, or with `email` to that person alone, who is sent it by mail.

    An open invite to the same address is replaced: its older link stops working. Locks the tenant's row. The token is
    returned once and kept nowhere. Raises BadRoleError, InvalidInputError, TooManyInvitesError, RateLimitedError, and
    LimitReachedError where people and open invites fill the plan's seats.
    """
    _check_role(role)
    address = _check_email(email)
    with enter_schema(PUBLIC), transaction.atomic():
        row = Tenant.objects.select_for_update().get(pk=tenant.pk)
        open_ones = Invite.objects.filter(tenant=row, accepted_at=None)
        invite = open_ones.filter(email__iexact=address).first() if address else None
        require_seat_to_offer(row, besides=None if invite is None else invite.pk)
        if invite is None:
            if open_ones.filter(expires_at__gt=clock.now()).count() >= OPEN_INVITES:
                raise TooManyInvitesError
            invite = Invite(tenant=row, email=address)
        else:
            _check_pause(invite)
        invite.role, invite.invited_by = role.title, invited_by
        token = _renew(invite)
        invite.save()
        _send(invite, token)
    return invite, token


def list_invites(*, tenant: Tenant) -> list[Invite]:
    """Those that nobody has taken, the newest first; expired ones too, so that they can be sent again."""
    with enter_schema(PUBLIC):
        return list(
            Invite.objects.filter(tenant=tenant, accepted_at=None)
            .select_related("invited_by")
            .order_by("-sent_at", "-pk")
        )


def prune_invites() -> int:
    """Forget invites, and with them the addresses, that were taken or ran out 90 days ago. Answers how many went. Idempotent."""
    past = clock.now() - INVITES_KEPT
    with enter_schema(PUBLIC):
        gone, _ = Invite.objects.filter(
            Q(accepted_at__lt=past) | Q(accepted_at=None, expires_at__lt=past)
        ).delete()
    return gone


def revoke_invite(*, tenant: Tenant, invite_id: int) -> Invite:
    """The invite's link stops working at once. Raises NotFoundError where there is no open one of that id here."""
    with enter_schema(PUBLIC), transaction.atomic():
        invite = _lock_open(tenant, invite_id)
        kept = invite.pk
        invite.delete()
        invite.pk = kept
    return invite


def resend_invite(*, tenant: Tenant, invite_id: int) -> tuple[Invite, str]:
    """A new link for another seven days, by mail where the invite names an address; the older link stops working.

    Locks the tenant's row and the invite's. Raises NotFoundError, LimitReachedError, and RateLimitedError within a minute of the
    last.
    """
    with enter_schema(PUBLIC), transaction.atomic():
        row = Tenant.objects.select_for_update().get(pk=tenant.pk)
        invite = _lock_open(tenant, invite_id)
        _check_pause(invite)
        require_seat_to_offer(row, besides=invite.pk)
        token = _renew(invite)
        invite.save(update_fields=["token_digest", "sent_at", "expires_at"])
        _send(invite, token)
    return invite, token


def find_invite(*, token: str) -> Invite:
    """The invite behind a link, for the page that asks before it is taken. Raises InviteGoneError, InviteExpiredError.

    One that was taken is found too: whoever took it may open its link again.
    """
    with enter_schema(PUBLIC):
        invite = (
            Invite.objects.filter(token_digest=digest_of(token), tenant__state__in=_STATES)
            .select_related("tenant", "invited_by")
            .first()
        )
    if invite is None:
        raise InviteGoneError
    if invite.accepted_at is None and invite.expires_at <= clock.now():
        raise InviteExpiredError
    return invite


def accept_invite(*, token: str, user: User) -> Acceptance:
    """`user` takes the role that the invite offers, or keeps a higher one.

    Locks the tenant's row, because seats are counted. The conditional update decides who of two gets a link; whoever took it may
    repeat this without effect. Raises InviteGoneError, InviteExpiredError, InviteUsedError, InviteForAnotherError,
    TeamFullError.
    """
    with enter_schema(PUBLIC), transaction.atomic():
        invite = find_invite(token=token)
        row = Tenant.objects.select_for_update().get(pk=invite.tenant_id)
        is_new = False
        if invite.accepted_at is None:
            _check_person(invite, user)
            is_new = _take(invite, token, user)
            if not Membership.objects.filter(user=user, tenant=row).exists():
                _require_seat(row)
        elif invite.accepted_by_id != user.pk:
            raise InviteUsedError
        return Acceptance(_join(invite, user), is_new)


def get_invite_address(token: str) -> str:
    """The link that an invite's token makes."""
    return f"{settings.BASE_URL}/invites/{token}/"


def mask_email(email: str) -> str:
    """Enough of an address for its owner to know it, and for nobody else."""
    name, _, host = email.rpartition("@")
    return f"{name[:1]}{'•' * min(6, max(1, len(name) - 1))}@{host}"


def _take(invite: Invite, token: str, user: User) -> bool:
    """Whether this call took it; False where the same person's other click was quicker."""
    now = clock.now()
    taken = Invite.objects.filter(
        pk=invite.pk, token_digest=digest_of(token), accepted_at=None, expires_at__gt=now
    ).update(accepted_at=now, accepted_by=user)
    if taken:
        return True
    # Somebody committed between our look and our update.
    later = Invite.objects.filter(pk=invite.pk, token_digest=digest_of(token)).first()
    if later is None:
        raise InviteGoneError
    if later.accepted_by_id != user.pk:
        raise InviteUsedError
    return False


def _require_seat(tenant: Tenant) -> None:
    try:
        require_seat_to_join(tenant)
    except LimitReachedError as error:
        raise TeamFullError(error.allowed) from error


def _join(invite: Invite, user: User) -> Membership:
    """The Membership, with the higher of the offered role and the one held. A taken invite gives nothing back later."""
    found = Membership.objects.select_for_update().filter(user=user, tenant=invite.tenant).first()
    if found is None:
        if invite.accepted_at is not None:
            raise InviteUsedError  # taken before, and removed from the team since
        found, _ = Membership.objects.get_or_create(
            user=user, tenant=invite.tenant, defaults={"role": invite.role}
        )
    if invite.accepted_at is None and Role[found.role.upper()] < Role[invite.role.upper()]:
        found.role = invite.role
        found.save(update_fields=["role"])
    return found


def _check_person(invite: Invite, user: User) -> None:
    if not invite.email:
        return
    if not EmailAddress.objects.filter(user=user, email__iexact=invite.email, verified=True).exists():
        raise InviteForAnotherError(invite.email)


def _check_role(role: Role) -> None:
    if not Role.MEMBER < role <= Role.ADMIN:
        raise BadRoleError(
            "Invite people as analyst, moderator or admin. To make somebody owner, hand the community over to them.",
            field="role",
        )


def _check_email(email: str | None) -> str:
    address = (email or "").strip()
    if not address:
        return ""
    try:
        validate_email(address)
    except ValidationError as error:
        raise InvalidInputError(
            f"{address[:60]!r} is no e-mail address. It looks like name@example.org.", field="email"
        ) from error
    return address


def _check_pause(invite: Invite) -> None:
    passed = (clock.now() - invite.sent_at).total_seconds()
    if passed < RESEND_SECONDS:
        seconds = int(RESEND_SECONDS - passed) + 1
        raise RateLimitedError(
            f"This invite was sent a moment ago. Wait {seconds} seconds before sending it again.",
            retry_after=seconds,
        )


def _lock_open(tenant: Tenant, invite_id: int) -> Invite:
    invite = (
        Invite.objects.select_for_update(of=("self",))
        .select_related("tenant", "invited_by")
        .filter(pk=invite_id, tenant=tenant, accepted_at=None)
        .first()
    )
    if invite is None:
        raise NotFoundError("There is no open invite like that. It was taken or revoked in the meantime.")
    return invite


def _renew(invite: Invite) -> str:
    token = new_secret()
    invite.token_digest = digest_of(token)
    invite.sent_at = clock.now()
    invite.expires_at = invite.sent_at + timedelta(days=INVITE_DAYS)
    return token


def _send(invite: Invite, token: str) -> None:
    if not invite.email:
        return
    host = clean_line(str(invite.invited_by), limit=60) if invite.invited_by else "Somebody"
    name = clean_line(invite.tenant.name, limit=80)
    send_letter(
        Letter(
            to=invite.email,
            subject=f"{host} invites you to the team of {name}",
            lines=(
                f"{host} would like you to join the team of {name} on EngageHub as {invite.role}.",
                f"The link below works once, until {invite.expires_at:%-d %B %Y, %H:%M} UTC. You need a login with this"
                " address, which takes a minute to make.",
            ),
            action="Open the invite",
            address=get_invite_address(token),
            reason="You get this mail because somebody typed your address. If you do not know them, ignore it.",
        )
    )
