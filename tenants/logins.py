"""Logins: the ways into one, the Discord account that belongs to it, its end [public schema].

Invariants: a Discord account belongs to one login at a time, by the table's constraint; nobody is ever joined to a login because
an e-mail address is the same; the last way in is not taken away; a community is not left without an owner.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import available_timezones

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from saas.core import clock
from saas.core.errors import ConflictError, InvalidInputError, NotAllowedError
from saas.core.schemas import PUBLIC, enter_schema
from saas.core.text import clean_line

from .invites import mask_email
from .models import Membership, Tenant, User

RELINK_DAYS = 7
NAME_LENGTH = 60
PROVIDER = "discord"
CODE_PROOF, PASSWORD_PROOF, DISCORD_PROOF = "code", "password", "discord"


@dataclass(frozen=True, slots=True)
class WaysIn:
    """How a person can get into their login."""

    password: bool
    discord: bool

    @property
    def count(self) -> int:
        return self.password + self.discord


@dataclass(frozen=True, slots=True)
class LoginFacts:
    """What hangs on a login, for the person who decides between two of theirs."""

    name: str
    email: str  # masked
    made_on: str
    communities: tuple[str, ...]
    password: bool


class DiscordTakenError(ConflictError):
    """The Discord account belongs to another login; `holder` is that login."""

    code = "discord_taken"

    def __init__(self, holder: User) -> None:
        super().__init__(
            "This Discord account belongs to another login here. Sign in with Discord to use that one; to have it here,"
            " unlink it there first."
        )
        self.holder = holder


class OtherDiscordLinkedError(ConflictError):
    code = "other_discord_linked"

    def __init__(self) -> None:
        super().__init__(
            "Another Discord account is linked to this login. Unlink that one first: a login has one Discord account."
        )


class RelinkTooSoonError(ConflictError):
    code = "relink_too_soon"

    def __init__(self, until: str) -> None:
        super().__init__(
            f"You unlinked another Discord account a short while ago. A different one can be linked from {until}; the same"
            " one at any time."
        )


class LastWayInError(ConflictError):
    code = "last_way_in"

    def __init__(self) -> None:
        super().__init__(
            "Discord is your only way in: without it nobody could open this login again. Set a password first, with a"
            " confirmed e-mail address."
        )


class SoleOwnerError(NotAllowedError):
    code = "sole_owner"

    def __init__(self, names: list[str]) -> None:
        listed = ", ".join(names)
        super().__init__(
            f"You are the only owner of {listed}. Hand it over to somebody, or delete it, and then delete your login."
        )


def clean_name(name: str) -> str:
    """A person's name as it is kept: one line, at most 60 characters. May be empty."""
    return clean_line(name, limit=NAME_LENGTH)


def get_ways_in(user: User) -> WaysIn:
    return WaysIn(password=user.has_usable_password(), discord=user.discord_id is not None)


def change_profile(*, user: User, name: str, timezone: str) -> User:
    """The name that others see, and the zone in which the person reads times. Idempotent. Raises InvalidInputError."""
    kept = clean_name(name)
    if not kept:
        raise InvalidInputError("Write the name that others shall see.", field="name")
    if timezone not in available_timezones():
        raise InvalidInputError(
            f"{timezone[:40]!r} is no time zone. It looks like Europe/Berlin.", field="timezone"
        )
    with enter_schema(PUBLIC):
        User.objects.filter(pk=user.pk).update(display_name=kept, timezone=timezone)
    user.display_name, user.timezone = kept, timezone
    return user


def get_proof_kind(user: User) -> str:
    """What the person is asked for before a sensitive act: the strongest that they have. Empty where they have nothing."""
    if Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
        return CODE_PROOF
    if user.has_usable_password():
        return PASSWORD_PROOF
    return DISCORD_PROOF if user.discord_id is not None else ""


def vouch_for_email(user: User) -> None:
    """The address of a login that an operator made counts as confirmed, unless somebody else confirmed it. Idempotent.

    Whoever signs up by themselves has an EmailAddress row from the first moment, so this never skips a confirmation.
    """
    if not user.email or EmailAddress.objects.filter(user=user).exists():
        return
    if not EmailAddress.objects.filter(email__iexact=user.email, verified=True).exists():
        EmailAddress.objects.get_or_create(
            user=user, email=user.email.lower(), defaults={"verified": True, "primary": True}
        )


def find_discord_holder(discord_id: int) -> User | None:
    """Whose login the Discord account belongs to."""
    with enter_schema(PUBLIC):
        found: User | None = User.objects.filter(discord_id=discord_id).first()
    return found


