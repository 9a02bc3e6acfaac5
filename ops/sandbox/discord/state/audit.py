"""The audit log: who changed what, with the reason that came in X-Audit-Log-Reason. The newest 1,000 are kept."""

from __future__ import annotations

from typing import Any

from .entities import AuditEntry, Guild
from .payloads import Payload
from .world import Happening, World

GUILD_UPDATE = 1
CHANNEL_CREATE, CHANNEL_UPDATE, CHANNEL_DELETE = 10, 11, 12
OVERWRITE_CREATE, OVERWRITE_UPDATE, OVERWRITE_DELETE = 13, 14, 15
MEMBER_KICK, MEMBER_PRUNE, MEMBER_BAN_ADD, MEMBER_BAN_REMOVE = 20, 21, 22, 23
MEMBER_UPDATE, MEMBER_ROLE_UPDATE, BOT_ADD = 24, 25, 28
ROLE_CREATE, ROLE_UPDATE, ROLE_DELETE = 30, 31, 32
WEBHOOK_CREATE, WEBHOOK_DELETE = 50, 52
MESSAGE_DELETE, MESSAGE_BULK_DELETE, MESSAGE_PIN, MESSAGE_UNPIN = 72, 73, 74, 75
THREAD_CREATE, THREAD_UPDATE, THREAD_DELETE = 110, 111, 112
AUTOMOD_BLOCK = 143
KEPT = 1000


def record_audit(
    world: World,
    guild: Guild,
    action: int,
    *,
    user_id: int | None,
    target_id: int | None = None,
    reason: str | None = None,
    changes: list[dict[str, Any]] | None = None,
    options: dict[str, Any] | None = None,
) -> AuditEntry:
    """Append one entry and emit GUILD_AUDIT_LOG_ENTRY_CREATE."""
    entry = AuditEntry(
        world.ids.make(), action, user_id, target_id, reason, [c for c in changes or [] if c], options
    )
    guild.audit.append(entry)
    del guild.audit[:-KEPT]
    data = audit_payload(entry) | {"guild_id": str(guild.id)}
    world.emit(Happening("GUILD_AUDIT_LOG_ENTRY_CREATE", data, guild_id=guild.id))
    return entry


def audit_payload(entry: AuditEntry) -> Payload:
    payload: Payload = {
        "id": str(entry.id),
        "action_type": entry.action,
        "user_id": None if entry.user_id is None else str(entry.user_id),
        "target_id": None if entry.target_id is None else str(entry.target_id),
    }
    if entry.reason:
        payload["reason"] = entry.reason
    if entry.changes:
        payload["changes"] = entry.changes
    if entry.options:
        payload["options"] = entry.options
    return payload


def changed(key: str, old: Any, new: Any) -> dict[str, Any]:
    """One line of an entry's changes; empty when nothing changed."""
    return {} if old == new else {"key": key, "old_value": old, "new_value": new}
