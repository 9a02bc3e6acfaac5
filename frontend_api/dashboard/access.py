"""Who may open the organiser's pages, and what each of those pages knows of the request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, Final, ParamSpec
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from engagement.audit.actor import Actor
from frontend_api.actors import actor_of
from frontend_api.people import Person, get_person
from frontend_api.tenant import get_context
from saas.core import clock
from tenants.context import TenantContext
from tenants.gates import is_open
from tenants.permissions import Rights, Role, may, require
from tenants.team import note_seen

_SEEN_KEY: Final = "dashboard_seen_at"
_SEEN_EVERY: Final = 3_600  # seconds
Given = ParamSpec("Given")
View = Callable[Concatenate[HttpRequest, Given], HttpResponseBase]
DeskView = Callable[Concatenate[HttpRequest, "Desk", Given], HttpResponseBase]


class Allowed:
    """`{{ desk.allowed.export_members }}` in a template: whether the person may do it. An unknown action is a KeyError."""

    def __init__(self, rights: Rights) -> None:
        self._rights = rights

    def __getitem__(self, action: str) -> bool:
        return may(self._rights, action)


class Opens:
    """`{{ desk.opens.boosts }}` in a template: whether the plan has it. An undeclared gate is a KeyError. No query."""

    def __init__(self, context: TenantContext) -> None:
        self._context = context

    def __getitem__(self, gate: str) -> bool:
        return is_open(gate, self._context.entitlements, clock.now())


@dataclass(frozen=True, slots=True)
class Desk:
    """What a page of the dashboard works with: whose community it is, who sits at it, and that person as an actor. `user_id` is never None here."""

    context: TenantContext
    person: Person
    user_id: int
    actor: Actor  # for services and the audit log

    @property
    def role(self) -> Role:
        return self.person.role

    @property
    def allowed(self) -> Allowed:
        return Allowed(self.person.rights)

    @property
    def opens(self) -> Opens:
        return Opens(self.context)

    def may(self, action: str) -> bool:
        return may(self.person.rights, action)

    def require(self, action: str) -> None:
        """Raises NotPermittedError: for what a page offers beyond being opened."""
        require(self.person.rights, action)


def dashboard_page(action: str) -> Callable[[DeskView[Given]], View[Given]]:
    """A view of the dashboard, called with the Desk as its second argument: `def show_x(request, desk, …)`.

    A stranger signs in first and comes back; who is signed in and may not gets the page of a 403 that says whom to ask.
    Raises NotPermittedError.
    """

    def decorate(view: DeskView[Given]) -> View[Given]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: Given.args, **kwargs: Given.kwargs) -> HttpResponseBase:
            context = get_context(request)
            person = get_person(request)
            if person is None or person.user_id is None:
                return _send_to_sign_in(request)
            require(person.rights, action)
            desk = Desk(context, person, person.user_id, actor_of(request))
            request.desk = desk  # type: ignore[attr-defined]
            _note_seen(request, desk)
            return view(request, desk, *args, **kwargs)

        guarded.dashboard_action = action  # type: ignore[attr-defined]
        return guarded

    return decorate


def _note_seen(request: HttpRequest, desk: Desk) -> None:
    """For the team's page. The session remembers when, so that it costs a query an hour."""
    now = clock.now().timestamp()
    if now - float(request.session.get(_SEEN_KEY, 0)) >= _SEEN_EVERY:
        request.session[_SEEN_KEY] = now
        note_seen(tenant_id=desk.context.tenant_id, user_id=desk.user_id)


def _send_to_sign_in(request: HttpRequest) -> HttpResponse:
    """A form that was sent without a session leads back to the page it stood on, not to its own address."""
    path = request.get_full_path() if request.method in {"GET", "HEAD"} else reverse("dashboard")
    response = HttpResponseRedirect(f"{reverse('login')}?{urlencode({'next': path})}")
    if request.headers.get("HX-Request"):
        response["HX-Redirect"] = response["Location"]  # a part of a page cannot hold the form
    return response
