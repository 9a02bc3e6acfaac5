"""Reads of files, and the signed addresses by which they leave.

An address names schema, file and the moment when it is over. It says nothing of who may have it: whoever makes one has asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from saas.core import clock
from saas.core.crypto import BadSignatureError, sign_until, unsign_until
from tenants.context import TenantContext

from .errors import FileNotFoundHereError
from .models import StoredFile

PATH: Final = "/files/{}/"  # route `file` of the tenant's site
PICTURE_LASTS: Final = timedelta(days=1)
_PURPOSE: Final = "file"


def get_file(*, file_id: int) -> StoredFile:
    """Raises FileNotFoundHereError."""
    file = StoredFile.objects.filter(pk=file_id).first() if 0 < file_id < 2**31 else None
    if file is None:
        raise FileNotFoundHereError()
    return file


def list_files(*, ids: Iterable[int]) -> dict[int, StoredFile]:
    """Those that are there, by id. One query."""
    return StoredFile.objects.in_bulk(list(ids))


def file_address(context: TenantContext, file: StoredFile | int, *, lasts: timedelta = PICTURE_LASTS) -> str:
    """The path on the community's site under which the file is had, for `lasts` at least and twice that at most. It stays the same
    meanwhile, so that browsers keep what they have."""
    step = max(int(lasts.total_seconds()), 1)
    until = (int(clock.now().timestamp()) // step + 2) * step
    file_id = file if isinstance(file, int) else file.pk
    return PATH.format(
        sign_until(
            {"s": context.schema, "f": file_id}, purpose=_PURPOSE, until=datetime.fromtimestamp(until, UTC)
        )
    )


def find_file_by_address(context: TenantContext, signed: str) -> StoredFile:
    """The file of an address that file_address made for this community. Enter the tenant first. Raises FileNotFoundHereError, also
    for an address that is over or another community's."""
    try:
        named = unsign_until(signed, purpose=_PURPOSE)
    except BadSignatureError as error:
        raise FileNotFoundHereError() from error
    if named.get("s") != context.schema:
        raise FileNotFoundHereError()
    return get_file(file_id=int(named["f"]))
