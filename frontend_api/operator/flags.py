"""Feature flags: how far each is rolled out, and changing that."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from billing.plans import PLANS
from engagement.audit.services import record_audit
from frontend_api.dashboard.notices import go_to
from saas.core.errors import ConflictError, InvalidInputError
from tenants.context import TenantContext, enter_tenant
from tenants.flagging import FlagState, change_flag, get_flag, list_flags
from tenants.flags import Rollout, has_it
from tenants.models import Tenant, User
from tenants.routing import get_routing

from .access import actor_of_operator, note_in_journal, operator_page
from .nav import show

LINES: Final = 500


@require_safe
@operator_page
def show_flags(request: HttpRequest, operator: User) -> HttpResponse:
    """Every flag that this release declares."""
    return show(request, "flags.html", {"flags": list_flags()})


@require_http_methods(["GET", "HEAD", "POST"])
@operator_page
def show_flag(request: HttpRequest, operator: User, name: str) -> HttpResponse:
    """One flag: what it is for, who has it, who changed it, and its setting as a form."""
    state = get_flag(name=name)
    problem, sent = "", state.rollout
    names = {field: _slugs(getattr(sent, field)) for field in ("always", "never")}
    status = 200
    if request.method == "POST":
        names = {field: request.POST.get(field, "")[:50_000] for field in names}
        try:
            sent = _read(request, sent, names)
            _save(request, operator, state, sent)
            words = get_flag(name=name).rollout.words
            return go_to(request, reverse("ops-flag", args=[name]), f"{name} is {words}.")
        except (InvalidInputError, ConflictError) as error:
            problem, status = error.message, error.http_status
    facts: dict[str, Any] = {
        "state": state,
        "flag": state.flag,
        "rollout": sent,
        "names": names,
        "problem": problem,
        "kinds": [(value, label, value in sent.kinds) for value, label in Tenant.Kind.choices],
        "plans": [(plan.key, plan.name, plan.key in sent.plans) for plan in PLANS.values()],
        "history": [] if state.setting is None else [_dated(line) for line in state.setting.history],
    }
    return show(request, "flag.html", facts | _count(name, state.rollout), status=status)


def _dated(line: dict[str, Any]) -> dict[str, Any]:
    return {**line, "at": datetime.fromisoformat(line["at"])}


def _count(name: str, rollout: Rollout) -> dict[str, int]:
    """How many of the communities that are open have it now. Asks memory."""
    contexts = get_routing().contexts()
    return {"have": sum(has_it(name, rollout, context) for context in contexts), "of": len(contexts)}


def _read(request: HttpRequest, before: Rollout, names: dict[str, str]) -> Rollout:
    """Raises InvalidInputError for a community that is not there."""
    percentage = request.POST.get("percentage", "").strip()
    if not (percentage.isascii() and percentage.isdecimal() and len(percentage) < 4):
        raise InvalidInputError("Choose a percentage from 0 to 100.", field="percentage")
    plans = frozenset(request.POST.getlist("plans"))
    unknown = sorted(plans - PLANS.keys())
    if unknown:
        raise InvalidInputError(f"There is no plan “{unknown[0][:40]}”.", field="plans")
    return Rollout(
        enabled=request.POST.get("enabled") == "1",
        percentage=int(percentage),
        kinds=frozenset(request.POST.getlist("kinds")),
        plans=plans,
        always=_find(names["always"]),
        never=_find(names["never"]),
    )


def _find(text: str) -> frozenset[int]:
    """Communities by their addresses, one a line or parted by commas. Raises InvalidInputError."""
    slugs = {slug.lower() for slug in text.replace(",", " ").split()}
    if len(slugs) > LINES:
        raise InvalidInputError(f"At most {LINES} communities are named one by one.")
    found = dict(Tenant.objects.filter(slug__in=slugs).values_list("slug", "pk"))
    missing = sorted(slugs - found.keys())
    if missing:
        raise InvalidInputError(
            f"No community has the address “{missing[0][:60]}”. Write the first part of it alone."
        )
    return frozenset(found.values())


def _slugs(ids: Iterable[int]) -> str:
    return "\n".join(Tenant.objects.filter(pk__in=list(ids)).order_by("slug").values_list("slug", flat=True))


def _save(request: HttpRequest, operator: User, state: FlagState, wanted: Rollout) -> None:
    """With a line in the journal, and one in the log of each community that was named or is no longer."""
    sent = request.POST.get("version", "")
    version = int(sent) if sent.isdecimal() and len(sent) < 10 else -1
    before = state.rollout
    with transaction.atomic():
        after = change_flag(name=state.flag.name, rollout=wanted, by=str(operator), version=version)
        if after.version == state.version:
            return
        note_in_journal(operator, what="flag.changed", name=f"{state.flag.name}: {wanted.words}")
        touched = (before.always ^ wanted.always) | (before.never ^ wanted.never)
        for tenant in Tenant.objects.filter(pk__in=touched).exclude(state=Tenant.State.PROVISIONING):
            with enter_tenant(TenantContext.of(tenant)):
                record_audit(
                    actor=actor_of_operator(request, operator), action="flag.changed", target_kind="flag",
                    target_id=state.flag.name, target_name=state.flag.name,
                    before={"by name": _named(before, tenant.pk)}, after={"by name": _named(wanted, tenant.pk)},
                )  # fmt: skip


def _named(rollout: Rollout, tenant_id: int) -> str:
    return "on" if tenant_id in rollout.always else "off" if tenant_id in rollout.never else "as others"
