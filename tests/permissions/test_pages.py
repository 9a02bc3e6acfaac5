"""The permission matrix of pages: every route, GET and POST, for every kind of person.

Whoever may is let in; whoever may not is refused, the database is what it was, and nothing was sent. Made from the tables:
a route that stands in no row, or names a thing that nobody described, fails here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.urls import URLPattern

from frontend_api.access import CHOICES, EVERYBODY, PUBLIC_ROUTES, SAVING, SESSION, TENANT_ROUTES, USER
from saas.urls import public, tenant
from tenants.context import TenantContext
from tenants.models import Membership
from tenants.permissions import GRANTABLE, PERMISSIONS, Rights, Role
from tests.frontend_api.hosts import ACME, BASE, Browser
from tests.permissions.digest import Snapshot, differing
from tests.permissions.scene import KINDS, Kind, address_of, choices_of

SignIn = Callable[..., Browser]
FORM = {"confirmed": "1"}
# Here the thing itself is refused to an analyst with the grant, who stands above nobody; tests/engagement/access has those.
OF_THOSE_BELOW = {"dashboard-team-person", "dashboard-team-remove"}
TENANT_PATTERNS = [one for one in tenant.urlpatterns if isinstance(one, URLPattern)]
PUBLIC_PATTERNS = [one for one in public.urlpatterns if isinstance(one, URLPattern)]


def action_for(name: str, method: str) -> str:
    return SAVING.get(name, TENANT_ROUTES[name]) if method == "post" else TENANT_ROUTES[name]


def ask(browser: Browser, method: str, path: str, form: dict[str, Any] = FORM) -> Any:
    client = browser.on(ACME)
    return client.get(path) if method == "get" else client.post(path, form)


def is_refused(answer: Any) -> bool:
    """Refused in words; or, for somebody who is nobody yet, led to the sign-in."""
    if answer.status_code == 302:
        return answer["Location"].startswith("/login/?next=")
    return answer.status_code == 403


def is_not_sold(name: str, answer: Any) -> bool:
    """Let in, and told that plans are not sold here; tests/frontend_api/dashboard/billing has them where they are."""
    return name.startswith("billing") and answer.status_code == 503 and b"not sold" in answer.content


def let_in_and_take_back(browser: Browser, method: str, path: str, form: dict[str, Any] = FORM) -> Any:
    """What an allowed request changed is undone, for the next one."""
    with transaction.atomic():
        answer = ask(browser, method, path, form)
        if answer.streaming:
            b"".join(answer.streaming_content)
        transaction.set_rollback(True)
    return answer


def test_every_saving_route_is_a_route() -> None:
    assert SAVING.keys() <= TENANT_ROUTES.keys()
    assert set(SAVING.values()) <= PERMISSIONS.keys()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_route_lets_in_who_may_and_changes_nothing_for_others(
    things: dict[str, Any], sign_in: SignIn, acme: TenantContext, globex: TenantContext, kind: Kind
) -> None:
    browser, rights = sign_in(kind.username), Rights(Role[kind.role])
    snapshot = Snapshot("public", acme.schema, globex.schema)
    before = snapshot.take()
    wrong = []
    refused = []
    for pattern in TENANT_PATTERNS:
        assert pattern.name in TENANT_ROUTES, f"{pattern.name} stands in no row of frontend_api/access.py"
        path = address_of(pattern, "saas.urls.tenant", things)
        for method in ("get", "post"):
            action = action_for(pattern.name, method)
            place = f"{method} {pattern.name} ({path}), {action}"
            if action in (EVERYBODY, SESSION, USER) or (method == "post" and pattern.name in CHOICES):
                continue
            if rights.may(action):
                answer = let_in_and_take_back(browser, method, path)
                failed = answer.status_code >= 500 and not is_not_sold(pattern.name, answer)
                if is_refused(answer) or failed:
                    wrong.append(f"{place}: {kind.name} may, and got {answer.status_code}")
                continue
            refused.append((method, path))
            answer = ask(browser, method, path)
            if answer.status_code != 405 and not is_refused(answer):
                wrong.append(f"{place}: {kind.name} may not, and got {answer.status_code}")
    if changed := differing(before, snapshot.take()):
        wrong.append(f"{changed} changed by {_find_culprits(browser, snapshot, refused)}")
    assert wrong == []
    assert mail.outbox == []


def list_choices(things: dict[str, Any]) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Of every form in which something is chosen: both actions that it asks for, the address, the form."""
    found = []
    for pattern in TENANT_PATTERNS:
        if pattern.name in CHOICES:
            for action, parts, form in choices_of(pattern.name, things):
                path = address_of(pattern, "saas.urls.tenant", things, **parts)
                found.append((TENANT_ROUTES[pattern.name], action, path, form))
    return found


