"""Sponsors: who pays for rewards and is named on them, for a time and for so many redemptions where that was agreed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import Count

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.files.models import FileUse, StoredFile
from engagement.files.services import keep_file, release_file
from saas.core import clock
from saas.core.text import clean_line
from tenants.context import TenantContext
from tenants.gatekeeping import require_gate

from .errors import InvalidSponsorError, SponsorChangedError, SponsorNameTakenError, SponsorNotFoundError
from .facts import MOST
from .locks import lock_catalogue
from .models import Redemption, RedemptionState, Sponsor

MAX_NAME: Final = 80
MAX_NOTE: Final = 500
MAX_SPONSORS: Final = 500
_RETURNED: Final = (RedemptionState.REJECTED, RedemptionState.CANCELLED, RedemptionState.EXPIRED)


@transaction.atomic
def create_sponsor(*, context: TenantContext, facts: Mapping[str, Any], actor: Actor) -> Sponsor:
    """Add a sponsor; `facts` as FIELDS, the name must be there. A name is taken once, which makes a repeat harmless.

    Takes the catalogue's lock. Raises GateClosedError, InvalidSponsorError, SponsorNameTakenError.
    """
    require_gate("sponsors", context)
    if "name" not in facts:
        raise InvalidSponsorError("A sponsor needs a name.", field="name")
    values = _checked(facts)
    _check_whole(values)
    lock_catalogue()
    _refuse_taken(values["name"])
    if Sponsor.objects.count() >= MAX_SPONSORS:
        raise InvalidSponsorError(f"At most {MAX_SPONSORS} sponsors, archived ones included.", field="name")
    _require_picture(values.get("picture_id"))
    sponsor = Sponsor.objects.create(**values)
    if sponsor.picture_id is not None:
        keep_file(file_id=sponsor.picture_id)
    _record(actor, "sponsor.created", sponsor, after=describe_sponsor(sponsor))
    return sponsor


@transaction.atomic
def change_sponsor(
    *,
    context: TenantContext,
    sponsor_id: int,
    facts: Mapping[str, Any],
    actor: Actor,
    expected: Mapping[str, Any] | None = None,
) -> Sponsor:
    """Change what `facts` name. Nothing happens where nothing differs. `expected` is describe_sponsor as the caller began.

    Takes the catalogue's lock, then the row's. Raises SponsorNotFoundError, GateClosedError, InvalidSponsorError,
    SponsorNameTakenError, SponsorChangedError.
    """
    require_gate("sponsors", context)
    values = _checked(facts)
    lock_catalogue()
    sponsor = _lock(sponsor_id)
    before = describe_sponsor(sponsor)
    changed = [name for name, value in values.items() if value != getattr(sponsor, name)]
    if not changed:
        return sponsor
    if expected is not None and dict(expected) != before:
        raise SponsorChangedError(sponsor.name)
    _check_whole({name: values.get(name, getattr(sponsor, name)) for name in FIELDS})
    if "name" in changed:
        _refuse_taken(values["name"], but=sponsor.pk)
    if "picture_id" in changed:
        _require_picture(values["picture_id"])
    former = sponsor.picture_id
    for name in changed:
        setattr(sponsor, name, values[name])
    sponsor.save(update_fields=changed)
    if former != sponsor.picture_id:
        if sponsor.picture_id is not None:
            keep_file(file_id=sponsor.picture_id)
        if former is not None:
            release_file(file_id=former)
    _record(actor, "sponsor.changed", sponsor, before=before, after=describe_sponsor(sponsor))
    return sponsor


@transaction.atomic
def archive_sponsor(*, sponsor_id: int, actor: Actor) -> Sponsor:
    """It is named no longer; redemptions keep whom they were attributed to. Repeating it changes nothing. Open to every plan.

    Locks the row. Raises SponsorNotFoundError.
    """
    sponsor = _lock(sponsor_id)
    if sponsor.archived_at is None:
        sponsor.archived_at = clock.now()
        sponsor.save(update_fields=["archived_at"])
        _record(actor, "sponsor.archived", sponsor)
    return sponsor


@transaction.atomic
def restore_sponsor(*, context: TenantContext, sponsor_id: int, actor: Actor) -> Sponsor:
    """Bring it back. Repeating it changes nothing. Locks the row. Raises SponsorNotFoundError, GateClosedError."""
    sponsor = _lock(sponsor_id)
    if sponsor.archived_at is not None:
        require_gate("sponsors", context)
        sponsor.archived_at = None
        sponsor.save(update_fields=["archived_at"])
        _record(actor, "sponsor.restored", sponsor)
    return sponsor


def is_sponsoring(sponsor: Sponsor, used: int, now: datetime, *, in_plan: bool) -> bool:
    """Whether it is named, and credited for redemptions, at that moment. `used`: redemptions that it paid for so far. Where the plan
    has no sponsors any more (`in_plan`), those go on with whom an end was agreed: a day, or a number of redemptions."""
    return (
        sponsor.archived_at is None
        and (in_plan or has_agreed_end(sponsor))
        and (sponsor.starts_at is None or sponsor.starts_at <= now)
        and (sponsor.ends_at is None or now < sponsor.ends_at)
        and (sponsor.budget is None or used < sponsor.budget)
    )


def has_agreed_end(sponsor: Sponsor) -> bool:
    """Who paid until a day or for so many redemptions is named until then, whatever becomes of the plan."""
    return sponsor.ends_at is not None or sponsor.budget is not None


def count_sponsored(ids: Iterable[int]) -> dict[int, int]:
    """Redemptions attributed to each, returned ones left out. One query."""
    rows = Redemption.objects.filter(sponsor_id__in=list(ids)).exclude(state__in=_RETURNED)
    return dict(rows.values_list("sponsor_id").annotate(count=Count("pk")))


def describe_sponsor(sponsor: Sponsor) -> dict[str, Any]:
    """For the audit log, and to see whether somebody else changed it."""
    described = {name: getattr(sponsor, name) for name in FIELDS}
    for name in ("starts_at", "ends_at"):
        described[name] = described[name].isoformat() if described[name] else None
    return described


def _checked(facts: Mapping[str, Any]) -> dict[str, Any]:
    for name in facts:
        if name not in FIELDS:
            raise InvalidSponsorError(
                f"A sponsor has no {str(name)!r:.40}. It has {', '.join(FIELDS)}.", field=str(name)[:40]
            )
    return {name: FIELDS[name](name, value) for name, value in facts.items()}


def _check_whole(values: Mapping[str, Any]) -> None:
    starts_at, ends_at = values.get("starts_at"), values.get("ends_at")
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise InvalidSponsorError("It ends before it begins. Choose a later end.", field="ends_at")


def _name(name: str, value: Any) -> str:
    line = clean_line(value, limit=MAX_NAME + 1) if isinstance(value, str) else ""
    if not 1 <= len(line) <= MAX_NAME or not any(char.isalnum() for char in line):
        raise InvalidSponsorError(f"A sponsor has a name of 1 to {MAX_NAME} characters.", field=name)
    return line


def _url(name: str, value: Any) -> str:
    text = clean_line(value, limit=501) if isinstance(value, str) else "" if value is None else "?"
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        if (
            len(text) <= 500
            and parts.scheme == "https"
            and parts.hostname
            and "." in parts.hostname
            and not parts.username
        ):
            return text
    except ValueError:
        pass
    raise InvalidSponsorError(
        "The sponsor's page is a whole address that begins with https://, such as https://example.com.",
        field=name,
    )


def _note(name: str, value: Any) -> str:
    line = clean_line(value, limit=MAX_NOTE + 1) if isinstance(value, str) else ""
    if len(line) > MAX_NOTE or not isinstance(value, str | None):
        raise InvalidSponsorError(f"The note has at most {MAX_NOTE} characters. Shorten it.", field=name)
    return line


def _moment(name: str, value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip()[:40])
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 2000 <= moment.year <= 2200:
        raise InvalidSponsorError(
            "Write a date and time with its zone, such as 2026-12-24T18:00:00+01:00.", field=name
        )
    return moment


def _number(name: str, value: Any) -> int | None:
    if value is None or value == "":
        return None
    if type(value) is not int or not 1 <= value <= MOST:
        raise InvalidSponsorError(
            f"A whole number from 1 to {MOST:,}; this is {str(value)!r:.40}.", field=name
        )
    return value


FIELDS: Final[Mapping[str, Callable[[str, Any], Any]]] = {
    "name": _name,
    "url": _url,
    "picture_id": _number,
    "starts_at": _moment,
    "ends_at": _moment,
    "budget": _number,
    "note": _note,
}


def _require_picture(file_id: int | None) -> None:
    if file_id is None:
        return
    if (
        not StoredFile.objects.select_for_update()
        .filter(pk=min(file_id, 2**31 - 1), use=FileUse.PICTURE)
        .exists()
    ):
        raise InvalidSponsorError("The picture is no longer there. Upload it again.", field="picture_id")


def _refuse_taken(name: str, but: int = 0) -> None:
    if Sponsor.objects.filter(name__iexact=name).exclude(pk=but).exists():
        raise SponsorNameTakenError(name)


def _lock(sponsor_id: int) -> Sponsor:
    sponsor = (
        Sponsor.objects.select_for_update().filter(pk=sponsor_id if 0 < sponsor_id < 2**31 else 0).first()
    )
    if sponsor is None:
        raise SponsorNotFoundError
    return sponsor


def _record(
    actor: Actor,
    action: str,
    sponsor: Sponsor,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    record_audit(
        actor=actor,
        action=action,
        target_kind="sponsor",
        target_id=sponsor.pk,
        target_name=sponsor.name,
        before=before,
        after=after,
    )
