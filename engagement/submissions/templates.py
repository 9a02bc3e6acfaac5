"""Ready-made types and the packs that they come in: shown before, installed, taken out again.

What is installed is the community's own from then on. A type is known again by the template that it came from, so that installing
twice adds nothing and a changed one is left as it is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from saas.core import clock
from tenants.context import TenantContext
from tenants.gatekeeping import entitlements_now
from tenants.gates import limit_of

from .errors import PackNotFoundError
from .freezing import TYPES, active_types
from .models import Submission, SubmissionType
from .ready_made import advocacy, content, events, learning
from .ready_made.parts import Pack, Template
from .scoring import most_points
from .shapes import Form, parse_form
from .types import archive_type, create_type, lock_types, restore_type, switch_type

PACKS: Final = (events.PACK, content.PACK, advocacy.PACK, learning.PACK)
TEMPLATES: Final = {template.key: template for pack in PACKS for template in pack.templates}
NEW, THERE, ARCHIVED = "new", "there", "archived"


@dataclass(frozen=True, slots=True)
class TemplatePreview:
    """A template beside what is here. `state`: new, there or archived; `turns_on`: whether it would take submissions at once."""

    template: Template
    form: Form
    most_points: int
    state: str
    turns_on: bool


@dataclass(frozen=True, slots=True)
class PackPreview:
    """What installing would add. `room`: how many more active types the plan lets there be."""

    pack: Pack
    items: list[TemplatePreview]
    room: int

    @property
    def new(self) -> int:
        return sum(item.state != THERE for item in self.items)

    @property
    def is_installed(self) -> bool:
        return self.new == 0


@dataclass(frozen=True, slots=True)
class Removed:
    """What taking a pack out did: unused types are deleted, used ones archived."""

    deleted: int
    archived: int


def list_templates(*, first: bool = False) -> list[Template]:
    """All of them, or the twelve that are offered to everybody first."""
    return [template for template in TEMPLATES.values() if template.first or not first]


def get_pack(key: str) -> Pack:
    """Raises PackNotFoundError."""
    found = next((pack for pack in PACKS if pack.key == key), None)
    if found is None:
        raise PackNotFoundError
    return found


def form_of_template(template: Template) -> Form:
    values = template.values()
    return parse_form(values["fields"], values["rubric"], values["award"])


def list_packs(*, context: TenantContext) -> list[PackPreview]:
    """Every pack as installing it now would go. Three queries."""
    room, states = _room(context), _states()
    return [_preview(pack, room, states) for pack in PACKS]


def preview_pack(*, pack: str, context: TenantContext) -> PackPreview:
    """Changes nothing. Three queries. Raises PackNotFoundError."""
    return _preview(get_pack(pack), _room(context), _states())


@transaction.atomic
def install_pack(
    *, context: TenantContext, pack: str, actor: Actor, keys: Collection[str] | None = None
) -> list[SubmissionType]:
    """Add a pack's types, or of them those named by `keys`. As many as the plan has room for take submissions at once; the others are
    there, switched off.

    Takes the types' lock. Installing again brings back what was archived and adds nothing else. Recorded in the audit log. Raises
    PackNotFoundError, also for a key that the pack does not have; TooManyTypesError.
    """
    found = get_pack(pack)
    known = {template.key for template in found.templates}
    if keys is not None and not set(keys) <= known:
        raise PackNotFoundError
    lock_types()
    made = [
        _install(template, found.key, context, actor)
        for template in found.templates
        if keys is None or template.key in keys
    ]
    changed = [one for one in made if one is not None]
    if changed:
        record_audit(
            actor=actor,
            action="submission_pack.installed",
            target_kind="submission_pack",
            target_id=found.key,
            target_name=found.name,
            after={"kinds": ", ".join(one.name for one in changed)},
        )
    return changed


@transaction.atomic
def install_template(*, context: TenantContext, key: str, actor: Actor) -> SubmissionType:
    """Add one ready-made type, as install_pack; one that is there is answered as it is. Raises PackNotFoundError."""
    if key not in TEMPLATES:
        raise PackNotFoundError
    lock_types()
    pack = next(pack.key for pack in PACKS if any(one.key == key for one in pack.templates))
    return _install(TEMPLATES[key], pack, context, actor) or SubmissionType.objects.get(template=key)


@transaction.atomic
def remove_pack(*, pack: str, actor: Actor) -> Removed:
    """Take a pack's types out: what nobody handed in for is deleted, the rest archived; what waits is still decided.

    Takes the types' lock; removing twice changes nothing. Recorded in the audit log. Raises PackNotFoundError.
    """
    found = get_pack(pack)
    lock_types()
    used = Exists(Submission.objects.filter(type=OuterRef("pk")))
    types = list(
        SubmissionType.objects.filter(pack=found.key).annotate(used=used).select_for_update(no_key=True)
    )
    unused = [one for one in types if not one.used]
    kept = [one for one in types if one.used and one.archived_at is None]
    for one in kept:
        archive_type(type_id=one.pk, actor=actor)
    SubmissionType.objects.filter(pk__in=[one.pk for one in unused]).delete()
    if kept or unused:
        record_audit(
            actor=actor,
            action="submission_pack.removed",
            target_kind="submission_pack",
            target_id=found.key,
            target_name=found.name,
            before={"kinds": ", ".join(one.name for one in (*unused, *kept))},
        )
    return Removed(len(unused), len(kept))


def _install(template: Template, pack: str, context: TenantContext, actor: Actor) -> SubmissionType | None:
    """The type that was added or brought back; None where it was there."""
    there = (
        SubmissionType.objects.filter(template=template.key)
        .order_by(F("archived_at").asc(nulls_first=True), "pk")
        .first()
    )
    has_room = _room(context) > 0
    if there is None:
        taken = SubmissionType.objects.filter(key=template.key).exists()
        return create_type(
            context=context,
            values=template.values(),
            actor=actor,
            active=has_room,
            key="" if taken else template.key,
            template=template.key,
            pack=pack,
        )
    if there.archived_at is None:
        return None
    restored = restore_type(type_id=there.pk, actor=actor)
    return (
        switch_type(context=context, type_id=restored.pk, active=True, actor=actor) if has_room else restored
    )


def _preview(pack: Pack, room: int, states: dict[str, str]) -> PackPreview:
    items = []
    free = room
    for template in pack.templates:
        form, state = form_of_template(template), states.get(template.key, NEW)
        turns_on = state != THERE and free > 0
        free -= turns_on
        items.append(TemplatePreview(template, form, most_points(form), state, turns_on))
    return PackPreview(pack, items, room)


def _room(context: TenantContext) -> int:
    return max(0, limit_of(TYPES, entitlements_now(context), clock.now()) - active_types().count())


def _states() -> dict[str, str]:
    rows = SubmissionType.objects.exclude(template="").values_list("template", "archived_at")
    states: dict[str, str] = {}
    for template, archived_at in rows:
        if states.get(template) != THERE:
            states[template] = THERE if archived_at is None else ARCHIVED
    return states
