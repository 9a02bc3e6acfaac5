"""Connect: accounts, what they can do, and the links that onboard them."""

from __future__ import annotations

from html import escape
from typing import Final

from aiohttp import web

from ..billing.lines import money
from ..billing.saving import refuse_unmodelled
from ..config import ACCOUNT_ID
from ..errors import invalid, missing
from ..ids import new_id, random_text
from ..look import html_page
from ..paging import whole
from ..routes import Call, PageCall, changes, merge_metadata, page, route, take
from ..store import Json, Store

_LINK: Final = "_account_link"
_LOGIN: Final = "_login_link"
_LINK_SECONDS: Final = 300
_CAPABILITIES: Final = frozenset(
    {"card_payments", "transfers", "tax_reporting_us_1099_k", "us_bank_account_ach_payments"}
)
_CAPABILITY_NEEDS: Final = (
    "alternatives", "current_deadline", "currently_due", "disabled_reason", "errors", "eventually_due", "past_due",
    "pending_verification",
)  # fmt: skip
_NEEDED: Final = ["business_profile.url", "external_account", "tos_acceptance.date", "tos_acceptance.ip"]


@route("POST", "/v1/accounts", "AccountCreateParams")
def create_account(call: Call) -> Json:
    params = call.params
    kind = params.get("type") or "none"
    account = _blank(new_id("acct", 16), kind, params.get("country", "US"), call.store.now()) | {
        "capabilities": dict.fromkeys(params.get("capabilities") or {}, "inactive"),
        "controller": _controller(kind, params.get("controller") or {}),
    }
    _apply(account, call)
    return call.store.put(account)


@route("GET", "/v1/accounts/{account}", "AccountRetrieveParams")
def get_account(call: Call) -> Json:
    return call.get("account")


@route("GET", "/v1/accounts", "AccountListParams")
def list_accounts(call: Call) -> Json:
    return call.list("account")


@route("POST", "/v1/accounts/{account}", "AccountUpdateParams")
def update_account(call: Call) -> Json:
    before, account = call.get("account"), call.get("account")
    _apply(account, call)
    return _announce(call.store, before, account)


def _announce(store: Store, before: Json, account: Json) -> Json:
    """Put an account and tell of it, where Connect's endpoints hear it, whoever changed it."""
    store.put(account)
    previous = changes(before, account)
    if previous:
        with store.as_account(account["id"]):
            store.emit("account.updated", account, previous)
    return account


@route("DELETE", "/v1/accounts/{account}", "AccountDeleteParams")
def delete_account(call: Call) -> Json:
    return call.store.delete("account", call.get("account")["id"])


@route("GET", "/v1/account", "AccountRetrieveCurrentParams")
def get_own_account(call: Call) -> Json:
    """The platform, or with Stripe-Account the account in hand."""
    with call.store.as_account(None):
        if call.account:
            return call.store.get("account", call.account)
    enabled = {"card_payments": "active", "transfers": "active"}
    return _blank(ACCOUNT_ID, "standard", "US", 0) | {
        "capabilities": enabled,
        "charges_enabled": True,
        "details_submitted": True,
        "payouts_enabled": True,
        "requirements": _requirements([], None),
    }


@route("GET", "/v1/accounts/{account}/capabilities", "AccountCapabilityListParams")
def list_capabilities(call: Call) -> Json:
    account = call.get("account")
    held = [_capability(account, name) for name in sorted(account["capabilities"])]
    return whole(held, url=call.url)


@route("GET", "/v1/accounts/{account}/capabilities/{capability}", "AccountCapabilityRetrieveParams")
def get_capability(call: Call) -> Json:
    return _capability(call.get("account", "account"), call.path["capability"])


