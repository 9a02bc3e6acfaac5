"""Message bodies: what Discord refuses, and what a sent body becomes when it is stored."""

from __future__ import annotations

from typing import Any

from ..errors import invalid_form, refused
from ..state.entities import EPHEMERAL
from .call import Call, Upload

COMPONENTS_V2 = 1 << 15
SUPPRESS_NOTIFICATIONS = 1 << 12
SUPPRESS_EMBEDS = 1 << 2
_SETTABLE_FLAGS = EPHEMERAL | COMPONENTS_V2 | SUPPRESS_NOTIFICATIONS | SUPPRESS_EMBEDS
_EMBED_LIMITS = {"title": 256, "description": 4096}
_NEEDS_CUSTOM_ID = {3, 4, 5, 6, 7, 8}


def read_message(
    call: Call, body: dict[str, Any], *, channel_id: int, editing: bool = False
) -> dict[str, Any]:
    """The columns that a body sets. Raises 50006 for an empty message and 50035 for what is out of bounds."""
    fields: dict[str, Any] = {}
    if not editing or "content" in body:
        fields["content"] = str(body.get("content") or "")
        if len(fields["content"]) > 2000:
            raise invalid_form("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
    if not editing or "embeds" in body:
        fields["embeds"] = read_embeds(body.get("embeds") or [])
    if not editing or "components" in body:
        fields["components"] = read_components(body.get("components") or [])
    if not editing or "attachments" in body or call.uploads:
        fields["attachments"] = _read_attachments(call, body, channel_id)
    flags = int(body.get("flags") or 0)
    if not editing or "flags" in body:
        fields["flags"] = flags & _SETTABLE_FLAGS
    if not editing:
        fields["tts"] = bool(body.get("tts"))
        _check_not_empty(body, fields)
    if flags & COMPONENTS_V2 and (fields.get("content") or fields.get("embeds")):
        name = "content" if fields.get("content") else "embeds"
        raise invalid_form(
            name, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
            f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
        )  # fmt: skip
    return fields


def _check_not_empty(body: dict[str, Any], fields: dict[str, Any]) -> None:
    something = fields["content"].strip() or fields["embeds"] or fields["components"] or fields["attachments"]
    if not (something or body.get("sticker_ids") or body.get("poll")):
        raise refused(50006)


def read_embeds(embeds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Check lengths (6,000 characters over all embeds) and fill in the type."""
    if len(embeds) > 10:
        raise invalid_form("embeds", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
    total = 0
    for number, embed in enumerate(embeds):
        for name, most in _EMBED_LIMITS.items():
            _limit(f"embeds.{number}.{name}", embed.get(name), most)
            total += len(embed.get(name) or "")
        rows = embed.get("fields") or []
        if len(rows) > 25:
            raise invalid_form(
                f"embeds.{number}.fields", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length."
            )
        for place, row in enumerate(rows):
            for name, most in (("name", 256), ("value", 1024)):
                path = f"embeds.{number}.fields.{place}.{name}"
                if not str(row.get(name) or "").strip():
                    raise invalid_form(path, "BASE_TYPE_REQUIRED", "This field is required")
                _limit(path, row[name], most)
                total += len(row[name])
        footer, author = (embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")
        _limit(f"embeds.{number}.footer.text", footer, 2048)
        _limit(f"embeds.{number}.author.name", author, 256)
        total += len(footer or "") + len(author or "")
    if total > 6000:
        raise invalid_form("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")
    return [embed | {"type": "rich"} for embed in embeds]


def _limit(path: str, text: object, most: int) -> None:
    if isinstance(text, str) and len(text) > most:
        raise invalid_form(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")


def read_components(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Check counts and custom ids, and number the components as Discord does."""
    seen: set[str] = set()
    count = 0

    def walk(component: dict[str, Any], path: str) -> dict[str, Any]:
        nonlocal count
        count += 1
        row = dict(component)
        row.setdefault("id", count)
        custom_id = row.get("custom_id")
        kind = row.get("type")
        if custom_id is not None:
            _limit(f"{path}.custom_id", custom_id, 100)
            if custom_id in seen:
                raise invalid_form(
                    f"{path}.custom_id",
                    "COMPONENT_CUSTOM_ID_DUPLICATED",
                    "Component custom id cannot be duplicated",
                )
            seen.add(str(custom_id))
        elif kind in _NEEDS_CUSTOM_ID or (kind == 2 and row.get("style") not in (5, 6)):
            raise invalid_form(f"{path}.custom_id", "BASE_TYPE_REQUIRED", "This field is required")
        if kind == 2:
            _limit(f"{path}.label", row.get("label"), 80)
        if kind == 3 and not 1 <= len(row.get("options") or []) <= 25:
            raise invalid_form(
                f"{path}.options", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length."
            )
        children = row.get("components")
        if isinstance(children, list):
            most = 5 if kind == 1 else 40
            if not 1 <= len(children) <= most:
                raise invalid_form(
                    f"{path}.components", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {most} in length."
                )
            row["components"] = [walk(child, f"{path}.components.{n}") for n, child in enumerate(children)]
        for single in ("accessory", "component"):
            if isinstance(row.get(single), dict):
                row[single] = walk(row[single], f"{path}.{single}")
        return row

    result = [walk(component, f"components.{number}") for number, component in enumerate(components)]
    if count > 45 or len(components) > 40:
        raise invalid_form("components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 40 in length.")
    return result


def _read_attachments(call: Call, body: dict[str, Any], channel_id: int) -> list[dict[str, Any]]:
    described = {str(row.get("id")): row for row in body.get("attachments") or []}
    kept = []
    for identifier, row in described.items():
        stored = call.discord.files.find(channel_id, identifier)
        if stored is not None:
            kept.append(stored | {k: row[k] for k in ("description",) if k in row})
    kept += [
        _store_upload(call, upload, described.get(str(upload.index), {}), channel_id)
        for upload in call.uploads
    ]
    return kept


def _store_upload(call: Call, upload: Upload, described: dict[str, Any], channel_id: int) -> dict[str, Any]:
    return call.discord.files.store(
        channel_id,
        call.world.ids.make(),
        filename=str(described.get("filename") or upload.filename),
        description=described.get("description"),
        content_type=upload.content_type,
        data=upload.data,
    )
