"""Member types: the community's own short list of kinds of members."""

from __future__ import annotations

from typing import Final

from django.db import transaction

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit
from engagement.ledger.statements import ledger_unit

from .errors import InvalidTypeError
from .models import MemberType

MAX_TYPES: Final = 20
_MAX_NAME: Final = 40


def set_member_types(*, names: list[str], actor: Actor) -> list[MemberType]:
    """Make the list these names, in this spelling. One that is missing goes, and who had it has none. Idempotent.

    Raises InvalidTypeError.
    """
    wanted = list(dict.fromkeys(" ".join(name.split()) for name in names if name.strip()))
    if len(wanted) > MAX_TYPES:
        raise InvalidTypeError(f"At most {MAX_TYPES} types; {len(wanted)} were named.", field="names")
    for name in wanted:
        if len(name) > _MAX_NAME or not name.isprintable():
            raise InvalidTypeError(
                f"{name!r:.50} does not fit: a type has 1 to {_MAX_NAME} printable characters.", field="names"
            )
    if len({name.casefold() for name in wanted}) < len(wanted):
        raise InvalidTypeError(
            "Two of these types are the same but for capitals. Name each once.", field="names"
        )
    with transaction.atomic():
        before = sorted(MemberType.objects.select_for_update().values_list("name", flat=True))
        if before != sorted(wanted):
            gone = MemberType.objects.exclude(name__in=wanted)
            if gone.exists():
                with ledger_unit():  # members lose it, and ingest remembers members
                    gone.delete()
            MemberType.objects.bulk_create([MemberType(name=name) for name in wanted if name not in before])
            record_audit(
                actor=actor,
                action="member.types_changed",
                target_kind="settings",
                target_id="member_types",
                target_name="member types",
                before={"types": before},
                after={"types": sorted(wanted)},
            )
    return list(MemberType.objects.order_by("name"))