@route("POST", "/v1/accounts/{account}/capabilities/{capability}", "AccountCapabilityUpdateParams")
def request_capability(call: Call) -> Json:
    before, account = call.get("account", "account"), call.get("account", "account")
    name = call.path["capability"]
    if name not in _CAPABILITIES:
        raise missing("capability", name)
    if call.params.get("requested"):
        account["capabilities"].setdefault(name, "active" if account["charges_enabled"] else "inactive")
    elif "requested" in call.params:
        account["capabilities"].pop(name, None)
    return _capability(_announce(call.store, before, account), name)


def _capability(account: Json, name: str) -> Json:
    """What is not asked for is there all the same, as such."""
    if name not in _CAPABILITIES:
        raise missing("capability", name)
    needed = {key: account["requirements"][key] for key in _CAPABILITY_NEEDS}
    return {
        "id": name,
        "object": "capability",
        "account": account["id"],
        "requested": name in account["capabilities"],
        "requested_at": account["created"] if name in account["capabilities"] else None,
        "requirements": needed,
        "status": account["capabilities"].get(name, "unrequested"),
    }


@route("POST", "/v1/account_links", "AccountLinkCreateParams")
def create_link(call: Call) -> Json:
    params, now = call.params, call.store.now()
    account = call.store.get("account", params["account"], param="account")
    for name in ("refresh_url", "return_url"):
        if not params.get(name):
            raise invalid(f"Missing required param: {name}.", name, "parameter_missing")
    token = random_text(24)
    call.store.put(
        {
            "object": _LINK,
            "id": token,
            "account": account["id"],
            "expires_at": now + _LINK_SECONDS,
            "refresh_url": params["refresh_url"],
            "return_url": params["return_url"],
        }
    )
    return {
        "object": "account_link",
        "created": now,
        "expires_at": now + _LINK_SECONDS,
        "url": f"{call.base_url}/connect/{account['id']}/{token}",
    }


@route("POST", "/v1/accounts/{account}/login_links", "AccountLoginLinkCreateParams")
def create_login_link(call: Call) -> Json:
    account = call.get("account")
    if account["controller"]["stripe_dashboard"]["type"] != "express":
        raise invalid("Cannot create a login link for an account that is not an Express account.", "account")
    if not account["details_submitted"]:
        raise invalid(
            "Cannot create a login link for an account that has not completed onboarding.", "account"
        )
    token = random_text(24)
    now = call.store.now()
    call.store.put(
        {"object": _LOGIN, "id": token, "account": account["id"], "expires_at": now + _LINK_SECONDS}
    )
    return {"object": "login_link", "created": now, "url": f"{call.base_url}/express/{account['id']}/{token}"}


@page("GET", "/express/{account}/{token}")
def show_express(call: PageCall) -> web.StreamResponse:
    """What a seller sees of their money."""
    link = call.store.find(_LOGIN, call.path["token"])
    if link is None or link["account"] != call.path["account"] or link["expires_at"] < call.store.now():
        raise web.HTTPNotFound(text=missing("login link", call.path["token"]).message)
    sums: dict[str, int] = {}
    for transfer in call.store.list("transfer", destination=link["account"]):
        left = transfer["amount"] - transfer["amount_reversed"]
        sums[transfer["currency"]] = sums.get(transfer["currency"], 0) + left
    with call.store.as_account(None):
        for fee in call.store.list("application_fee", account=link["account"]):
            sums[fee["currency"]] = sums.get(fee["currency"], 0) - fee["amount"] + fee["amount_refunded"]
    lines = "".join(f"<li>{escape(money(amount, code))}</li>" for code, amount in sorted(sums.items()))
    return html_page(
        "Payouts", f"<p>What came in, less fees and refunds:</p><ul>{lines or '<li>Nothing yet</li>'}</ul>"
    )


@page("GET", "/connect/{account}/{token}")
def show_onboarding(call: PageCall) -> web.StreamResponse:
    _open_link(call)
    return html_page(
        "Get paid",
        "<p>Here a seller tells Stripe who they are and where the money goes. In this local Stripe one button does it all.</p>"
        '<form method="post" class="row"><button name="answer" value="complete">Complete everything</button>'
        '<button name="answer" value="no_bank" class="quiet">All but the bank account</button>'
        '<button name="answer" value="later" class="quiet">Not now</button></form>',
    )


