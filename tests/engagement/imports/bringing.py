"""Runs as tests need them: made, read and worked on without a worker."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from engagement.audit.actor import Actor
from engagement.imports.applying import work_on_import
from engagement.imports.models import ImportRun
from engagement.imports.services import (
    apply_import,
    create_import,
    read_import,
    set_options,
    undo_import,
    upload_file,
)
from engagement.members.models import Identity
from tenants.context import TenantContext

ACTOR = Actor("user", 7, "Ada Wren")
FIRST = 800_000_000_000_000_000


def discord_id(user: int) -> str:
    return str(FIRST + user)


def mee6_file(xp: Mapping[int, int], **more: Any) -> bytes:
    players = [
        {"id": discord_id(user), "username": f"Person {user}", "xp": amount} for user, amount in xp.items()
    ]
    return json.dumps({"players": players, **more}).encode()


def read_run(data: bytes, *, source: str = "mee6", guild_id: int | None = None, **options: str) -> ImportRun:
    """A run whose file was read; with `keep` and `existing` chosen where given."""
    run = create_import(source=source, actor=ACTOR)
    upload_file(import_id=run.pk, file_name="levels.json", pieces=[data])
    read_import(import_id=run.pk, guild_id=guild_id)
    if options:
        set_options(import_id=run.pk, **options)
    run.refresh_from_db()
    return run


def applied_run(context: TenantContext, data: bytes, **options: str) -> ImportRun:
    run = read_run(data, **options)
    apply_import(import_id=run.pk, actor=ACTOR, context=context)
    work_on_import(import_id=run.pk, context=context)
    run.refresh_from_db()
    return run


def undo_run(context: TenantContext, run: ImportRun) -> None:
    undo_import(import_id=run.pk, actor=ACTOR, context=context)
    work_on_import(import_id=run.pk, context=context)
    run.refresh_from_db()


def member_of(user: int) -> int:
    return Identity.objects.get(external_id=discord_id(user)).member_id
