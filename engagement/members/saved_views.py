"""Saved views: a list's address under a name, a person's own or the whole team's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

from django.db import transaction
from django.db.models import Q

from engagement.audit.actor import Actor
from engagement.audit.services import record_audit

from .errors import InvalidViewError, ViewNotFoundError
from .models import SavedView

MAX_VIEWS: Final = 50  # a person and list, and as many shared ones
MAX_QUERY: Final = 2_000
_MAX_NAME: Final = 60
_PLACES: Final = frozenset({"after", "before"})


@dataclass(frozen=True, slots=True)
class SavedViewLine:
    """`query` is what stands behind the question mark. `own`: this person saved it, so that only they may remove it."""

    view_id: int
    name: str
    query: str
    shared: bool
    own: bool


def list_saved_views(*, list_key: str, user_id: int) -> list[SavedViewLine]:
    """The team's and this person's own views of a list, by name. One query."""
    rows = SavedView.objects.filter(Q(shared=True) | Q(user_id=user_id), list_key=list_key)
    return [
        SavedViewLine(row.pk, row.name, row.query, row.shared, row.user_id == user_id)
        for row in rows.order_by("name", "pk")[: MAX_VIEWS * 2]
    ]


def save_view(*, list_key: str, name: str, query: str, shared: bool, user_id: int, actor: Actor) -> SavedView:
    """Keep a list's address under a name; the same person's view of that name takes the new address. Idempotent.

    Raises InvalidViewError.
    """
    name = " ".join(name.split())
    if not name or len(name) > _MAX_NAME or not name.isprintable():
        raise InvalidViewError(
            f"Give the view a name of 1 to {_MAX_NAME} printable characters.", field="name"
        )
    query = urlencode([pair for pair in parse_qsl(query.replace("\x00", "")) if pair[0] not in _PLACES])
    if len(query) > MAX_QUERY:
        raise InvalidViewError("So many filters do not fit into one view. Remove some and save it again.")
    with transaction.atomic():
        mine = SavedView.objects.filter(list_key=list_key, user_id=user_id)
        if mine.exclude(name=name).count() >= MAX_VIEWS:
            raise InvalidViewError(
                f"You have {MAX_VIEWS} views of this list. Remove one before you save another."
            )
        view, _made = SavedView.objects.update_or_create(
            list_key=list_key, user_id=user_id, name=name, defaults={"query": query, "shared": shared}
        )
        if shared:
            _record(actor, "view.saved", view)
    return view


def remove_view(*, view_id: int, user_id: int, remove_shared: bool, actor: Actor) -> str:
    """Forget a view and answer its name. Somebody else's shared one only with `remove_shared`. Raises ViewNotFoundError."""
    views = SavedView.objects.filter(pk=view_id)
    mine = (
        views.filter(Q(user_id=user_id) | Q(shared=True)) if remove_shared else views.filter(user_id=user_id)
    )
    found = mine.first()
    if found is None:
        raise ViewNotFoundError("There is no such view, or it is somebody else's. Nothing was removed.")
    with transaction.atomic():
        if found.shared:
            _record(actor, "view.deleted", found)
        found.delete()
    return found.name


def _record(actor: Actor, action: str, view: SavedView) -> None:
    """Of shared views alone: one's own are nobody else's business."""
    record_audit(
        actor=actor,
        action=action,
        target_kind="view",
        target_id=view.pk,
        target_name=view.name,
        after={"list": view.list_key, "query": view.query},
    )