@page("POST", "/connect/{account}/{token}")
def onboard(call: PageCall) -> web.StreamResponse:
    link = _open_link(call)
    if call.form.get("answer") == "complete":
        enable_account(call.store, link["account"])
    elif call.form.get("answer") == "no_bank":
        enable_account(call.store, link["account"], due=["external_account"])
    call.store.delete(_LINK, link["id"])
    raise web.HTTPSeeOther(link["return_url"])


def enable_account(store: Store, id: str, *, due: list[str] | None = None) -> Json:
    """What the seller tells at onboarding, all at once but what is `due` still: then nothing is paid out, and nobody can pay."""
    state = "inactive" if due else "active"
    before, account = store.get("account", id), store.get("account", id)
    account |= {
        "capabilities": dict.fromkeys(account["capabilities"] or ["card_payments", "transfers"], state),
        "charges_enabled": not due,
        "details_submitted": True,
        "payouts_enabled": not due,
        "requirements": _requirements(due or [], "requirements.past_due" if due else None),
    }
    return _announce(store, before, account)


def _apply(account: Json, call: Call) -> None:
    params = call.params
    refuse_unmodelled(
        params, "account_token", "company", "documents", "external_account", "groups", "individual", "settings",
        "tos_acceptance",
    )  # fmt: skip
    take(account, params, "business_type", "email", "default_currency")
    account["business_profile"] |= params.get("business_profile") or {}
    for name in params.get("capabilities") or {}:
        account["capabilities"].setdefault(name, "active" if account["charges_enabled"] else "inactive")
    merge_metadata(account, params)


def _blank(id: str, kind: str, country: str, created: int) -> Json:
    return {
        "id": id,
        "object": "account",
        "business_profile": {
            "mcc": None,
            "name": None,
            "product_description": None,
            "support_email": None,
            "url": None,
        },
        "business_type": None,
        "capabilities": {},
        "charges_enabled": False,
        "controller": _controller(kind, {}),
        "country": country,
        "created": created,
        "default_currency": "usd",
        "details_submitted": False,
        "email": None,
        "metadata": {},
        "payouts_enabled": False,
        "requirements": _requirements(_NEEDED, "requirements.past_due"),
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": kind,
    }


def _controller(kind: str, wanted: Json) -> Json:
    collects = (wanted.get("requirement_collection")) or ("application" if kind == "custom" else "stripe")
    fees = (wanted.get("fees") or {}).get("payer") or ("account" if kind == "standard" else "application")
    losses = (wanted.get("losses") or {}).get("payments") or (
        "stripe" if kind == "standard" else "application"
    )
    dashboard = (wanted.get("stripe_dashboard") or {}).get("type") or {
        "standard": "full",
        "express": "express",
    }.get(kind, "none")
    return {
        "fees": {"payer": fees},
        "is_controller": True,
        "losses": {"payments": losses},
        "requirement_collection": collects,
        "stripe_dashboard": {"type": dashboard},
        "type": "application",
    }


def _requirements(due: list[str], reason: str | None) -> Json:
    return {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": due,
        "disabled_reason": reason,
        "errors": [],
        "eventually_due": due,
        "past_due": due,
        "pending_verification": [],
    }


def _open_link(call: PageCall) -> Json:
    """The link, if it is still good; else back to where a new one is made. Each is good once."""
    link = call.store.find(_LINK, call.path["token"])
    if link is None or link["account"] != call.path["account"]:
        raise web.HTTPNotFound(text=missing("account link", call.path["token"]).message)
    if link["expires_at"] < call.store.now():
        raise web.HTTPSeeOther(link["refresh_url"])
    return link
