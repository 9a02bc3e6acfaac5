"""Search over the fields that Stripe has an index for: `status:"active" AND metadata["tenant"]:"7"`.

What was written is found at once; Stripe's index follows within a minute, which is why nothing should search for what it just made.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from ..errors import invalid
from ..routes import Call, route
from ..store import Json

_CLAUSE: Final = re.compile(
    r"""\s*(?P<not>-)?(?P<field>[a-z_]+)(?:\[["'](?P<key>[^"']+)["']\])?\s*(?P<how>>=|<=|:|~|>|<)\s*"""
    r"""(?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>(?:[^'\\]|\\.)*)'|(?P<bare>[^\s"']+))\s*"""
)
_JOINED: Final = re.compile(r"(AND|OR)\b", re.IGNORECASE)
# Of each kind the fields that Stripe searches; those of NUMBERS by size as well, those of WORDS by a part of them as well.
_FIELDS: Final = {
    "customer": {"created", "email", "metadata", "name", "phone"},
    "subscription": {"canceled_at", "created", "metadata", "status"},
    "invoice": {"created", "currency", "customer", "metadata", "number", "status", "subscription", "total"},
    "payment_intent": {"amount", "created", "currency", "customer", "metadata", "status"},
    "charge": {"amount", "created", "currency", "customer", "disputed", "metadata", "refunded", "status"},
    "price": {"active", "currency", "lookup_key", "metadata", "product", "type"},
    "product": {"active", "description", "metadata", "name", "shippable", "url"},
}
_NUMBERS: Final = frozenset({"amount", "canceled_at", "created", "total"})
_WORDS: Final = frozenset({"description", "email", "name", "phone"})
_SIZES: Final[dict[str, Callable[[int, int], bool]]] = {
    ":": lambda held, wanted: held == wanted,
    ">": lambda held, wanted: held > wanted,
    "<": lambda held, wanted: held < wanted,
    ">=": lambda held, wanted: held >= wanted,
    "<=": lambda held, wanted: held <= wanted,
}
_MOST_CLAUSES: Final = 10
Test = Callable[[Json], bool]


def matcher(kind: str, query: str) -> Test:
    """Whether an object fits the query. Raises the 400 of one that cannot be read."""
    clauses: list[Test] = []
    joins: set[str] = set()
    place = 0
    while True:
        found = _CLAUSE.match(query, place)
        if found is None:
            raise _unreadable(query, place)
        clauses.append(_clause(kind, found))
        place = found.end()
        if place == len(query):
            break
        joined = _JOINED.match(query, place)
        if joined:
            joins.add(joined[1].upper())
            place = joined.end()
        else:
            joins.add("AND")
    if len(joins) > 1:
        raise invalid("You can't combine AND and OR clauses in the same search query.", "query")
    if len(clauses) > _MOST_CLAUSES:
        raise invalid(f"A search query has at most {_MOST_CLAUSES} clauses.", "query")
    if joins == {"OR"}:
        return lambda one: any(fits(one) for fits in clauses)
    return lambda one: all(fits(one) for fits in clauses)


def _clause(kind: str, found: re.Match[str]) -> Test:
    field, key, how = found["field"], found["key"], found["how"]
    if field not in _FIELDS[kind] or (key is not None) != (field == "metadata"):
        raise invalid(f"Field `{field}` is an unsupported search field for resource `{kind}s`.", "query")
    quoted = found["double"] if found["double"] is not None else found["single"]
    value = found["bare"] if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
    if how == "~" and field not in _WORDS:
        raise invalid(f"Field `{field}` cannot be searched by a part of it.", "query")
    if how not in (":", "~") and field not in _NUMBERS:
        raise invalid(f"Field `{field}` cannot be searched by size.", "query")
    test = _test(field, key, how, None if quoted is None and value == "null" else value)
    return (lambda one: not test(one)) if found["not"] else test


def _test(field: str, key: str | None, how: str, value: str | None) -> Test:
    def held(one: Json) -> Any:
        if key is not None:
            return (one["metadata"] or {}).get(key)
        if field == "subscription":
            return ((one["parent"] or {}).get("subscription_details") or {}).get("subscription")
        return one.get(field)

    if value is None:
        return lambda one: held(one) is None
    if field in _NUMBERS:
        if not re.fullmatch(r"-?\d+", value):
            raise invalid(f"Field `{field}` is searched by a number, not by `{value[:40]}`.", "query")
        number, size = int(value), _SIZES[how]
        return lambda one: held(one) is not None and size(held(one), number)
    wanted = value.casefold()
    if how == "~":
        if len(wanted) < 3:
            raise invalid("A search by a part needs at least three characters.", "query")
        return lambda one: wanted in str(held(one) or "").casefold()
    return lambda one: held(one) is not None and _text(held(one)) == wanted


def _text(value: Any) -> str:
    return str(value).casefold()


def _unreadable(query: str, place: int) -> Exception:
    return invalid(
        f"We were unable to parse your search query near '{query[place : place + 40]}'. Try using the format "
        '`metadata["key"]:"value"` to query for metadata or key:"value" to query for other fields.',
        "query",
    )


def _search(call: Call, kind: str) -> Json:
    limit = call.params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise invalid(
            f"Invalid integer: {limit}; must be from 1 to 100", "limit", "parameter_invalid_integer"
        )
    fits = matcher(kind, call.params["query"])
    found = [one for one in call.store.list(kind) if not one.get("deleted") and fits(one)]
    page = str(call.params.get("page") or "0")
    if not page.isdigit():
        raise invalid("Invalid page: pass on `next_page` of the page before.", "page")
    first = int(page)
    more = len(found) > first + limit
    return {
        "object": "search_result",
        "data": found[first : first + limit],
        "has_more": more,
        "next_page": str(first + limit) if more else None,
        "url": call.url,
    }


@route("GET", "/v1/customers/search", "CustomerSearchParams")
def search_customers(call: Call) -> Json:
    return _search(call, "customer")


@route("GET", "/v1/subscriptions/search", "SubscriptionSearchParams")
def search_subscriptions(call: Call) -> Json:
    return _search(call, "subscription")


@route("GET", "/v1/invoices/search", "InvoiceSearchParams")
def search_invoices(call: Call) -> Json:
    return _search(call, "invoice")


@route("GET", "/v1/payment_intents/search", "PaymentIntentSearchParams")
def search_intents(call: Call) -> Json:
    return _search(call, "payment_intent")


@route("GET", "/v1/charges/search", "ChargeSearchParams")
def search_charges(call: Call) -> Json:
    return _search(call, "charge")


@route("GET", "/v1/prices/search", "PriceSearchParams")
def search_prices(call: Call) -> Json:
    return _search(call, "price")


@route("GET", "/v1/products/search", "ProductSearchParams")
def search_products(call: Call) -> Json:
    return _search(call, "product")
