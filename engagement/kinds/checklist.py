"""The way from a new community to a live one, step by step. What is done is read from facts, not from clicks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from engagement.activity.models import Activity
from engagement.rules.definition import NEVER_EARNING
from tenants.models import GuildLink, Tenant

DONE: Final = "done"
CURRENT: Final = "current"
SKIPPED: Final = "skipped"
TODO: Final = "todo"

# key, title, why, whether it may be skipped
_STEPS: Final = (
    ("bot", "Add the bot", "So that it hears what happens in your Discord server.", True),
    ("template", "Choose a template", "Rules, levels and their names, to begin with and to change.", True),
    ("import", "Bring your levels", "What members have earned with another bot comes along.", True),
    ("test", "Send a test message", "See with your own eyes that something is earned.", True),
    (
        "preview",
        "Look at the preview",
        "What will show in Discord, and how ours compares with the old bot.",
        False,
    ),
    ("live", "Go live", "From then on it is announced, and roles are given.", False),
)


@dataclass(frozen=True, slots=True)
class Step:
    key: str
    title: str
    why: str
    state: str
    may_skip: bool
    number: int


@dataclass(frozen=True, slots=True)
class Checklist:
    steps: list[Step]

    @property
    def current(self) -> Step | None:
        """The next one to be done; None once all are."""
        return next((step for step in self.steps if step.state == CURRENT), None)

    @property
    def done(self) -> int:
        return sum(step.state in {DONE, SKIPPED} for step in self.steps)

    @property
    def percent(self) -> int:
        return round(self.done * 100 / len(self.steps))

    def get(self, key: str) -> Step | None:
        return next((step for step in self.steps if step.key == key), None)

    def after(self, key: str) -> Step | None:
        """The step behind `key`."""
        found = self.get(key)
        return self.steps[found.number] if found and found.number < len(self.steps) else None


@dataclass(frozen=True, slots=True)
class Heard:
    """The newest deed that was heard since the community can hear."""

    activity_id: int
    source_id: str
    type: str
    member_id: int
    occurred_at: datetime


def read_checklist(*, tenant_id: int, has_levels: bool) -> Checklist:
    """Where the tenant in hand stands. `has_levels`: another bot's levels were brought over. Four queries."""
    tenant = Tenant.objects.get(pk=tenant_id)
    link = _find_link(tenant_id)
    setup: dict[str, Any] = tenant.setup
    facts = {
        "bot": link is not None and link.state == GuildLink.State.ACTIVE,
        "template": bool(setup.get("template")),
        "import": has_levels,
        "test": _find_heard(tenant, link) is not None,
        "preview": "preview" in setup.get("seen", []),
        "live": tenant.live,
    }
    needs_bot = tenant.kind == Tenant.Kind.DISCORD
    states = _judge(facts, set(setup.get("skipped", [])), live=tenant.live)
    return Checklist(
        [
            Step(key, title, why, states[key], may_skip and not (key == "bot" and needs_bot), number)
            for number, (key, title, why, may_skip) in enumerate(_STEPS, 1)
        ]
    )


def find_heard(*, tenant_id: int) -> Heard | None:
    """The newest deed since the server was linked, or, where there is none, since the community is there."""
    return _find_heard(Tenant.objects.get(pk=tenant_id), _find_link(tenant_id))


def _judge(facts: dict[str, bool], skipped: set[str], *, live: bool) -> dict[str, str]:
    states = {}
    current_found = False
    for key, *_ in _STEPS:
        if facts[key]:
            states[key] = DONE
        elif key in skipped or live:
            states[key] = SKIPPED
        elif current_found:
            states[key] = TODO
        else:
            states[key], current_found = CURRENT, True
    return states


def _find_link(tenant_id: int) -> GuildLink | None:
    links = GuildLink.objects.filter(tenant_id=tenant_id).exclude(state=GuildLink.State.UNLINKED)
    return links.order_by("-pk").first()


def _find_heard(tenant: Tenant, link: GuildLink | None) -> Heard | None:
    since = link.linked_at if link else tenant.created_at
    newest = Activity.objects.exclude(type__in=NEVER_EARNING).exclude(member_id=0).order_by("-pk")
    found = newest.first()  # by the key, and compared here: the moment of arrival has no index
    if found is None or found.arrived_at < since:
        return None
    return Heard(found.pk, found.source_id, found.type, found.member_id, found.occurred_at)
