"""Whoever is at home elsewhere learns nothing of Acme's things: an id of Acme's and one of nobody's read the same.

Every route that names a thing is asked, GET and POST, on the other community's host by its owner and by a member, and on
Acme's own host by the other's owner.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from django.urls import URLPattern

from saas.urls import public, tenant
from tenants.context import TenantContext
from tests.frontend_api.hosts import ACME, BASE, GLOBEX, Browser
from tests.permissions.digest import Snapshot, differing
from tests.permissions.scene import NOBODYS, address_of, names_a_thing

SignIn = Callable[..., Browser]
FORM = {"confirmed": "1", "what": "role", "role": "analyst", "seen": "analyst||"}
TENANT_THINGS = [one for one in tenant.urlpatterns if isinstance(one, URLPattern) and names_a_thing(one)]
PUBLIC_THINGS = [one for one in public.urlpatterns if isinstance(one, URLPattern) and names_a_thing(one)]
# What differs between two answers that say the same: the reference to quote, the form's token, the address itself.
_DIFFERS = re.compile(
    r"Ref <strong>[0-9A-Z]{4}|csrfmiddlewaretoken\" value=\"[^\"]+|X-CSRFToken[^}]+|data-csrf=\"[^\"]+"
)


def shape(answer: Any, path: str) -> tuple[int, str]:
    """The answer without what may differ: its own address is one of that."""
    body = "" if answer.streaming else answer.content.decode()
    text = _DIFFERS.sub("", body + answer.headers.get("Location", ""))
    for written in (path, quote(path, safe=""), quote(path)):
        text = text.replace(written, "HERE")
    return answer.status_code, text


@pytest.mark.parametrize(
    ("username", "host"),
    [("globex-owner", GLOBEX), ("globex-moderator", GLOBEX), ("globex-owner", ACME), ("acme-stranger", GLOBEX), ("", GLOBEX)],
)  # fmt: skip
def test_acmes_things_are_not_there(
    things: dict[str, Any],
    sign_in: SignIn,
    acme: TenantContext,
    globex: TenantContext,
    username: str,
    host: str,
) -> None:
    browser = sign_in(username, host)
    snapshot = Snapshot("public", acme.schema, globex.schema)
    before = snapshot.take()
    wrong = []
    for pattern in TENANT_THINGS:
        if host == ACME and pattern.name in {"member", "reason", "shop-reward"}:
            continue  # open to everybody on Acme's own host
        parts = names_a_thing(pattern)
        path = address_of(pattern, "saas.urls.tenant", things)
        nowhere = address_of(pattern, "saas.urls.tenant", things, **dict.fromkeys(parts, NOBODYS))
        for ask in (browser.on(host).get, lambda where: browser.on(host).post(where, FORM)):
            ours, nobodys = shape(ask(path), path), shape(ask(nowhere), nowhere)
            if ours != nobodys:
                wrong.append(f"{path}: {ours[0]} but for nobody's {nobodys[0]}")
            if username.startswith("globex-owner") and host == GLOBEX and ours[0] not in (404, 405, 422):
                wrong.append(f"{path}: {ours[0]}, not 404")
    if changed := differing(before, snapshot.take()):
        wrong.append(f"changed {changed}")
    assert wrong == []


@pytest.mark.parametrize("username", ["globex-owner", "acme-stranger", ""])
def test_on_our_own_host_likewise(
    things: dict[str, Any], sign_in: SignIn, acme: TenantContext, globex: TenantContext, username: str
) -> None:
    browser = sign_in(username, GLOBEX)
    snapshot = Snapshot("public", acme.schema, globex.schema)
    before = snapshot.take()
    wrong = []
    for pattern in PUBLIC_THINGS:
        path = address_of(pattern, "saas.urls.public", things)
        nowhere = address_of(
            pattern, "saas.urls.public", things, **dict.fromkeys(names_a_thing(pattern), NOBODYS)
        )
        for ask in (browser.on(BASE).get, lambda where: browser.on(BASE).post(where, FORM)):
            ours, nobodys = shape(ask(path), path), shape(ask(nowhere), nowhere)
            if ours != nobodys:
                wrong.append(f"{path}: {ours[0]} but for nobody's {nobodys[0]}")
    if changed := differing(before, snapshot.take()):
        wrong.append(f"changed {changed}")
    assert wrong == []


@pytest.mark.parametrize("number", [0, 2**31, 2**63, 10**30])
def test_no_number_is_too_strange(things: dict[str, Any], sign_in: SignIn, number: int) -> None:
    browser = sign_in("acme-owner")
    for pattern in TENANT_THINGS:
        path = address_of(
            pattern, "saas.urls.tenant", things, **dict.fromkeys(names_a_thing(pattern), number)
        )
        for answer in (browser.on(ACME).get(path), browser.on(ACME).post(path, FORM)):
            assert answer.status_code in (302, 404, 405, 422), path
