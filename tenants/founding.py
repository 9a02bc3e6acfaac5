"""Founding: a person asks for a community on the site. The row and the address are theirs at once, the schema follows by a job.

Invariants: a form sent twice makes one community; a community is owned by somebody who can be reached; one that could not
be finished within a day is removed, and its address is free again.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from allauth.account.models import EmailAddress
from django.db import transaction

from saas.core import clock
from saas.core.crypto import digest_of
from saas.core.ids import new_ulid
from saas.core.schemas import PUBLIC, enter_schema
from saas.events import publish

from .entitlements import Entitlements
from .errors import (
    BadSlugError,
    NotConfirmedError,
    NotYourCommunityError,
    SlugTakenError,
    TooManyCommunitiesError,
)
from .events import CommunityFounded
from .models import Domain, Membership, Tenant, User
from .owner import as_owner
from .provisioning import TenantFacts, drop_schema, host_of, reserve_tenant
from .slugs import check_slug

MOST_UNPAID: Final = 3
GIVE_UP_AFTER: Final = timedelta(days=1)
# A try takes under a second; what still waits after this was lost with its worker, or failed.
OVERDUE_AFTER: Final = timedelta(seconds=30)
_LONGEST_SLUG: Final = 40
_SUFFIXES: Final = ("", "-hq", "-club", "-crew", "-2", "-3", "-4", "-5")


@dataclass(frozen=True, slots=True)
class AddressCheck:
    """Whether an address can be had; `problem` says why not."""

    slug: str
    problem: str = ""

    @property
    def is_free(self) -> bool:
        return not self.problem


def can_be_reached(user: User) -> bool:
    """Whether the person confirmed an e-mail address or signed in with Discord."""
    return user.discord_id is not None or EmailAddress.objects.filter(user_id=user.pk, verified=True).exists()


def found_community(*, user: User, form_key: str, **facts: Any) -> Tenant:
    """Reserve a community for `user` and have its schema made. It begins in shadow mode. `facts` as for provision_tenant.

    Idempotent on (user, form_key): the second call answers the first one's community. Locks the user's row, so that two
    forms at once cannot pass the limit. Publishes CommunityFounded, whose handler makes the schema.
    Raises NotConfirmedError, TooManyCommunitiesError, BadSlugError, InvalidInputError, SlugTakenError.
    """
    key = digest_of(f"{user.pk}:{form_key}")
    with enter_schema(PUBLIC), transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        made: Tenant | None = Tenant.objects.filter(founding_key=key).first()
        if made is not None:
            return made
        if not can_be_reached(user):
            raise NotConfirmedError()
        if count_unpaid(user=user) >= MOST_UNPAID:
            raise TooManyCommunitiesError(MOST_UNPAID)
        wanted = TenantFacts(**{**facts, "live": False})
        if not check_address(wanted.slug).is_free:
            raise SlugTakenError(wanted.slug)
        tenant = reserve_tenant(facts=wanted, owner=user, founding_key=key)
        publish(CommunityFounded(tenant_id=tenant.pk))
    return tenant


def retry_founding(*, user: User, tenant_id: int) -> Tenant:
    """Have the schema made again after a failure; nothing where it is there already. Raises TenantNotFoundError for anybody
    but the owner."""
    with enter_schema(PUBLIC), transaction.atomic():
        tenant = get_founding(user=user, tenant_id=tenant_id)
        claimed = Tenant.objects.filter(pk=tenant.pk, state=Tenant.State.PROVISIONING)
        if claimed.exclude(founding_error="").update(founding_error=""):
            publish(CommunityFounded(tenant_id=tenant.pk))
    tenant.refresh_from_db()
    return tenant


def note_founding_failed(*, tenant_id: int, message: str) -> None:
    """Keep for its owner why the schema could not be made, while it is still to be made."""
    waiting = Tenant.objects.filter(pk=tenant_id, state=Tenant.State.PROVISIONING)
    waiting.update(founding_error=message[:300])


def remove_unfinished(*, tenant_id: int) -> bool:
    """Take away a community that was never finished, with whatever was made of its schema; False where there is none such.

    One transaction of the owner's role that holds the row. Idempotent.
    """
    with as_owner(), transaction.atomic():
        long_ago = clock.now() - GIVE_UP_AFTER
        row = (
            Tenant.objects.select_for_update()
            .filter(pk=tenant_id, state=Tenant.State.PROVISIONING, created_at__lt=long_ago)
            .first()
        )
        if row is None:
            return False
        drop_schema(row.schema_name)
        row.delete()
    return True


# --- reads ---


def get_founding(*, user: User, tenant_id: int) -> Tenant:
    """The community that `user` owns. Raises TenantNotFoundError, whether it is another's or none."""
    owned = Membership.objects.filter(user=user, tenant_id=tenant_id, role=Membership.Role.OWNER)
    found = owned.select_related("tenant").first()
    if found is None:
        raise NotYourCommunityError
    return found.tenant


def list_overdue() -> list[tuple[int, bool]]:
    """Tenants that should have their schema by now, and whether it is time to give them up."""
    now = clock.now()
    waiting = Tenant.objects.filter(state=Tenant.State.PROVISIONING, created_at__lt=now - OVERDUE_AFTER)
    return [
        (pk, created < now - GIVE_UP_AFTER)
        for pk, created in waiting.order_by("pk").values_list("pk", "created_at")
    ]


def count_unpaid(*, user: User) -> int:
    """Communities that the person owns and that nobody pays for, those in a trial too. Deleted ones do not count."""
    owned = Membership.objects.filter(user=user, role=Membership.Role.OWNER)
    kept = owned.exclude(tenant__state=Tenant.State.DELETED)
    now = clock.now()
    phases = [
        Entitlements.parse(data, 0).phase_at(now)
        for data in kept.values_list("tenant__entitlements", flat=True)
    ]
    return sum(phase is None or not phase.is_paid for phase in phases)


def check_address(slug: str) -> AddressCheck:
    """Whether the address can be had, and if not, why. At most two queries; whoever asks first does not reserve it."""
    try:
        check_slug(slug)
    except BadSlugError as error:
        return AddressCheck(slug, error.message)
    if (
        Tenant.objects.filter(slug=slug).exists()
        or Domain.objects.filter(
            domain=host_of(slug)
        ).exists()  # former addresses lead to their community for ever
    ):
        return AddressCheck(slug, SlugTakenError(slug).message)
    return AddressCheck(slug)


def suggest_address(name: str) -> str:
    """A free address that reads like the name. Names without Latin letters get one that says nothing."""
    plain = unicodedata.normalize("NFKD", name[:400]).encode("ascii", "ignore").decode().lower()
    stem = re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "")).strip("-")[: _LONGEST_SLUG - 5].strip("-")
    if len(stem) >= 2:
        for suffix in _SUFFIXES:
            if check_address(stem + suffix).is_free:
                return stem + suffix
        return f"{stem[:30].strip('-')}-{new_ulid()[-6:].lower()}"
    return f"community-{new_ulid()[-6:].lower()}"