def test_every_form_with_a_choice_is_a_route() -> None:
    assert CHOICES.keys() <= TENANT_ROUTES.keys()
    assert {action for choices in CHOICES.values() for action in choices.values()} <= PERMISSIONS.keys()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_is_chosen_in_a_form_asks_for_its_own_action_as_well(
    things: dict[str, Any], sign_in: SignIn, acme: TenantContext, globex: TenantContext, kind: Kind
) -> None:
    browser, rights = sign_in(kind.username), Rights(Role[kind.role])
    snapshot = Snapshot("public", acme.schema, globex.schema)
    before = snapshot.take()
    wrong = []
    for base, own, path, form in list_choices(things):
        may = rights.may(base) and rights.may(own)
        answer = (let_in_and_take_back if may else ask)(browser, "post", path, form)
        if is_refused(answer) is may or answer.status_code >= 500:
            wrong.append(f"{path} {form}: {own} {may}, and got {answer.status_code}")
    assert wrong == []
    assert differing(before, snapshot.take()) == []
    assert mail.outbox == []


def test_single_grants_count_on_every_choice(
    things: dict[str, Any], sign_in: SignIn, acme: TenantContext, globex: TenantContext
) -> None:
    """Both are asked for: whoever lacks one of them is refused."""
    granted, limited = sign_in("acme-granted"), sign_in("acme-limited")
    snapshot = Snapshot("public", acme.schema, globex.schema)
    before = snapshot.take()
    wrong = []
    for base, own, path, form in list_choices(things):
        Membership.objects.filter(user__username="acme-granted").update(given=[base, own])
        if is_refused(let_in_and_take_back(granted, "post", path, form)):
            wrong.append(f"{path} {form}: {base} and {own} were given, and it is refused")
        for action in (base, own):
            Membership.objects.filter(user__username="acme-limited").update(taken=[action])
            if not is_refused(ask(limited, "post", path, form)):
                wrong.append(f"{path} {form}: {action} was taken, and it is not refused")
    Membership.objects.filter(user__username__in=["acme-granted", "acme-limited"]).update(given=[], taken=[])
    assert wrong == []
    assert differing(before, snapshot.take()) == []


def _find_culprits(browser: Browser, snapshot: Snapshot, refused: list[tuple[str, str]]) -> list[str]:
    """Which of the refused attempts changed something: all again, one by one."""
    found = []
    before = snapshot.take()
    for method, path in refused:
        ask(browser, method, path)
        after = snapshot.take()
        if differing(before, after):
            found.append(f"{method} {path}")
        before = after
    return found


def test_single_grants_count_on_every_route(
    things: dict[str, Any], sign_in: SignIn, acme: TenantContext, globex: TenantContext
) -> None:
    """An analyst with just that action is let in; an admin from whom just that was taken is not."""
    granted, limited = sign_in("acme-granted"), sign_in("acme-limited")
    snapshot = Snapshot("public", acme.schema, globex.schema)
    before = snapshot.take()
    wrong = []
    for pattern in TENANT_PATTERNS:
        for method in ("get", "post"):
            action = action_for(str(pattern.name), method)
            if action not in GRANTABLE or (method == "post" and pattern.name in CHOICES):
                continue
            path = address_of(pattern, "saas.urls.tenant", things)
            Membership.objects.filter(user__username="acme-granted").update(given=[action])
            Membership.objects.filter(user__username="acme-limited").update(taken=[action])
            answer = let_in_and_take_back(granted, method, path)
            if is_refused(answer) and pattern.name not in OF_THOSE_BELOW:
                wrong.append(f"{method} {path}: {action} was given, and it is refused")
            answer = ask(limited, method, path)
            if answer.status_code != 405 and not is_refused(answer):
                wrong.append(f"{method} {path}: {action} was taken, and got {answer.status_code}")
    Membership.objects.filter(user__username__in=["acme-granted", "acme-limited"]).update(given=[], taken=[])
    if changed := differing(before, snapshot.take()):
        wrong.append(f"refused attempts changed {changed}")
    assert wrong == []


def test_who_is_not_signed_in_changes_nothing_on_our_own_host(
    things: dict[str, Any], sign_in: SignIn, acme: TenantContext, globex: TenantContext
) -> None:
    """What is for whoever is signed in leads a stranger to the form."""
    browser = sign_in("")
    browser.on(BASE).raise_request_exception = False
    snapshot = Snapshot("public", acme.schema, globex.schema)
    before = snapshot.take()
    wrong = []
    for pattern in PUBLIC_PATTERNS:
        assert pattern.name in PUBLIC_ROUTES, f"{pattern.name} stands in no row of frontend_api/access.py"
        if PUBLIC_ROUTES[pattern.name] != USER:
            continue
        path = address_of(pattern, "saas.urls.public", things)
        for method in ("get", "post"):
            client = browser.on(BASE)
            answer = client.get(path) if method == "get" else client.post(path, FORM)
            led = answer.status_code == 302 and "/login/" in answer["Location"]
            if answer.status_code not in (403, 404, 405) and not led:
                wrong.append(f"{method} {path}: {answer.status_code}")
            if changed := differing(before, snapshot.take()):
                wrong.append(f"{method} {path}: changed {changed}")
    assert wrong == []
