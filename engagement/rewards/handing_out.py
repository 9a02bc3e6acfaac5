"""What a member takes of a redemption that was given: the code, and the file.

Invariants: a code is opened for its owner alone, and each showing is recorded before it is told; a download is counted before its first
byte leaves, and no link outlives the redemption.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.files.models import StoredFile
from engagement.files.services import read_pieces
from engagement.progression.merged import find_owner
from saas.core import clock
from saas.core.crypto import BadSignatureError, sign_until, unsign_until
from tenants.context import TenantContext

from .code_seals import open_code
from .fulfilment_errors import CodeNotThereError, DownloadGoneError, NoDownloadsLeftError
from .models import Redemption, RewardCode, RewardKind
from .redemption_errors import RedemptionNotFoundError
from .states import GIVEN, lock_redemption

_PURPOSE: Final = "reward download"


@dataclass(frozen=True, slots=True)
class DownloadLink:
    """`path` on the community's site; `left` downloads."""

    path: str
    name: str
    size: int
    left: int
    ends_at: datetime


@transaction.atomic
def show_code(*, redemption_id: int, member_id: int, actor: Actor) -> str:
    """The code that a member got, opened for them once more. Recorded in the audit log each time; the log never holds the code.

    Raises RedemptionNotFoundError for other people's, CodeNotThereError, BadSealError.
    """
    redemption = lock_redemption(redemption_id)
    _require_owner(redemption, member_id)
    row = RewardCode.objects.filter(redemption=redemption).first()
    if row is None or redemption.state not in GIVEN:
        raise CodeNotThereError
    record_audit(
        actor=actor,
        action="redemption.code_shown",
        target_kind="redemption",
        target_id=redemption.pk,
        target_name=redemption.reward_name,
    )
    return open_code(row)


def download_link(*, context: TenantContext, redemption_id: int, member_id: int) -> DownloadLink:
    """A link that ends by itself, for the member alone to pass on or keep. Changes nothing.

    Raises RedemptionNotFoundError for other people's, DownloadGoneError, NoDownloadsLeftError.
    """
    redemption = Redemption.objects.filter(pk=redemption_id).first() if 0 < redemption_id < 2**63 else None
    if redemption is None:
        raise RedemptionNotFoundError
    _require_owner(redemption, member_id)
    file = _find_file(redemption)
    left = _require_left(redemption)
    ends_at = clock.now() + timedelta(hours=int(redemption.outcome.get("link_hours", 72)))
    signed = sign_until({"s": context.schema, "r": redemption.pk}, purpose=_PURPOSE, until=ends_at)
    return DownloadLink(f"/downloads/{signed}/", file.name, file.size, left, ends_at)


@transaction.atomic
def take_download(
    *, context: TenantContext, signed: str, count: bool = True
) -> tuple[StoredFile, Iterator[bytes]]:
    """The file of a link, and its pieces; counted, unless only its head is asked for. Locks the redemption.

    Raises DownloadGoneError, NoDownloadsLeftError.
    """
    named = _read(context, signed)
    try:
        redemption = lock_redemption(int(named["r"]))
    except RedemptionNotFoundError as error:
        raise DownloadGoneError from error
    file = _find_file(redemption)
    _require_left(redemption)
    if count:
        outcome = {**redemption.outcome, "downloaded": int(redemption.outcome.get("downloaded", 0)) + 1}
        Redemption.objects.filter(pk=redemption.pk).update(outcome=outcome)
    return file, read_pieces(file.pk)


def _read(context: TenantContext, signed: str) -> dict[str, Any]:
    try:
        named = unsign_until(signed, purpose=_PURPOSE)
    except BadSignatureError as error:
        raise DownloadGoneError from error
    if named.get("s") != context.schema or not isinstance(named.get("r"), int):
        raise DownloadGoneError
    return named


def _find_file(redemption: Redemption) -> StoredFile:
    """The file as it was redeemed; where the organiser has put another one in its place since, that one."""
    if redemption.kind != RewardKind.DOWNLOAD or redemption.state not in GIVEN:
        raise DownloadGoneError
    ids = (redemption.outcome.get("file_id"), redemption.reward.settings.get("file_id"))
    for file_id in ids:
        file = StoredFile.objects.filter(pk=file_id).first() if file_id else None
        if file is not None:
            return file
    raise DownloadGoneError


def _require_left(redemption: Redemption) -> int:
    allowed = int(redemption.outcome.get("downloads", 5))
    left = allowed - int(redemption.outcome.get("downloaded", 0))
    if left <= 0:
        raise NoDownloadsLeftError(allowed)
    return left


def _require_owner(redemption: Redemption, member_id: int) -> None:
    if find_owner(redemption.member_id) != member_id:
        raise RedemptionNotFoundError