def find_email_holder(email: str) -> User | None:
    """A login that has this address, confirmed or not."""
    with enter_schema(PUBLIC):
        row = EmailAddress.objects.filter(email__iexact=email).select_related("user").first()
        if row is not None:
            return row.user  # type: ignore[no-any-return]
        found: User | None = User.objects.filter(email__iexact=email).first()
    return found


def link_discord(*, user: User, discord_id: int, avatar_url: str = "") -> User:
    """The Discord account belongs to `user` from now on, and what its member earned anywhere with it.

    The caller has just been told by Discord that the person holds the account. Locks the user's row; idempotent. Raises
    DiscordTakenError, OtherDiscordLinkedError, RelinkTooSoonError.
    """
    with enter_schema(PUBLIC), transaction.atomic():
        row = User.objects.select_for_update().get(pk=user.pk)
        if row.discord_id != discord_id:
            _check_link(row, discord_id)
            row.discord_id = discord_id
        row.avatar_url = avatar_url or row.avatar_url
        try:
            with transaction.atomic():
                row.save(update_fields=["discord_id", "avatar_url"])
        except IntegrityError as error:
            holder = find_discord_holder(discord_id)
            raise DiscordTakenError(holder or row) from error
        SocialAccount.objects.update_or_create(
            provider=PROVIDER, uid=str(discord_id), defaults={"user": row, "extra_data": {}}
        )
    return row


def unlink_discord(*, user: User) -> User:
    """Part the login from its Discord account; members keep what they earned. Locks the user's row; idempotent.

    For seven days no *other* Discord account can be linked. Raises LastWayInError.
    """
    with enter_schema(PUBLIC), transaction.atomic():
        row = User.objects.select_for_update().get(pk=user.pk)
        if row.discord_id is None:
            return row
        if not row.has_usable_password() or not row.email:
            raise LastWayInError
        row.former_discord_id, row.discord_unlinked_at = row.discord_id, clock.now()
        row.discord_id = None
        row.save(update_fields=["discord_id", "former_discord_id", "discord_unlinked_at"])
        SocialAccount.objects.filter(user=row, provider=PROVIDER).delete()
    return row


def describe_login(user: User) -> LoginFacts:
    """What another login of the same person holds. Two queries."""
    names = (
        Membership.objects.filter(user=user)
        .exclude(tenant__state=Tenant.State.DELETED)
        .order_by("tenant__name")
        .values_list("tenant__name", "role")
    )
    return LoginFacts(
        name=str(user),
        email=mask_email(user.email) if user.email else "",
        made_on=f"{user.date_joined:%-d %B %Y}",
        communities=tuple(f"{name} ({role})" for name, role in names[:20]),
        password=user.has_usable_password(),
    )


def delete_login(*, user: User) -> None:
    """Erase the login with its memberships, addresses, codes and sessions. Members keep what they earned, without a login.

    Locks its memberships, so that nobody is handed a community while they leave. A community that is deleted holds nobody back.
    Idempotent. Raises SoleOwnerError.
    """
    with enter_schema(PUBLIC), transaction.atomic():
        owned = _owned_of(_lock_memberships(user))
        if owned:
            raise SoleOwnerError(owned)
        User.objects.filter(pk=user.pk).delete()


def list_owned_communities(user: User) -> list[str]:
    """The names of those that would be left without an owner. One query."""
    return _owned_of(Membership.objects.filter(user=user).select_related("tenant"))


def _owned_of(held: Iterable[Membership]) -> list[str]:
    """A community has one owner; a deleted one holds nobody back."""
    return sorted(
        membership.tenant.name
        for membership in held
        if membership.role == Membership.Role.OWNER and membership.tenant.state != Tenant.State.DELETED
    )


def _lock_memberships(user: User) -> QuerySet[Membership]:
    return (
        Membership.objects.select_for_update(of=("self",))
        .filter(user=user)
        .select_related("tenant")
        .order_by("pk")
    )


def _check_link(row: User, discord_id: int) -> None:
    if row.discord_id is not None:
        raise OtherDiscordLinkedError
    holder = find_discord_holder(discord_id)
    if holder is not None:
        raise DiscordTakenError(holder)
    if row.discord_unlinked_at is not None and row.former_discord_id != discord_id:
        until = row.discord_unlinked_at + timedelta(days=RELINK_DAYS)
        if until > clock.now():
            raise RelinkTooSoonError(f"{until:%-d %B %Y, %H:%M} UTC")
