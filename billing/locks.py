"""One at a time for a community's money: whoever asks Stripe about it, or tells Stripe something, holds its lock meanwhile.

It is a transaction's advisory lock, not the tenant's row: a Stripe that takes its time holds up nobody who only works in the
community. Order of locks: a tenant's, then a payer's, then the tenant's row, which is held for writing entitlements alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from zlib import crc32

from django.db import OperationalError, connection, transaction
from psycopg.errors import LockNotAvailable

from saas.core.schemas import PUBLIC, enter_schema

from .errors import BillingBusyError

_TENANT: Final = 7_320  # the first key of our advisory locks on a tenant's billing
_PAYER: Final = 7_321
_SUPPORT: Final = 7_322  # the second key is a number of community and member
_PAYOUTS: Final = 7_323
_WAIT: Final = "45s"  # longer than one call to Stripe with its repeats


@contextmanager
def holding_tenant(tenant_id: int) -> Iterator[None]:
    """A transaction of the public schema in which nobody else touches this tenant's subscription. Raises BillingBusyError."""
    with enter_schema(PUBLIC), transaction.atomic():
        _take(_TENANT, tenant_id)
        yield


@contextmanager
def holding_payer(payer_id: int) -> Iterator[None]:
    """A transaction in which nobody else makes or changes this payer's customer at Stripe's. Raises BillingBusyError."""
    with enter_schema(PUBLIC), transaction.atomic():
        _take(_PAYER, payer_id)
        yield


@contextmanager
def holding_support(tenant_id: int, member_id: int) -> Iterator[None]:
    """A transaction in which nobody else touches what this member pays this community. Two whose number is the same wait for each other
    and nothing worse. Raises BillingBusyError."""
    number = crc32(f"{tenant_id}:{member_id}".encode()) - 2**31
    with enter_schema(PUBLIC), transaction.atomic():
        _take(_SUPPORT, number)
        yield


@contextmanager
def holding_payouts(tenant_id: int) -> Iterator[None]:
    """A transaction in which nobody else makes or changes this community's payout account. Raises BillingBusyError."""
    with enter_schema(PUBLIC), transaction.atomic():
        _take(_PAYOUTS, tenant_id)
        yield


def _take(kind: int, key: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select current_setting('lock_timeout')")
        usual = cursor.fetchone()[0]
        try:
            cursor.execute("select set_config('lock_timeout', %s, true)", [_WAIT])
            cursor.execute("select pg_advisory_xact_lock(%s, %s)", [kind, key])
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable):
                raise BillingBusyError from error
            raise
        cursor.execute("select set_config('lock_timeout', %s, true)", [usual])
