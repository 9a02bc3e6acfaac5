"""Where a parcel goes: asked by a link that works once and without a login, kept sealed, read by few and on record, erased in time.

Invariants: an address belongs to one redemption; its link holds a nonce of that redemption, which giving the address uses up; every
reading by the team is recorded in the same transaction; the row never holds an address in clear.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

import orjson
from django.db import transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from saas.core import clock
from saas.core.crypto import (
    BadSealError,
    BadSignatureError,
    new_secret,
    seal,
    sign_until,
    unseal,
    unsign_until,
)
from saas.core.text import clean_line
from saas.events import publish
from tenants.context import TenantContext

from .fulfilment_errors import AddressClosedError, AddressLinkError, InvalidAddressError
from .fulfilment_events import AddressGiven
from .models import Redemption, RedemptionState, Reward, RewardKind
from .redeeming import SEAL
from .states import APPROVED, ENDED, lock_redemption

LINK_LASTS: Final = timedelta(days=30)
# An address goes so long after the parcel arrived; or was sent, where nobody says that it arrived; or will not be sent.
ERASE_AFTER: Final = timedelta(days=30)
ERASE_AFTER_SHIPPING: Final = timedelta(days=90)
REMIND_TEAM: Final = timedelta(days=2)
_PURPOSE: Final = "reward address"
_PHONE: Final = re.compile(r"\+?[0-9 ()/.-]{5,30}")


@dataclass(frozen=True, slots=True)
class AddressField:
    """`auto` is what browsers fill it in by."""

    name: str
    label: str
    most: int
    needed: bool = True
    auto: str = ""
    help: str = ""


FIELDS: Final = (
    AddressField("name", "Name on the parcel", 80, auto="name"),
    AddressField("street", "Street and number", 100, auto="address-line1"),
    AddressField("extra", "Flat, floor, care of", 100, needed=False, auto="address-line2"),
    AddressField(
        "postcode",
        "Postcode",
        20,
        needed=False,
        auto="postal-code",
        help="Leave it empty where there are none.",
    ),
    AddressField("city", "Town", 80, auto="address-level2"),
    AddressField("region", "State or region", 80, needed=False, auto="address-level1"),
    AddressField("country", "Country", 2, auto="country"),
    AddressField(
        "phone",
        "Telephone",
        30,
        needed=False,
        auto="tel",
        help="Only for the carrier, where it asks for one.",
    ),
)
CHOICE: Final = AddressField("choice", "Your choice", 40)


@dataclass(frozen=True, slots=True)
class AddressQuestion:
    """What is asked of whoever holds a link: which reward, what there is to choose, where it ships to."""

    redemption_id: int
    reward_name: str
    options: Sequence[str]
    countries: Sequence[tuple[str, str]]
    link_ends: datetime


@cache
def list_countries() -> dict[str, str]:
    """Two letters → name, by name: the list that comes with the time zones."""
    text = (files("tzdata") / "zoneinfo" / "iso3166.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return dict(sorted(((code, name) for code, name, *_ in rows), key=lambda row: row[1].casefold()))


def ask_for_address(*, context: TenantContext, redemption_id: int) -> str:
    """The path of the link by which the redemption's address is given, for its owner alone. It ends after 30 days, and with the address.

    Raises RedemptionNotFoundError, AddressClosedError where none is wanted.
    """
    with transaction.atomic():
        redemption = lock_redemption(redemption_id)
        _require_open(redemption)
        if "nonce" not in redemption.outcome:
            # An address that was given can be given again until the parcel goes out; the former link stays used up.
            redemption.outcome = {**redemption.outcome, "nonce": new_secret()[:16]}
            Redemption.objects.filter(pk=redemption.pk).update(outcome=redemption.outcome)
    return address_path(context, redemption)


def address_path(context: TenantContext, redemption: Redemption) -> str:
    """The link of a redemption that asks for its address; empty for one that does not."""
    nonce = redemption.outcome.get("nonce")
    if not nonce or redemption.state != APPROVED:
        return ""
    named = {"s": context.schema, "r": redemption.pk, "n": nonce}
    return f"/address/{sign_until(named, purpose=_PURPOSE, until=clock.now() + LINK_LASTS)}/"


def read_ticket(context: TenantContext, ticket: str) -> AddressQuestion:
    """What a link asks. Changes nothing. Raises AddressLinkError."""
    redemption = _find(context, ticket)
    settings = Reward.objects.filter(pk=redemption.reward_id).values_list("settings", flat=True).get()
    known = list_countries()
    wanted = [code for code in settings.get("countries", ()) if code in known]
    return AddressQuestion(
        redemption.pk,
        redemption.reward_name,
        [str(one) for one in settings.get("options", ())],
        [(code, name) for code, name in known.items() if not wanted or code in wanted],
        clock.now() + LINK_LASTS,
    )


@transaction.atomic
def give_address(*, context: TenantContext, ticket: str, address: Mapping[str, Any]) -> Redemption:
    """Keep the address that whoever holds the link gives, sealed; the link is used up with it. Locks the redemption.

    Publishes AddressGiven. Raises AddressLinkError, InvalidAddressError, whose `field` names the part.
    """
    question = read_ticket(context, ticket)
    checked = check_address(
        address, options=question.options, countries=[code for code, _ in question.countries]
    )
    redemption = lock_redemption(question.redemption_id)
    if redemption.outcome.get("nonce") != _read(context, ticket)["n"] or redemption.state != APPROVED:
        raise AddressLinkError
    outcome = {name: value for name, value in redemption.outcome.items() if name != "nonce"}
    outcome["given_at"] = clock.now().isoformat()
    if question.options:
        outcome["choice"] = checked["choice"]
    Redemption.objects.filter(pk=redemption.pk).update(
        address=seal(orjson.dumps(checked).decode(), purpose=SEAL),
        outcome=outcome,
        due_at=clock.now() + REMIND_TEAM,
        reminded=0,
    )
    publish(AddressGiven(redemption.pk, redemption.reward_id, redemption.reward_name))
    return redemption


@transaction.atomic
def read_address(*, redemption_id: int, actor: Actor) -> dict[str, str]:
    """The address, for somebody of the team: recorded each time, before it is told. The door has asked whether they may.

    Empty where there is none. Raises RedemptionNotFoundError, BadSealError.
    """
    redemption = lock_redemption(redemption_id)
    if not redemption.address:
        return {}
    record_audit(
        actor=actor,
        action="redemption.address_read",
        target_kind="redemption",
        target_id=redemption.pk,
        target_name=redemption.reward_name,
    )
    return open_address(redemption)


def open_address(redemption: Redemption) -> dict[str, str]:
    """For whoever has recorded it. Raises BadSealError."""
    return dict(orjson.loads(unseal(redemption.address, purpose=SEAL))) if redemption.address else {}


def check_address(
    address: Mapping[str, Any], *, options: Sequence[str] = (), countries: Sequence[str] = ()
) -> dict[str, str]:
    """In clean lines. Raises InvalidAddressError."""
    checked = {}
    for one in (*FIELDS, *([CHOICE] if options else [])):
        value = address.get(one.name, "")
        text = clean_line(str(value), limit=one.most + 1)
        if len(text) > one.most or len(str(value)) > one.most * 8:
            raise InvalidAddressError(
                f"“{one.label}” has more than {one.most} characters. Shorten it.", field=one.name
            )
        if one.needed and not text:
            raise InvalidAddressError(f"“{one.label}” is missing, and the parcel needs it.", field=one.name)
        checked[one.name] = text
    checked["country"] = checked["country"].upper()
    if checked["country"] not in (countries or list_countries()):
        raise InvalidAddressError(
            "It can't be shipped to this country. Choose one of the list, or ask the team.", field="country"
        )
    if checked["phone"] and not _PHONE.fullmatch(checked["phone"]):
        raise InvalidAddressError(
            "This is no telephone number. Write digits, such as +49 30 1234567.", field="phone"
        )
    if options and checked["choice"] not in options:
        raise InvalidAddressError("Choose one of the list.", field="choice")
    return {name: value for name, value in checked.items() if value}


def erase_addresses(*, now: datetime | None = None, limit: int = 1_000) -> int:
    """Erase what is needed no longer, a bounded number at a time. Idempotent; answers how many went."""
    now = now or clock.now()
    kept = Redemption.objects.exclude(address="")
    over = [
        kept.filter(state=RedemptionState.DELIVERED, delivered_at__lt=now - ERASE_AFTER),
        kept.filter(state=RedemptionState.FULFILLED, fulfilled_at__lt=now - ERASE_AFTER_SHIPPING),
        kept.filter(state__in=ENDED),
    ]
    erased = 0
    for rows in over:
        ids = list(rows.order_by("pk").values_list("pk", flat=True)[:limit])
        erased += Redemption.objects.filter(pk__in=ids).update(address="")
    return erased


def _require_open(redemption: Redemption) -> None:
    if redemption.kind != RewardKind.MERCHANDISE or redemption.state != APPROVED:
        raise AddressClosedError(redemption.reward_name)


def _read(context: TenantContext, ticket: str) -> dict[str, Any]:
    try:
        named = unsign_until(ticket, purpose=_PURPOSE)
    except BadSignatureError as error:
        raise AddressLinkError from error
    if named.get("s") != context.schema or not isinstance(named.get("r"), int):
        raise AddressLinkError
    return named


def _find(context: TenantContext, ticket: str) -> Redemption:
    named = _read(context, ticket)
    redemption = Redemption.objects.filter(pk=named["r"], state=APPROVED, kind=RewardKind.MERCHANDISE).first()
    if redemption is None or redemption.outcome.get("nonce") != named.get("n"):
        raise AddressLinkError
    return redemption


__all__ = [
    "BadSealError",
    "ask_for_address",
    "erase_addresses",
    "give_address",
    "read_address",
    "read_ticket",
]
