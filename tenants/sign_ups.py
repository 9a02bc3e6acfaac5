"""Sign-ups that nobody confirmed: somebody mistyped an address, or typed another person's.

Until its address is confirmed a login can do nothing, so nothing hangs on it; a week later it goes, and the address is free again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from saas.core import clock
from saas.core.schemas import PUBLIC, enter_schema

from .models import Membership, User

FORGET_AFTER: Final = timedelta(days=7)
_AT_ONCE: Final = 500


def forget_unconfirmed() -> int:
    """Delete logins made FORGET_AFTER ago whose address was never confirmed and who never came in another way; answers how many.

    Locks them, a few hundred a transaction; whoever is confirming at this moment is left out. Idempotent.
    """
    forgotten = 0
    while True:
        with enter_schema(PUBLIC), transaction.atomic():
            found = list(_unconfirmed().select_for_update(of=("self",), skip_locked=True)[:_AT_ONCE])
            # Their addresses' rows are locked by confirming: what was confirmed meanwhile stays.
            addresses = EmailAddress.objects.select_for_update().filter(user__in=found)
            confirmed = {address.user_id for address in addresses if address.verified}
            gone = [user.pk for user in found if user.pk not in confirmed]
            User.objects.filter(pk__in=gone).delete()
        forgotten += len(gone)
        if len(found) < _AT_ONCE or not gone:
            return forgotten


def _unconfirmed() -> QuerySet[User]:
    """Only those who signed up by themselves have an address that waits; whoever was made by the team or by Discord has none."""
    own = EmailAddress.objects.filter(user=OuterRef("pk"))
    return User.objects.filter(
        Exists(own),
        ~Exists(own.filter(verified=True)),
        ~Exists(Membership.objects.filter(user=OuterRef("pk"))),
        date_joined__lt=clock.now() - FORGET_AFTER,
        last_login=None,
        discord_id=None,
        former_discord_id=None,
        is_operator=False,
        is_staff=False,
        is_superuser=False,
    ).order_by("pk")
