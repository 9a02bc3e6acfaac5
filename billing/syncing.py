"""Bring Stripe to what is declared: products, meters, prices by lookup keys, coupons and codes, the portal's settings.

Invariants: whatever is right already is not touched, so that running it again changes nothing; amounts never change at Stripe, so a
changed price is a new one that takes the lookup key over, and whoever pays the former one goes on paying it; nothing is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.db import connection, transaction

from saas.core.schemas import PUBLIC, enter_schema

from . import portal_settings
from .errors import SyncRunningError
from .offers import COUPONS, Code, Coupon
from .plans import CURRENCIES, INTERVALS, METERS, PLANS, Meter, Plan
from .stripe_api import asking_stripe

if TYPE_CHECKING:
    from stripe import Price, StripeClient

_LOCK: Final = 7_329  # the advisory lock of one synchronisation at a time
_TAX: Final = "exclusive"


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that Stripe had otherwise. `done`: it is as declared now; false in a dry run and for what cannot be changed."""

    kind: str
    name: str
    text: str
    done: bool = True


@dataclass(slots=True)
class _Sync:
    """One run. `meters` are Stripe's ids by our names."""

    stripe: StripeClient
    dry: bool
    found: list[Difference] = field(default_factory=list)
    meters: dict[str, str] = field(default_factory=dict)

    def note(self, kind: str, name: str, text: str, *, possible: bool = True) -> bool:
        """Remember a difference; answers whether to do something about it."""
        act = possible and not self.dry
        self.found.append(Difference(kind, name, text, act))
        return act


def sync_plans(*, dry_run: bool = False) -> list[Difference]:
    """Bring Stripe to the declarations; answers what differed. Idempotent; with `dry_run` nothing is written.

    Holds an advisory lock, so that two do not make the same price. Raises StripeAwayError, StripeRefusedError, BillingOffError,
    SyncRunningError where another one is at work. What was done before an error stays, and the next run goes on from there.
    """
    with _alone(), asking_stripe() as stripe:
        sync = _Sync(stripe, dry_run)
        _sync_products(sync)
        _sync_meters(sync)
        _sync_prices(sync)
        _sync_coupons(sync)
        _sync_portal(sync)
        return sync.found


@contextmanager
def _alone() -> Iterator[None]:
    with enter_schema(PUBLIC), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_xact_lock(%s)", [_LOCK])
            if not cursor.fetchone()[0]:
                raise SyncRunningError
        yield


# --- products ---


def product_id(thing: Plan | Meter) -> str:
    return f"engagehub_{thing.key if isinstance(thing, Plan) else thing.name}"


def _describe_product(thing: Plan | Meter) -> dict[str, Any]:
    if isinstance(thing, Plan):
        wanted: dict[str, Any] = {
            "name": f"EngageHub {thing.name}",
            "description": thing.pitch,
            "metadata": {"plan": thing.key},
            "active": thing.sold,
        }
        return wanted | ({"unit_label": thing.per} if thing.per else {})
    return {
        "name": f"EngageHub {thing.title.lower()}",
        "description": thing.what,
        "metadata": {"meter": thing.name},
        "active": True,
        "unit_label": thing.unit,
    }


def _sync_products(sync: _Sync) -> None:
    things: list[Plan | Meter] = [*(plan for plan in PLANS.values() if not plan.is_free), *METERS.values()]
    listed = sync.stripe.v1.products.list({"ids": [product_id(one) for one in things], "limit": 100})
    known = {one.id: one.to_dict() for one in listed.auto_paging_iter()}
    for thing in things:
        key, wanted = product_id(thing), _describe_product(thing)
        standing = known.get(key)
        if standing is None:
            if sync.note("product", key, "missing"):
                sync.stripe.v1.products.create({"id": key, **wanted})  # type: ignore[typeddict-item]
            continue
        differing = [name for name, value in wanted.items() if standing.get(name) != value]
        if differing and sync.note("product", key, f"{', '.join(differing)} differ"):
            changes = {name: wanted[name] for name in differing}
            sync.stripe.v1.products.update(key, changes)  # type: ignore[arg-type]


# --- meters ---


def _sync_meters(sync: _Sync) -> None:
    listed = sync.stripe.v1.billing.meters.list({"limit": 100})
    known = {one.event_name: one for one in reversed(list(listed.auto_paging_iter()))}
    for meter in METERS.values():
        standing = known.get(meter.name)
        if standing is None:
            if sync.note("meter", meter.name, "missing"):
                made = sync.stripe.v1.billing.meters.create(
                    {
                        "display_name": meter.title,
                        "event_name": meter.name,
                        "default_aggregation": {"formula": "sum"},
                        "customer_mapping": {"event_payload_key": "stripe_customer_id", "type": "by_id"},
                        "value_settings": {"event_payload_key": "value"},
                    }
                )
                sync.meters[meter.name] = made.id
            continue
        sync.meters[meter.name] = standing.id
        if standing.status != "active" and sync.note("meter", meter.name, "switched off"):
            sync.stripe.v1.billing.meters.reactivate(standing.id)
        if standing.display_name != meter.title and sync.note("meter", meter.name, "its name differs"):
            sync.stripe.v1.billing.meters.update(standing.id, {"display_name": meter.title})


