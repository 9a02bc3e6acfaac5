"""Activities that a community's own programs report: a lesson completed, a purchase, a form. Checked here, booked by ingest.

Invariants: nothing that comes in here can pass for what Discord told, because its types and its ids are its own; a report is
booked once, however often and by whichever key it is sent, because its id is the community's; nothing is kept of an e-mail address
but its digest.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db.models.functions import Upper
from redis import RedisError

from engagement.members.models import Identity, Member
from saas.core import clock
from saas.core.crypto import digest_of
from saas.core.errors import EngageHubError, UnavailableError
from saas.core.redis_clients import stream_redis
from saas.core.text import clean_line

from .errors import InvalidReportError, UnknownSubjectError
from .messages import Activity, encode_activity, is_own_type
from .stream import append_activities

MAX_BATCH: Final = 500
MAX_ATTRIBUTES: Final = 20
MAX_TEXT: Final = 200
OLDEST: Final = timedelta(days=30)
AHEAD: Final = timedelta(minutes=5)  # clocks that differ
PREFIX: Final = "api:"
EMAIL: Final = "email"
_OURS: Final = frozenset({"manual", "member", EMAIL})  # providers whose ids we make ourselves
_MAX_SIZE: Final = 8 * 1024
_ID = re.compile(r"[\w.:@+-]{1,120}", re.ASCII)
_PROVIDER = re.compile(r"[a-z][a-z0-9_]{1,19}")
_SNOWFLAKE = re.compile(r"[1-9][0-9]{16,19}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_MAX_NUMBER: Final = 2**53


@dataclass(frozen=True, slots=True)
class Report:
    """One activity as reported. Whose it is, is said in one of three ways: (provider, external id), member id, or e-mail, plain
    or as the SHA-256 of its small letters."""

    id: str
    type: str
    provider: str = ""
    external_id: str = ""
    member_id: int | None = None
    email: str = ""
    email_digest: str = ""
    name: str = ""
    occurred_at: datetime | None = None
    channel: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a report: accepted under `source_id`, or refused with `error`."""

    source_id: str
    error: EngageHubError | None = None


class _Subjects(NamedTuple):
    """The stream's names of members that reports name by our id, or by an address that the team wrote down."""

    by_id: dict[int, str]
    by_email: dict[str, str]


def send_reports(*, reports: Sequence[Report], source: str) -> list[Receipt]:
    """Put what is right with these activities on the stream, in the order given; a receipt for each. They count within about a
    second. Idempotent on each report's id: ingest books it once.

    `source` is `key:<API key>` or `tenant:<tenant>`. Raises UnavailableError: then some may have been taken,
    and sending all again is safe.
    """
    now = clock.now()
    subjects = _find_subjects(reports)
    receipts: list[Receipt] = []
    activities: list[Activity] = []
    for report in reports:
        try:
            activity = _make_activity(report, source, subjects, now)
        except EngageHubError as error:
            receipts.append(Receipt("", error))
        else:
            activities.append(activity)
            receipts.append(Receipt(activity.source_id))
    if activities:
        try:
            append_activities(stream_redis(), activities, partitions=settings.ACTIVITY_PARTITIONS)
        except RedisError as error:
            raise UnavailableError(
                "Activities cannot be taken at the moment. Send them again in a few seconds; none counts twice."
            ) from error
    return receipts


def _make_activity(report: Report, source: str, subjects: _Subjects, now: datetime) -> Activity:
    if not _ID.fullmatch(report.id):
        raise InvalidReportError(
            "The id is your own name of the fact: 1 to 120 letters, digits and . : @ + _ -, such as order-1234.",
            field="id",
        )
    if not is_own_type(report.type):
        raise InvalidReportError(
            f"{report.type!r:.60} is no type of your own: up to 40 small letters and digits with . _ or - between, such as "
            "lesson_completed. What Discord tells (message, reply, joined, …) is not reported.",
            field="type",
        )
    occurred_at = report.occurred_at or now
    if not now - OLDEST <= occurred_at <= now + AHEAD:
        raise InvalidReportError(
            f"The activity must have happened within the last {OLDEST.days} days and not in the future.",
            field="occurred_at",
        )
    attributes: dict[str, Any] = {}
    name = clean_line(report.name, limit=100)
    if name:
        attributes["name"] = name
    if report.channel:
        attributes["channel"] = _checked_channel(report.channel)
    if report.attributes:
        attributes["data"] = _checked_data(report.attributes)
    activity = Activity(
        source_id=PREFIX + report.id,
        source=source,
        subject=_subject_of(report, subjects),
        type=report.type,
        occurred_ms=int(min(occurred_at, now).timestamp() * 1000),
        attributes=attributes,
    )
    if len(encode_activity(activity)) > _MAX_SIZE:
        raise InvalidReportError(f"An activity has at most {_MAX_SIZE:,} bytes.", field="attributes")
    return activity


