"""Connect: accounts, the links that onboard them, transfers and application fees."""

from __future__ import annotations

from html import escape
from typing import Final

from aiohttp import web

from ..billing.lines import money
from ..errors import invalid, missing
from ..ids import new_id, random_text
from ..look import html_page
from ..payments.connect import make_transfer, refund_fee, reverse_transfer
from ..routes import Call, PageCall, changes, merge_metadata, page, route, take
from ..store import Json, Store
from .payment_intents import check_amount
from .prices import check_currency

_LINK: Final = "_account_link"
_LOGIN: Final = "_login_link"
_LINK_SECONDS: Final = 300
_NEEDED: Final = ["business_profile.url", "external_account", "tos_acceptance.date", "tos_acceptance.ip"]


@route("POST", "/v1/accounts", "AccountCreateParams")
def create_account(call: Call) -> Json:
    params = call.params
    kind = params.get("type")
    account: Json = {
        "id": new_id("acct", 16),
        "object": "account",
        "business_profile": {
            "mcc": None,
            "name": None,
            "product_description": None,
            "support_email": None,
            "url": None,
        },
        "business_type": None,
        "capabilities": dict.fromkeys(params.get("capabilities") or {}, "inactive"),
        "charges_enabled": False,
        "controller": _controller(kind or "none", params.get("controller") or {}),
        "country": params.get("country", "US"),
        "created": call.store.now(),
        "default_currency": "usd",
        "details_submitted": False,
        "email": None,
        "metadata": {},
        "payouts_enabled": False,
        "requirements": _requirements(_NEEDED, "requirements.past_due"),
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": kind or "none",
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


@route("POST", "/v1/transfers", "TransferCreateParams")
def create_transfer(call: Call) -> Json:
    params = call.params
    currency = check_currency(params["currency"])
    if "amount" not in params:
        raise invalid("Missing required param: amount.", "amount", "parameter_missing")
    if params["amount"] < 1:
        check_amount(params["amount"], currency)
    account = call.store.get("account", params["destination"], param="destination")
    if not account["payouts_enabled"] and not account["charges_enabled"]:
        raise invalid(
            "Your destination account needs to have at least one of the following capabilities enabled: transfers, "
            "crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
        )
    charge = call.named("charge", "source_transaction")
    if charge:
        sent = sum(one["amount"] for one in call.store.list("transfer", source_transaction=charge["id"]))
        if sent + params["amount"] > charge["amount_captured"]:
            raise invalid(
                "The transfers of a charge must not add up to more than its amount.",
                "amount",
                "balance_insufficient",
            )
    metadata: Json = {}
    merge_metadata(metadata, params)
    return make_transfer(
        call.store, {**params, **metadata, "currency": currency}, charge=charge["id"] if charge else None
    )


@route("GET", "/v1/transfers/{transfer}", "TransferRetrieveParams")
def get_transfer(call: Call) -> Json:
    return call.get("transfer")


@route("GET", "/v1/transfers", "TransferListParams")
def list_transfers(call: Call) -> Json:
    return call.list("transfer", "destination", "transfer_group")


@route("POST", "/v1/transfers/{id}/reversals", "TransferReversalCreateParams")
def create_reversal(call: Call) -> Json:
    return reverse_transfer(call.store, call.get("transfer"), call.params)


@route("GET", "/v1/transfers/{id}/reversals", "TransferReversalListParams")
def list_reversals(call: Call) -> Json:
    return call.page(
        call.store.list("transfer_reversal", transfer=call.get("transfer")["id"]), "transfer_reversal"
    )


@route("GET", "/v1/application_fees/{id}", "ApplicationFeeRetrieveParams")
def get_fee(call: Call) -> Json:
    return call.get("application_fee")


@route("GET", "/v1/application_fees", "ApplicationFeeListParams")
def list_fees(call: Call) -> Json:
    return call.list("application_fee", "charge")


@route("POST", "/v1/application_fees/{id}/refunds", "ApplicationFeeRefundCreateParams")
def create_fee_refund(call: Call) -> Json:
    metadata = call.params.get("metadata") or {}
    return refund_fee(call.store, call.get("application_fee"), call.params.get("amount"), metadata=metadata)


def _apply(account: Json, call: Call) -> None:
    params = call.params
    take(account, params, "business_type", "email", "default_currency")
    account["business_profile"] |= params.get("business_profile") or {}
    for name in params.get("capabilities") or {}:
        account["capabilities"].setdefault(name, "active" if account["charges_enabled"] else "inactive")
    merge_metadata(account, params)


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