# --- prices ---


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A price as it is to be. `amounts` are minor units by currency."""

    lookup_key: str
    product: str
    interval: str
    amounts: dict[str, int]
    metadata: dict[str, str]
    meter: str = ""  # our name of it

    @property
    def words(self) -> str:
        return f"{' / '.join(f'{amount} {currency}' for currency, amount in self.amounts.items())} a {self.interval}"


def list_wanted_prices() -> list[_Wanted]:
    """Of every plan that is not free and everything that is sold by use, by month and by year."""
    plans = [
        _Wanted(
            plan.lookup_key(interval),
            product_id(plan),
            interval,
            {currency: plan.price(interval, currency) for currency in CURRENCIES},
            {"plan": plan.key, "interval": interval},
        )
        for plan in PLANS.values()
        if not plan.is_free
        for interval in INTERVALS
    ]
    meters = [
        _Wanted(
            meter.lookup_key(interval),
            product_id(meter),
            interval,
            {currency: meter.price(currency) for currency in CURRENCIES},
            {"meter": meter.name},
            meter.name,
        )
        for meter in METERS.values()
        for interval in INTERVALS
    ]
    return plans + meters


def _sync_prices(sync: _Sync) -> None:
    wanted = list_wanted_prices()
    known = _read_prices(sync.stripe, [one.lookup_key for one in wanted])
    for one in wanted:
        standing = known.get(one.lookup_key)
        if standing is None:
            if sync.note("price", one.lookup_key, f"missing: {one.words}"):
                _make_price(sync, one)
            continue
        if what := _what_differs(sync, standing, one):
            text = f"{what}; a new one takes the lookup key, {standing.id} stays for those who pay it"
            if sync.note("price", one.lookup_key, text):
                _make_price(sync, one)
                sync.stripe.v1.prices.update(standing.id, {"active": False})
            continue
        _amend_price(sync, standing, one)


def _read_prices(stripe: StripeClient, lookup_keys: list[str]) -> dict[str, Price]:
    """By lookup key. Stripe takes ten keys at a time."""
    found: dict[str, Price] = {}
    for first in range(0, len(lookup_keys), 10):
        listed = stripe.v1.prices.list(
            {
                "lookup_keys": lookup_keys[first : first + 10],
                "limit": 100,
                "expand": ["data.currency_options"],
            }
        )
        found |= {str(one.lookup_key): one for one in listed.auto_paging_iter()}
    return found


def _what_differs(sync: _Sync, standing: Price, wanted: _Wanted) -> str:
    """What cannot be changed on a price that is there; empty where all of it is right."""
    data = standing.to_dict()
    options = data.get("currency_options") or {}
    amounts = {currency: option.get("unit_amount") for currency, option in options.items()}
    if data["currency"] != CURRENCIES[0] or amounts != wanted.amounts:
        before = " / ".join(f"{amount} {currency}" for currency, amount in sorted(amounts.items()))
        return f"{before} where {wanted.words} is wanted"
    recurring = data.get("recurring") or {}
    if data["product"] != wanted.product or recurring.get("interval") != wanted.interval:
        return "another product or interval"
    # What somebody can choose by hand on Stripe's pages, and what every unit and every month would then be counted by.
    if (
        recurring.get("interval_count") != 1
        or data.get("billing_scheme") != "per_unit"
        or data.get("transform_quantity")
    ):
        return "another way of counting"
    usage = "metered" if wanted.meter else "licensed"
    if recurring.get("usage_type") != usage or recurring.get("meter") != sync.meters.get(wanted.meter):
        return "another meter"
    behaviours = {option.get("tax_behavior") for option in options.values()} | {data.get("tax_behavior")}
    return "" if behaviours == {_TAX} else "another way of tax"


def _amend_price(sync: _Sync, standing: Price, wanted: _Wanted) -> None:
    """What can be changed on a price."""
    if not standing.active and sync.note("price", wanted.lookup_key, "switched off"):
        sync.stripe.v1.prices.update(standing.id, {"active": True})
    metadata = standing.metadata.to_dict() if standing.metadata is not None else {}
    if any(metadata.get(name) != value for name, value in wanted.metadata.items()) and sync.note(
        "price", wanted.lookup_key, "metadata differ"
    ):
        sync.stripe.v1.prices.update(standing.id, {"metadata": wanted.metadata})


def _make_price(sync: _Sync, wanted: _Wanted) -> None:
    first, *others = CURRENCIES
    recurring: dict[str, Any] = {"interval": wanted.interval}
    if wanted.meter:
        recurring |= {"usage_type": "metered", "meter": sync.meters[wanted.meter]}
    sync.stripe.v1.prices.create(
        {
            "product": wanted.product,
            "currency": first,
            "unit_amount": wanted.amounts[first],
            "currency_options": {
                one: {"unit_amount": wanted.amounts[one], "tax_behavior": "exclusive"} for one in others
            },
            "recurring": recurring,  # type: ignore[typeddict-item]
            "tax_behavior": "exclusive",
            "lookup_key": wanted.lookup_key,
            "transfer_lookup_key": True,
            "metadata": wanted.metadata,
        }
    )


# --- coupons and codes ---


def _sync_coupons(sync: _Sync) -> None:
    listed = sync.stripe.v1.coupons.list(
        {"limit": 100, "expand": ["data.applies_to", "data.currency_options"]}
    )
    known = {one.id: one.to_dict() for one in listed.auto_paging_iter()}
    for coupon in COUPONS:
        standing = known.get(coupon.key)
        wanted = _describe_coupon(coupon)
        if standing is None:
            if sync.note("coupon", coupon.key, "missing"):
                sync.stripe.v1.coupons.create({"id": coupon.key, **wanted})  # type: ignore[arg-type]
        elif fixed := [
            name for name in wanted if name != "name" and not _stands(standing.get(name), wanted[name])
        ]:
            text = f"{', '.join(fixed)} differ, which Stripe never changes: give the coupon another key"
            sync.note("coupon", coupon.key, text, possible=False)
        elif standing.get("name") != coupon.name and sync.note("coupon", coupon.key, "its name differs"):
            sync.stripe.v1.coupons.update(coupon.key, {"name": coupon.name})
        for code in coupon.codes:
            _sync_code(sync, coupon, code)


def _stands(standing: Any, wanted: Any) -> bool:
    """Stripe may tell more of a part than was asked for, such as the coupon's own currency among the others."""
    if isinstance(wanted, dict) and isinstance(standing, dict):
        return all(_stands(standing.get(name), value) for name, value in wanted.items())
    return bool(standing == wanted)