def _subject_of(report: Report, subjects: _Subjects) -> str:
    ways = [
        bool(report.provider or report.external_id),
        report.member_id is not None,
        bool(report.email),
        bool(report.email_digest),
    ]
    if sum(ways) != 1:
        raise InvalidReportError(
            "Say whose it is in one way: provider and external_id, or member_id, or email, or email_sha256.",
            field="subject",
        )
    if report.member_id is not None:
        found = subjects.by_id.get(report.member_id)
        if found is None:
            raise UnknownSubjectError("There is no such member in this community.", field="subject.member_id")
        return found
    own = subjects.by_email.get(report.email.strip().lower())
    if own is not None:
        return own
    if report.email or report.email_digest:
        digest = report.email_digest.lower() or digest_of(report.email.strip().lower())
        if not _DIGEST.fullmatch(digest):
            raise InvalidReportError(
                "email_sha256 is the SHA-256 of the address in small letters, in hex.",
                field="subject.email_sha256",
            )
        return f"{EMAIL}:{digest}"
    return _outside_subject(report)


def _outside_subject(report: Report) -> str:
    if not _PROVIDER.fullmatch(report.provider) or report.provider in _OURS:
        raise InvalidReportError(
            "The provider is a short word in small letters for where the id comes from, such as discord or shop.",
            field="subject.provider",
        )
    if report.provider == "discord" and not _SNOWFLAKE.fullmatch(report.external_id):
        raise InvalidReportError("A Discord id is a number of 17 to 20 digits.", field="subject.external_id")
    if not _ID.fullmatch(report.external_id) or len(report.external_id) > 100:
        raise InvalidReportError(
            "The external id has 1 to 100 letters, digits and . : @ + _ -.", field="subject.external_id"
        )
    return f"{report.provider}:{report.external_id}"


def _checked_channel(channel: str) -> str:
    if len(channel) > 40 or not channel.isprintable():
        raise InvalidReportError("A channel has at most 40 printable characters.", field="channel")
    return channel


def _checked_data(attributes: Mapping[str, Any]) -> dict[str, Any]:
    if len(attributes) > MAX_ATTRIBUTES:
        raise InvalidReportError(f"An activity has at most {MAX_ATTRIBUTES} attributes.", field="attributes")
    for name, value in attributes.items():
        if not _NAME.fullmatch(name):
            raise InvalidReportError(
                f"{name!r:.60} is no name of an attribute: up to 40 small letters, digits and underscores.",
                field="attributes",
            )
        if not _is_plain(value):
            raise InvalidReportError(
                f"An attribute is a text of at most {MAX_TEXT} characters, a number, or true or false.",
                field=f"attributes.{name}",
            )
    return dict(attributes)


def _is_plain(value: object) -> bool:
    match value:
        case bool():
            return True
        case int():
            return abs(value) <= _MAX_NUMBER
        case float():
            return math.isfinite(value)
        case str():
            return len(value) <= MAX_TEXT and "\x00" not in value
    return False


def _find_subjects(reports: Iterable[Report]) -> _Subjects:
    """Members by their id, and by the address that the team wrote down for them. Four queries at most."""
    ids = {report.member_id for report in reports if report.member_id is not None}
    emails = {report.email.strip().lower() for report in reports if report.email}
    owners: dict[str, int] = {}
    if emails:
        digests = {digest_of(email): email for email in emails}
        known = Identity.objects.filter(provider=EMAIL, external_id__in=digests)
        unknown = emails - {digests[digest] for digest in known.values_list("external_id", flat=True)}
        found = Member.objects.annotate(upper=Upper("email")).exclude(email="").filter(deleted_at=None)
        rows = found.filter(upper__in=[email.upper() for email in unknown]).order_by("-pk")
        owners = {email.lower(): member_id for email, member_id in rows.values_list("email", "pk")}
    names = _find_names(ids | set(owners.values()))
    by_email = {email: names[member_id] for email, member_id in owners.items() if member_id in names}
    return _Subjects(names, by_email)


def _find_names(member_ids: Collection[int]) -> dict[int, str]:
    """Member id → a name by which ingest finds the member: Discord's where there is one."""
    names: dict[int, str] = {}
    if not member_ids:
        return names
    rows = Identity.objects.filter(member_id__in=member_ids, member__deleted_at=None).order_by("pk")
    for member_id, provider, external_id in rows.values_list("member_id", "provider", "external_id"):
        if member_id not in names or provider == "discord":
            names[member_id] = f"{provider}:{external_id}"
    return names