def _describe_coupon(coupon: Coupon) -> dict[str, Any]:
    wanted: dict[str, Any] = {"name": coupon.name, "duration": coupon.duration}
    if coupon.percent is not None:
        wanted["percent_off"] = float(coupon.percent)
    if coupon.amounts is not None:
        first, *others = CURRENCIES
        wanted |= {
            "amount_off": coupon.amounts[first],
            "currency": first,
            "currency_options": {one: {"amount_off": coupon.amounts[one]} for one in others},
        }
    if coupon.months is not None:
        wanted["duration_in_months"] = coupon.months
    if coupon.plans:
        wanted["applies_to"] = {"products": [product_id(PLANS[key]) for key in coupon.plans]}
    return wanted


def _sync_code(sync: _Sync, coupon: Coupon, code: Code) -> None:
    """Of several with the same text, which Stripe keeps when one is switched off, the newest counts."""
    listed = sync.stripe.v1.promotion_codes.list({"code": code.text, "limit": 100})
    mine = [one for one in listed.data if one.to_dict()["promotion"]["coupon"] == coupon.key]
    active = next((one for one in mine if one.active), None)
    if not code.active:
        if active is not None and sync.note("code", code.text, "is no longer offered"):
            sync.stripe.v1.promotion_codes.update(active.id, {"active": False})
        return
    if active is not None:
        return
    if mine and (code.most or code.expires_at):
        return  # It ran out, as it should.
    for other in listed.data:
        # Two that everybody can use can't have the same text. One of a customer's own can.
        if other.active and other.customer is None and sync.note("code", code.text, "is another coupon’s"):
            sync.stripe.v1.promotion_codes.update(other.id, {"active": False})
    if mine:
        if sync.note("code", code.text, "switched off"):
            sync.stripe.v1.promotion_codes.update(mine[0].id, {"active": True})
        return
    if sync.note("code", code.text, "missing"):
        wanted: dict[str, Any] = {
            "promotion": {"type": "coupon", "coupon": coupon.key},
            "code": code.text,
            "restrictions": {"first_time_transaction": code.first_time},
        }
        if code.most is not None:
            wanted["max_redemptions"] = code.most
        if code.expires_at is not None:
            wanted["expires_at"] = int(code.expires_at.timestamp())
        sync.stripe.v1.promotion_codes.create(wanted)  # type: ignore[arg-type]


# --- the portal ---


def _sync_portal(sync: _Sync) -> None:
    standing = portal_settings.find_configuration(sync.stripe)
    if standing is None:
        if sync.note("portal", "settings", "missing"):
            portal_settings.make_configuration(sync.stripe)
        return
    differing = portal_settings.list_differences(standing)
    if differing and sync.note("portal", "settings", f"{', '.join(differing)} differ"):
        portal_settings.update_configuration(sync.stripe, standing.id)
